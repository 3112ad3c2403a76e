/** A file of the project. Its `id` survives a rename. */
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
type Change = "files" | "text" | "active";

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

  onChange(listener: (change: Change) => void): void {
    this.#listeners.push(listener);
  }

  /** Replaces the whole project. */
  replace(contents: Content[], answers: Record<string, string> = {}): void {
    this.files = [];
    this.answers = answers;
    for (const it of contents) this.#append(it);
    this.active = this.files[0];
    this.#changed("files");
  }

  /** Adds files and shows the first of them. */
  add(contents: Content[]): void {
    const added = contents.map((it) => this.#append(it));
    this.active = added[0] ?? this.active;
    this.#changed("files");
  }

  rename(file: ProjectFile, wanted: string): void {
    const path = tidy(wanted);
    if (!path || path === file.path) return;
    file.path = this.#free(path, file);
    this.#changed("files");
  }

  close(file: ProjectFile): void {
    const index = this.files.indexOf(file);
    if (index < 0) return;
    this.files.splice(index, 1);
    if (this.active === file) this.active = this.files[Math.min(index, this.files.length - 1)];
    if (!this.files.length) this.active = this.#append({ path: "compose.yaml", text: "" });
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
    return this.files.find((it) => it.path === path);
  }

  contents(): Content[] {
    return this.files.map(({ path, text }) => ({ path, text }));
  }

  #append({ path, text }: Content): ProjectFile {
    const file = { id: this.#nextId++, path: this.#free(tidy(path) || "untitled.yaml"), text };
    this.files.push(file);
    return file;
  }

  /** Returns the wanted path, or the first numbered variant that no other file has. */
  #free(path: string, except?: ProjectFile): string {
    const taken = (it: string) => this.files.some((file) => file !== except && file.path === it);
    const dot = path.lastIndexOf(".");
    const [stem, end] = dot > path.lastIndexOf("/") + 1 ? [path.slice(0, dot), path.slice(dot)] : [path, ""];
    let free = path;
    for (let number = 2; taken(free); number += 1) free = `${stem}-${number}${end}`;
    return free;
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
