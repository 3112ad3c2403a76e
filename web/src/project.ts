/** A file of the project. Its `id` survives a rename and an undone closing. */
export interface ProjectFile {
  readonly id: number;
  path: string;
  text: string;
}

export interface Content {
  path: string;
  text: string;
}

/** `files`: names, number or answers; `text`: the shown or a fixed file's text; `active`: which is shown. */
export type Change = "files" | "text" | "active";

/** The project as it was before a step that can be undone. */
interface Snapshot {
  label: string;
  /** Files that the step changed or closed; undoing it leaves the others as they are by then. */
  touched: ReadonlySet<number> | "all";
  files: ProjectFile[];
  active: number | undefined;
  answers: Record<string, string>;
  example: Example | undefined;
}

/** An example with its original texts, by which the project notices whether somebody has touched it. */
interface Example {
  name: string;
  texts: Map<string, string>;
}

interface ReplaceOptions {
  answers?: Record<string, string>;
  /** Name of the example that the contents are. */
  example?: string | undefined;
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
  #nextId = 1;
  #listeners: ((change: Change) => void)[] = [];
  #byPath = new Map<string, ProjectFile>();
  #past: Snapshot[] = [];
  #example: Example | undefined;

  onChange(listener: (change: Change) => void): void {
    this.#listeners.push(listener);
  }

  /** Replaces the whole project. */
  replace(contents: Content[], { answers = {}, example, label }: ReplaceOptions = {}): void {
    if (label) this.#remember(label, "all");
    this.files = [];
    this.#byPath.clear();
    this.answers = answers;
    this.#appendAll(contents);
    this.active = this.files[0];
    this.#example = example ? { name: example, texts: new Map(this.files.map((it) => [it.path, it.text])) } : undefined;
    this.#changed("files");
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
      if (old) old.text = content.text;
      const file = old ?? this.#appendAll([content])[0];
      if (file) touched.add(file.id);
      first ??= file;
    }
    this.active = first ?? this.active;
    this.#changed("files");
  }

  /** Replaces the texts of several files as one step that can be undone. */
  rewrite(contents: Content[], label: string): void {
    this.#remember(label, this.#idsOf(contents));
    for (const { path, text } of contents) {
      const file = this.find(path);
      if (file) file.text = text;
    }
    this.#changed("files");
  }

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
    return this.files.map(({ path, text }) => ({ path, text }));
  }

  /** Name of the example that the project still is, word for word. One file may be left out of the comparison. */
  untouchedExample(except?: ProjectFile): string | undefined {
    if (!this.#example || this.files.length !== this.#example.texts.size) return undefined;
    const { texts, name } = this.#example;
    return this.files.every((it) => it === except || texts.get(it.path) === it.text) ? name : undefined;
  }

  /** Whether nobody has put anything of their own into the project. */
  isEmpty(): boolean {
    return this.files.every((it) => !it.text.trim());
  }

  /** Description of the step that `undo` takes back; `undefined` when there is none. */
  get undoable(): string | undefined {
    return this.#past.at(-1)?.label;
  }

  /** Takes back the last step that replaced, closed or rewrote files, and nothing that was done to other files since. */
  undo(): void {
    const before = this.#past.pop();
    if (!before) return;
    const { touched } = before;
    if (touched === "all") {
      this.files = before.files;
      this.answers = before.answers;
    } else {
      const now = new Map(this.files.map((it) => [it.id, it]));
      const old = before.files.map((it) => (touched.has(it.id) ? it : now.get(it.id) ?? it));
      const known = new Set(old.map((it) => it.id));
      // The empty file that stood in for the only one that was closed goes away with it.
      const isStandIn = (it: ProjectFile) => before.files.length === 1 && !it.text;
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
    this.#changed("files");
  }

  /** Whether a file is in the project, or could come back by `undo`. */
  knows(id: number): boolean {
    return [this.files, ...this.#past.map((it) => it.files)].some((files) => files.some((it) => it.id === id));
  }

  #idsOf(contents: Content[]): Set<number> {
    return new Set(contents.flatMap((it) => this.find(tidy(it.path))?.id ?? []));
  }

  #remember(label: string, touched: Snapshot["touched"]): void {
    if (!this.files.length) return;
    const files = this.files.map((it) => ({ ...it }));
    this.#past.push({ label, touched, files, active: this.active?.id, answers: this.answers, example: this.#example });
    if (this.#past.length > STEPS) this.#past.shift();
  }

  #appendAll(contents: Content[]): ProjectFile[] {
    const numbers = new Map<string, number>();
    return contents.map(({ path, text }) => {
      const file = { id: this.#nextId++, path: this.#free(tidy(path) || "untitled.yaml", numbers), text };
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

  #changed(change: Change): void {
    if (change !== "active") this.version += 1;
    for (const listener of this.#listeners) listener(change);
  }
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
