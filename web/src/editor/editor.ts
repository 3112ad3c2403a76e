import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, undo } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, StateEffect, StateField, type ChangeSpec, type Extension } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers,
  placeholder, type DecorationSet } from "@codemirror/view";
import type { Fix, Range } from "plimsoll";
import type { Engine } from "../engine/client";
import { byteAt, spanOf } from "../positions";
import { isWithheld, type Project, type ProjectFile } from "../project";
import { knowledge } from "./knowledge";
import { theme } from "./theme";

/** Highlights the lines that a click led to, until the next change or click. */
const flash = StateEffect.define<DecorationSet>();
const flashField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(flash)) return effect.value;
    return transaction.docChanged ? Decoration.none : value;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const EMPTY = placeholder("Paste a compose.yaml or Kubernetes manifests here, or drop files anywhere.");
/** A file without a text to edit, and why. */
const closed = (why: string): Extension => [EditorState.readOnly.of(true), EditorView.editable.of(false), placeholder(why)];
const PACKED = closed("A packed chart. The engine reads what is in it.");
const WITHHELD = closed("This file may hold credentials, so it was not read. The engine only knows that it is there.");

/** What the editor asks of the page. */
interface Hooks {
  /** A text is pasted in the place of a whole file. Returns whether the page has taken it. */
  pasteWhole(file: ProjectFile, text: string): boolean;
  /** The caret is in another line. */
  caret(path: string, line: number): void;
  /** A place is to be shown. */
  reveal(path: string, range: Range): void;
  /** Renders what the engine knows of a place. */
  rendered(markdown: string): HTMLElement;
}

/** One editor view, and one editor state for each file, so that every tab keeps its own undo history. */
export class Editor {
  readonly view: EditorView;
  #states = new Map<number, EditorState>();
  #shown: ProjectFile | undefined;
  #extensions: Extension[];
  /** Set while the editor takes over a text from the project, which knows it already. */
  #following = false;

  constructor(parent: HTMLElement, private readonly project: Project, private readonly hooks: Hooks, engine: Engine) {
    this.#extensions = [
      EditorView.cspNonce.of("editor"),
      lineNumbers(), lintGutter(), history(), drawSelection(), bracketMatching(), closeBrackets(),
      highlightActiveLine(), highlightActiveLineGutter(), highlightSelectionMatches(), search({ top: true }),
      // Tab is not bound, so that it leaves the editor as it leaves every other control.
      keymap.of([...closeBracketsKeymap, ...lintKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap]),
      yaml(), indentUnit.of("  "), theme, flashField,
      knowledge({
        engine, place: (at) => this.#place(at), reveal: ({ path, range }) => hooks.reveal(path, range), rendered: hooks.rendered,
      }),
      EditorView.contentAttributes.of({ tabindex: "0", spellcheck: "false", autocorrect: "off", autocapitalize: "off" }),
      EditorView.domEventHandlers({ paste: (event, view) => this.#paste(event, view) }),
      EditorView.updateListener.of((update) => {
        const file = this.#shown;
        if (!file) return;
        if (update.docChanged && !this.#following) this.project.edit(file, update.state.doc.toString());
        if (update.selectionSet) this.hooks.caret(file.path, update.state.doc.lineAt(update.state.selection.main.head).number);
      }),
    ];
    this.view = new EditorView({ parent, state: EditorState.create({ extensions: this.#extensions }) });
    project.onChange((change) => {
      if (change !== "text") this.#follow();
    });
  }

  #paste(event: ClipboardEvent, view: EditorView): boolean {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const { main } = view.state.selection;
    const whole = main.from === 0 && main.to === view.state.doc.length;
    if (!whole || !text.trim() || !this.#shown || !this.hooks.pasteWhole(this.#shown, text)) return false;
    event.preventDefault();
    return true;
  }

  /** Returns where the engine has an offset of the file that is shown. */
  #place(at: number): [path: string, byte: number] | undefined {
    const path = this.#shown?.path;
    const content = this.project.contents().find((it) => it.path === path);
    return content && [content.path, byteAt(content.text, this.view.state.doc, at)];
  }

  /** Shows the project's active file, takes over texts that changed elsewhere, and forgets files that are gone. */
  #follow(): void {
    const { active, files } = this.project;
    this.#following = true;
    for (const id of this.#states.keys()) if (!this.project.knows(id)) this.#states.delete(id);
    if (active && active !== this.#shown) {
      if (this.#shown) this.#states.set(this.#shown.id, this.view.state);
      this.#shown = undefined;
      this.view.setState(this.#stateOf(active));
      this.#shown = active;
      this.#states.delete(active.id);
    }
    for (const file of files) {
      const state = this.#states.get(file.id);
      const changes = state && difference(state.doc.toString(), file.text);
      if (changes) this.#states.set(file.id, state.update({ changes, userEvent: "input.fix" }).state);
    }
    const changes = active && difference(this.view.state.doc.toString(), active.text);
    // A rename changes the label, which is read anew with every update, so there is always one.
    this.view.dispatch(changes ? { changes, userEvent: "input.fix" } : {});
    this.#following = false;
  }

  #stateOf(file: ProjectFile): EditorState {
    return this.#states.get(file.id) ?? EditorState.create({
      doc: file.text,
      extensions: [
        isWithheld(file) ? WITHHELD : file.bytes ? PACKED : EMPTY,
        this.#extensions,
        EditorView.contentAttributes.of(() => ({ "aria-label": `Text of ${this.project.files.find((it) => it.id === file.id)?.path ?? file.path}` })),
      ],
    });
  }

  /** Returns the editor's document of a file, whether it is shown or not. */
  docOf(file: ProjectFile) {
    return file === this.#shown ? this.view.state.doc : this.#stateOf(file).doc;
  }

  /** Underlines what was found in the file that is shown. */
  underline(diagnostics: Diagnostic[]): void {
    this.view.dispatch(setDiagnostics(this.view.state, diagnostics));
  }

  /** Reveals a place: opens its file, highlights its lines and selects its range. */
  reveal(path: string, range: Range): void {
    const file = this.project.find(path);
    if (!file) return;
    this.project.show(file);
    const { doc } = this.view.state;
    const { from, to } = spanOf(doc, range);
    const lines = [];
    const last = Math.min(doc.lineAt(to).number, doc.lineAt(from).number + 40);
    for (let line = doc.lineAt(from).number; line <= last; line += 1) {
      lines.push(Decoration.line({ class: "cm-flash" }).range(doc.line(line).from));
    }
    this.view.dispatch({
      selection: { anchor: from, head: Math.min(to, doc.lineAt(from).to) },
      effects: [EditorView.scrollIntoView(from, { y: "center" }), flash.of(Decoration.set(lines))],
    });
    this.view.focus();
  }

  /** Applies the edits of a fix to every file involved. A fix in one file is undone in the editor, others by the project. */
  apply(fix: Fix): void {
    const paths = [...new Set(fix.edits.map((it) => it.path))];
    const changesOf = (file: ProjectFile): ChangeSpec[] => {
      const doc = this.docOf(file);
      return fix.edits.filter((it) => it.path === file.path).map((it) => ({ ...spanOf(doc, it.range), insert: it.text }));
    };
    const touched = paths.map((it) => this.project.find(it)).filter((it) => it !== undefined);
    const [only] = touched;
    if (touched.length === 1 && only) {
      this.project.show(only);
      this.view.dispatch({ changes: changesOf(only), userEvent: "input.fix", scrollIntoView: true });
    } else {
      const fixed = touched.map((it) => ({ path: it.path, text: this.docOf(it).toString(), changes: changesOf(it) }));
      this.project.rewrite(fixed.map(({ path, text, changes }) =>
        ({ path, text: EditorState.create({ doc: text }).update({ changes }).state.doc.toString() })), fix.title);
    }
    const first = fix.edits[0];
    if (first) this.reveal(first.path, { start: first.range.start, end: first.range.start });
  }

  /** Inserts a comment on a line of its own above a line, indented as that line is. */
  insertAbove(path: string, line: number, comment: string): void {
    const file = this.project.find(path);
    if (!file) return;
    this.project.show(file);
    const { doc } = this.view.state;
    const below = doc.line(Math.min(Math.max(line, 1), doc.lines));
    const indent = /^[ \t]*/.exec(below.text)?.[0] ?? "";
    this.view.dispatch({ changes: { from: below.from, insert: `${indent}${comment}\n` }, userEvent: "input.fix", scrollIntoView: true });
  }

  /** Takes back the last change in the file that is shown. */
  undo(): void {
    undo(this.view);
  }
}

/** Returns the one change that turns a text into another; `undefined` when they are equal. */
function difference(before: string, after: string): { from: number; to: number; insert: string } | undefined {
  if (before === after) return undefined;
  let from = 0;
  const shorter = Math.min(before.length, after.length);
  while (from < shorter && before[from] === after[from]) from += 1;
  let tail = 0;
  while (tail < shorter - from && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  return { from, to: before.length - tail, insert: after.slice(from, after.length - tail) };
}
