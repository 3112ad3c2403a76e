import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, StateEffect, StateField, type ChangeSpec, type Extension } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers,
  placeholder, type DecorationSet } from "@codemirror/view";
import type { Fix, Range } from "plimsoll";
import { spanOf } from "../positions";
import type { Project, ProjectFile } from "../project";
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

/** One editor view, and one editor state for each file, so that every tab keeps its own undo history. */
export class Editor {
  readonly view: EditorView;
  #states = new Map<number, EditorState>();
  #shown: ProjectFile | undefined;
  #extensions: Extension[];

  constructor(parent: HTMLElement, private readonly project: Project, private readonly onPaste: (text: string) => void) {
    this.#extensions = [
      EditorView.cspNonce.of("editor"),
      lineNumbers(), lintGutter(), history(), drawSelection(), bracketMatching(), closeBrackets(),
      highlightActiveLine(), highlightActiveLineGutter(), highlightSelectionMatches(), search({ top: true }),
      // Tab is not bound, so that it leaves the editor as it leaves every other control.
      keymap.of([...closeBracketsKeymap, ...lintKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap]),
      yaml(), indentUnit.of("  "), theme, flashField,
      placeholder("Paste a compose.yaml or Kubernetes manifests here, or drop files anywhere."),
      EditorView.contentAttributes.of({ tabindex: "0", spellcheck: "false", autocorrect: "off", autocapitalize: "off" }),
      EditorView.updateListener.of((update) => {
        if (!update.docChanged || !this.#shown) return;
        this.project.edit(this.#shown, update.state.doc.toString());
        const pasted = update.transactions.some((it) => it.isUserEvent("input.paste"));
        if (pasted && !update.startState.doc.length) this.onPaste(this.#shown.text);
      }),
    ];
    this.view = new EditorView({ parent, state: EditorState.create({ extensions: this.#extensions }) });
    project.onChange((change) => {
      if (change !== "text") this.#follow();
    });
  }

  /** Shows the project's active file and forgets files that are gone. */
  #follow(): void {
    const { active, files } = this.project;
    for (const id of this.#states.keys()) if (!files.some((it) => it.id === id)) this.#states.delete(id);
    if (active && active !== this.#shown) {
      if (this.#shown && files.includes(this.#shown)) this.#states.set(this.#shown.id, this.view.state);
      this.#shown = undefined;
      this.view.setState(this.#stateOf(active));
      this.#shown = active;
    }
    // A rename changes the label, which is read anew with every update.
    this.view.dispatch({});
  }

  #stateOf(file: ProjectFile): EditorState {
    return this.#states.get(file.id) ?? EditorState.create({
      doc: file.text,
      extensions: [this.#extensions, EditorView.contentAttributes.of(() => ({ "aria-label": `Text of ${file.path}` }))],
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
    this.view.dom.scrollIntoView({ block: "nearest" });
  }

  /** Applies the edits of a fix to every file involved. Each file can undo its part. */
  apply(fix: Fix): void {
    const first = fix.edits[0];
    for (const path of new Set(fix.edits.map((it) => it.path))) {
      const file = this.project.find(path);
      if (!file) continue;
      const doc = this.docOf(file);
      const changes: ChangeSpec[] = fix.edits
        .filter((it) => it.path === path)
        .map((it) => ({ ...spanOf(doc, it.range), insert: it.text }));
      if (file === this.#shown) {
        this.view.dispatch({ changes, userEvent: "input.fix", scrollIntoView: true });
      } else {
        const state = this.#stateOf(file).update({ changes, userEvent: "input.fix" }).state;
        this.#states.set(file.id, state);
        this.project.edit(file, state.doc.toString());
      }
    }
    if (first) this.reveal(first.path, { start: first.range.start, end: first.range.start });
  }
}
