// A workspace folder: its files, the editor's text over them, and the newest report.
import { explain, Workspace, type Finding, type Options, type Report } from "plimsoll";
import type { Diagnostic } from "vscode-languageserver-protocol/browser";
import { diagnostic, Lines, type Located } from "./convert";

export interface Open {
  version: number;
  text: string;
}

export class Project {
  readonly #workspace = new Workspace();
  readonly #saved = new Map<string, string>();
  readonly #open = new Map<string, Open>();
  #report: Report | undefined;
  /** Files that diagnostics were published for, which must be taken back when there are none. */
  #published = new Set<string>();

  /** `root` is the address of the folder, without a slash at its end. */
  constructor(readonly root: string) {}

  holds(uri: string): boolean {
    return uri.startsWith(`${this.root}/`);
  }

  save(uri: string, text: string): void {
    this.#saved.set(uri, text);
    this.#refresh(uri);
  }

  remove(uri: string): void {
    this.#saved.delete(uri);
    this.#refresh(uri);
  }

  open(uri: string, open: Open): void {
    this.#open.set(uri, open);
    this.#refresh(uri);
  }

  close(uri: string): void {
    this.#open.delete(uri);
    this.#refresh(uri);
  }

  document(uri: string): Open | undefined {
    return this.#open.get(uri);
  }

  paths(): string[] {
    return [...new Set([...this.#saved.keys(), ...this.#open.keys()])].map((it) => this.#path(it));
  }

  #text(uri: string): string | undefined {
    return this.#open.get(uri)?.text ?? this.#saved.get(uri);
  }

  #refresh(uri: string): void {
    const text = this.#text(uri);
    if (text === undefined) this.#workspace.remove(this.#path(uri));
    else this.#workspace.set(this.#path(uri), text);
    this.stale();
  }

  /** Forgets the report, because the files, the settings or the engine changed. */
  stale(): void {
    this.#report = undefined;
  }

  report(options: Options): Report {
    this.#report ??= this.#workspace.report(options);
    return this.#report;
  }

  #path(uri: string): string {
    return decodeURIComponent(uri.slice(this.root.length + 1));
  }

  #uri(path: string): string {
    const known = [...this.#open.keys(), ...this.#saved.keys()].find((it) => this.#path(it) === path);
    return known ?? `${this.root}/${path.split("/").map(encodeURIComponent).join("/")}`;
  }

  /** Returns a function that says where the files of a report are; each text is cut into lines once. */
  locator(): (path: string) => Located {
    const seen = new Map<string, Located>();
    return (path) => {
      let found = seen.get(path);
      if (found === undefined) {
        const uri = this.#uri(path);
        found = { uri, lines: new Lines(this.#text(uri) ?? "") };
        seen.set(path, found);
      }
      return found;
    };
  }

  /** Returns the findings in a file. */
  findings(uri: string, options: Options): Finding[] {
    const path = this.#path(uri);
    return this.report(options).findings.filter((it) => it.path === path);
  }

  /** Returns the diagnostics to publish: those of each file with findings, and none for each that had some. */
  diagnostics(options: Options): Map<string, Diagnostic[]> {
    const locate = this.locator();
    const found = new Map<string, Diagnostic[]>([...this.#published].map((uri) => [uri, []]));
    for (const finding of this.report(options).findings) {
      const { uri } = locate(finding.path);
      const list = found.get(uri) ?? [];
      list.push(diagnostic(finding, locate, href(finding)));
      found.set(uri, list);
    }
    this.#published = new Set([...found].filter(([, list]) => list.length > 0).map(([uri]) => uri));
    return found;
  }
}

export function href(finding: Finding): string | undefined {
  return explain(finding.code)?.rule.url;
}
