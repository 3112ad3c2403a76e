/** A file of the project. Its `id` survives a rename and an undone closing. */
export interface ProjectFile {
  readonly id: number;
  path: string;
  /** The text with line feeds alone, as the editor has it; empty for a packed file. */
  text: string;
  /** Content of a packed file, which is handed to the engine as it is; empty for a file that is withheld. */
  readonly bytes?: Uint8Array | undefined;
  /** The text as it was brought, where its lines end in another way. */
  brought?: Brought | undefined;
}

/** A file as it is brought, kept and handed on: with its own line ends. */
export interface Content {
  path: string;
  text: string;
  bytes?: Uint8Array | undefined;
}

/** A text with carriage returns, and what the editor makes of it. */
interface Brought {
  raw: string;
  text: string;
  /** Whether all of its lines end with a carriage return and a line feed, so that a changed text is written that way. */
  isDos: boolean;
}

/** `files`: names, number or answers; `text`: the shown or a fixed file's text; `active`: which is shown. */
export type Change = "files" | "text" | "active";

/** The project as it was before a step that can be undone, or undone again. */
interface Snapshot {
  label: string;
  /** Files that the step changed or closed; taking it back leaves the others as they are by then. */
  touched: ReadonlySet<number> | "all";
  files: ProjectFile[];
  active: number | undefined;
  answers: Record<string, string>;
  example: Example | undefined;
  isBorrowed: boolean;
  id: string;
}

/** An example with its original texts, by which the project notices whether somebody has touched it. */
interface Example {
  name: string;
  texts: Map<string, string>;
}

export interface ReplaceOptions {
  answers?: Record<string, string>;
  /** Name of the example that the contents are. */
  example?: string | undefined;
  /** Whether the contents can be had again from where they came: an example, a link, or another tab. */
  isBorrowed?: boolean;
  /** Name of a project that was here before; without it the project is a new one. */
  id?: string | undefined;
  /** Description of the step for `undo`; without it the step cannot be undone. */
  label?: string;
}

/** Maximum number of steps that can be undone. */
const STEPS = 20;

/** The files of the project, the one that is shown, and the listeners for changes. */
export class Project {
  files: ProjectFile[] = [];
  active: ProjectFile | undefined;
  /** Answers to the questions of the decision. */
  answers: Record<string, string> = {};
  /** Number of changes so far; an analysis of another version is out of date. */
  version = 0;
  /** Names the project in the history of the tab and in the browser's database. Another project has another name. */
  id = newName();
  /** Whether nobody has changed what an example, a link or another tab brought, so that it need not be kept. */
  isBorrowed = false;
  #nextId = 1;
  #listeners: ((change: Change) => void)[] = [];
  #leaving: (() => void)[] = [];
  #byPath = new Map<string, ProjectFile>();
  #past: Snapshot[] = [];
  #future: Snapshot[] = [];
  #example: Example | undefined;

  onChange(listener: (change: Change) => void): void {
    this.#listeners.push(listener);
  }

  /** The listener is called before another project takes the place of this one. */
  onLeave(listener: () => void): void {
    this.#leaving.push(listener);
  }

  /** Replaces the whole project. */
  replace(contents: Content[], { answers = {}, example, isBorrowed = false, id, label }: ReplaceOptions = {}): void {
    for (const listener of this.#leaving) listener();
    if (label) this.#remember(label, "all");
    this.files = [];
    this.#byPath.clear();
    this.answers = answers;
    this.#appendAll(contents);
    this.active = this.files[0];
    this.#example = example ? { name: example, texts: new Map(this.files.map((it) => [it.path, it.text])) } : undefined;
    this.id = id ?? newName();
    this.#changed("files", isBorrowed);
  }

  /** Adds files and shows the first of them. A file with the same path is replaced, or kept beside the new one. */
  add(contents: Content[], clash: "replace" | "both" = "both"): void {
    if (clash === "both") {
      const added = this.#appendAll(contents);
      this.active = added[0] ?? this.active;
      return this.#changed("files");
    }
    const touched = this.#idsOf(contents);
    this.#remember("files replaced", touched);
    let first: ProjectFile | undefined;
    for (const content of contents) {
      const old = this.find(tidy(content.path));
      if (old) Object.assign(old, { bytes: content.bytes, brought: undefined }, withLineFeeds(content.text));
      const file = old ?? this.#appendAll([content])[0];
      if (file) touched.add(file.id);
      first ??= file;
    }
    this.active = first ?? this.active;
    this.#changed("files");
  }

  /** Replaces the texts of several files as one step that can be undone. Their lines end as before. */
  rewrite(contents: Content[], label: string): void {
    this.#remember(label, this.#idsOf(contents));
    for (const { path, text } of contents) {
      const file = this.find(path);
      if (file) file.text = withLineFeeds(text).text;
    }
    this.#changed("files");
  }

  /** Gives a file another path, with a number in it where another file has that path already. */
  rename(file: ProjectFile, wanted: string): void {
    const path = tidy(wanted);
    if (!path || path === file.path) return;
    this.#byPath.delete(file.path);
    file.path = this.#free(path, new Map());
    this.#byPath.set(file.path, file);
    this.#changed("files");
  }

  close(file: ProjectFile): void {
    const index = this.files.indexOf(file);
    if (index < 0) return;
    this.#remember(`${file.path} closed`, new Set([file.id]));
    this.files.splice(index, 1);
    this.#byPath.delete(file.path);
    if (!this.files.length) this.#appendAll([{ path: "compose.yaml", text: "" }]);
    if (this.active === file) this.active = this.files[Math.min(index, this.files.length - 1)];
    this.#changed("files");
  }

  edit(file: ProjectFile, text: string): void {
    file.text = text;
    this.#changed("text");
  }

  answer(key: string, value: string): void {
    const { [key]: _, ...others } = this.answers;
    this.answers = value ? { ...others, [key]: value } : others;
    this.#changed("files");
  }

  show(file: ProjectFile): void {
    if (this.active === file) return;
    this.active = file;
    this.#changed("active");
  }

  find(path: string): ProjectFile | undefined {
    return this.#byPath.get(path);
  }

  contents(): Content[] {
    return this.files.map(({ path, text, bytes, brought }) => ({ path, text: written(text, brought), ...(bytes ? { bytes } : {}) }));
  }

  /**
   * Name of the example that the project still is, word for word, but for files that were added and are empty. One
   * file may be left out of the comparison.
   */
  untouchedExample(except?: ProjectFile): string | undefined {
    if (!this.#example) return undefined;
    const { texts, name } = this.#example;
    const own = this.files.filter((it) => texts.has(it.path) || (it.text.trim() && it !== except));
    return own.length === texts.size && own.every((it) => it === except || texts.get(it.path) === it.text) ? name : undefined;
  }

  /** Whether the project began as an example, touched or not. */
  get wasExample(): boolean {
    return this.#example !== undefined;
  }

  /** Whether nobody has put anything of their own into the project. */
  isEmpty(): boolean {
    return this.files.every((it) => !it.text.trim() && !it.bytes);
  }

  /** Description of the step that `undo` takes back; `undefined` when there is none. */
  get undoable(): string | undefined {
    return this.#past.at(-1)?.label;
  }

  /** Description of the step that `redo` does again; `undefined` when there is none. */
  get redoable(): string | undefined {
    return this.#future.at(-1)?.label;
  }

  /** Takes back the last step that replaced, closed or rewrote files, and nothing that was done to other files since. */
  undo(): void {
    this.#restore(this.#past, this.#future);
  }

  /** Returns to the files as they were when the last step was taken back. */
  redo(): void {
    this.#restore(this.#future, this.#past);
  }

  /** Restores the last state of one list of steps, and puts the present one, with all that was typed, into the other. */
  #restore(from: Snapshot[], to: Snapshot[]): void {
    const before = from.pop();
    if (!before) return;
    const { touched } = before;
    if (touched === "all") for (const listener of this.#leaving) listener();
    to.push(this.#snapshot(before.label, touched));
    if (touched === "all") {
      this.files = before.files;
      this.answers = before.answers;
      this.id = before.id;
    } else {
      const now = new Map(this.files.map((it) => [it.id, it]));
      const old = before.files.map((it) => (touched.has(it.id) ? it : now.get(it.id) ?? it));
      const known = new Set(old.map((it) => it.id));
      // The empty file that stood in for the only one that was closed goes away with it.
      const isStandIn = (it: ProjectFile) => before.files.length === 1 && !it.text && !it.bytes;
      const added = this.files.filter((it) => !known.has(it.id) && !touched.has(it.id) && !isStandIn(it));
      this.files = [...old, ...added];
    }
    this.#byPath.clear();
    for (const file of this.files) {
      file.path = this.#free(file.path, new Map());
      this.#byPath.set(file.path, file);
    }
    this.active = this.files.find((it) => it.id === before.active) ?? this.files[0];
    this.#example = before.example;
    this.#changed("files", before.isBorrowed && touched === "all");
  }

  /** Whether a file is in the project, or could come back. */
  knows(id: number): boolean {
    return [this.files, ...[...this.#past, ...this.#future].map((it) => it.files)].some((files) => files.some((it) => it.id === id));
  }

  #idsOf(contents: Content[]): Set<number> {
    return new Set(contents.flatMap((it) => this.find(tidy(it.path))?.id ?? []));
  }

  #remember(label: string, touched: Snapshot["touched"]): void {
    if (!this.files.length) return;
    this.#past.push(this.#snapshot(label, touched));
    this.#future = [];
    if (this.#past.length > STEPS) this.#past.shift();
  }

  #snapshot(label: string, touched: Snapshot["touched"]): Snapshot {
    const files = this.files.map((it) => ({ ...it }));
    const { active, answers, isBorrowed, id } = this;
    return { label, touched, files, active: active?.id, answers, example: this.#example, isBorrowed, id };
  }

  #appendAll(contents: Content[]): ProjectFile[] {
    const numbers = new Map<string, number>();
    return contents.map(({ path, text, bytes }) => {
      const file = { id: this.#nextId++, path: this.#free(tidy(path) || "untitled.yaml", numbers), bytes, ...withLineFeeds(text) };
      this.files.push(file);
      this.#byPath.set(file.path, file);
      return file;
    });
  }

  /**
   * Returns the wanted path, or the first numbered variant that no other file has. `numbers` keeps where the search
   * ended for each path, so that thousands of equal names do not search from the start again.
   */
  #free(path: string, numbers: Map<string, number>): string {
    if (!this.#byPath.has(path)) return path;
    const dot = path.lastIndexOf(".");
    const [stem, end] = dot > path.lastIndexOf("/") + 1 ? [path.slice(0, dot), path.slice(dot)] : [path, ""];
    let number = numbers.get(path) ?? 2;
    while (this.#byPath.has(`${stem}-${number}${end}`)) number += 1;
    numbers.set(path, number + 1);
    return `${stem}-${number}${end}`;
  }

  #changed(change: Change, isBorrowed = false): void {
    if (change !== "active") {
      this.version += 1;
      this.isBorrowed = isBorrowed;
    }
    for (const listener of this.#listeners) listener(change);
  }
}

/** Returns a name that nothing else has. */
export function newName(): string {
  // Absent where the page is served without encryption.
  return crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
}

/** Whether a file is only known to be there: it may hold credentials, and was not read. */
export function isWithheld({ bytes }: Pick<Content, "bytes">): boolean {
  return bytes?.length === 0;
}

/** Returns a text as the editor has it, and as it was where that is something else. */
export function withLineFeeds(raw: string): Pick<ProjectFile, "text" | "brought"> {
  if (!raw.includes("\r")) return { text: raw };
  const text = raw.replaceAll(/\r\n?/g, "\n");
  return { text, brought: { raw, text, isDos: !/(^|[^\r])\n|\r(?!\n)/.test(raw) } };
}

/** Returns a text with the line ends that it was brought with. */
function written(text: string, brought: Brought | undefined): string {
  if (!brought) return text;
  if (text === brought.text) return brought.raw;
  return brought.isDos ? text.replaceAll("\n", "\r\n") : text;
}

/** Returns a path as the engine writes it: `/` between folders, no `.` or `..`. */
export function tidy(path: string): string {
  const parts = path.trim().replaceAll("\\", "/").split("/");
  return parts.filter((it) => it && it !== "." && it !== "..").join("/");
}

/** Returns a file name for a text that was pasted without one. */
export function guessName(text: string): string {
  if (/^services\s*:/m.test(text)) return "compose.yaml";
  const kinds = [...text.matchAll(/^kind:\s*['"]?([A-Za-z]+)/gm)];
  if (kinds.length === 1) return `k8s/${kinds[0]?.[1]?.toLowerCase()}.yaml`;
  return kinds.length ? "k8s/manifests.yaml" : "untitled.yaml";
}
