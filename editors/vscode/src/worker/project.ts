// A workspace folder: its files, the editor's text over them, and the newest report.
import { explain, Workspace, type AnalysisOptions, type Finding, type Options, type Range, type Report } from "plimsoll";
import type { CompletionItem, Diagnostic, Hover, Location, Position } from "vscode-languageserver-protocol/browser";
import { completionItem, diagnostic, offsetAt, range } from "./convert";

/** Returns options with which the engine counts places as the editor does. */
function inUtf16(options: Options): AnalysisOptions {
  return { ...options, positions: "utf-16" };
}

export interface Open {
  version: number;
  text: string;
}

export class Project {
  readonly #workspace = new Workspace();
  readonly #saved = new Map<string, string>();
  readonly #open = new Map<string, Open>();
  /** The addresses of all files, by their paths. */
  readonly #uris = new Map<string, string>();
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
    const [path, text] = [this.#path(uri), this.#text(uri)];
    this.#uris.set(path, uri);
    if (text === undefined) this.#workspace.remove(path);
    else this.#workspace.set(path, text);
    this.stale();
  }

  /** Forgets the report, because the files, the settings or the engine changed. */
  stale(): void {
    this.#report = undefined;
  }

  report(options: Options): Report {
    this.#report ??= this.#workspace.report(inUtf16(options));
    return this.#report;
  }

  #path(uri: string): string {
    return decodeURIComponent(uri.slice(this.root.length + 1));
  }

  /** Returns the address of a file of a report. */
  readonly locate = (path: string): string =>
    this.#uris.get(path) ?? `${this.root}/${path.split("/").map(encodeURIComponent).join("/")}`;

  #locations(places: { path: string; range: Range }[]): Location[] {
    return places.map((it) => ({ uri: this.locate(it.path), range: range(it.range) }));
  }

  /** Returns where the engine has a position of a document; a document without a text has no answers. */
  #place(uri: string, position: Position): [path: string, offset: number] {
    return [this.#path(uri), offsetAt(this.#text(uri) ?? "", position)];
  }

  hover(uri: string, position: Position, options: Options): Hover | null {
    const found = this.#workspace.hover(...this.#place(uri, position), inUtf16(options));
    return found && { contents: { kind: "markdown", value: found.markdown }, range: range(found.range) };
  }

  definition(uri: string, position: Position, options: Options): Location[] {
    return this.#locations(this.#workspace.definition(...this.#place(uri, position), inUtf16(options)));
  }

  references(uri: string, position: Position, options: Options, withDefinitions: boolean): Location[] {
    const found = this.#workspace.references(...this.#place(uri, position), inUtf16(options));
    return this.#locations(found.filter((it) => withDefinitions || !it.definition));
  }

  completions(uri: string, position: Position, options: Options): CompletionItem[] {
    return this.#workspace.completions(...this.#place(uri, position), inUtf16(options)).map(completionItem);
  }

  /** Returns the findings in a file. */
  findings(uri: string, options: Options): Finding[] {
    const path = this.#path(uri);
    return this.report(options).findings.filter((it) => it.path === path);
  }

  /** Returns the diagnostics to publish: those of each file with findings, and none for each that had some. */
  diagnostics(options: Options): Map<string, Diagnostic[]> {
    const { locate } = this;
    const found = new Map<string, Diagnostic[]>([...this.#published].map((uri) => [uri, []]));
    for (const finding of this.report(options).findings) {
      const uri = locate(finding.path);
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
