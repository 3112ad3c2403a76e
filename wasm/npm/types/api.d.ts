/** The instances of a class where the runtime's own types declare it, so that these need no library but the language's. */
type Of<Scope, Name extends string> = Scope extends Record<Name, new (...args: any[]) => infer It> ? It : never;
type WebAssemblyScope = typeof globalThis extends { WebAssembly: infer It } ? It : never;

/** Source of the engine for `init`: an address, a response, bytes or a compiled module. */
export type EngineSource =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | Of<typeof globalThis, "URL">
  | Of<typeof globalThis, "Request">
  | Of<typeof globalThis, "Response">
  | (Of<WebAssemblyScope, "Module"> & object);

/**
 * Starts the engine; calling it again does nothing. Browsers, workers and bundlers must await it once before the
 * first call. Node, Deno, Bun and `plimsoll/inline` start by themselves.
 */
export default function init(source?: EngineSource | PromiseLike<EngineSource>): Promise<void>;

/** Whether a project with files of these paths has charts or kustomizations, for which browsers need `loadTargets`. */
export function needsTargets(paths: Iterable<string>): boolean;

/**
 * Starts the engine that renders charts and builds overlays. In browsers, workers and bundlers `init` starts a
 * smaller engine, which names them as not built. Elsewhere the one engine builds them, and this is `init`.
 * Every `Workspace` goes on with the new engine.
 */
export function loadTargets(source?: EngineSource | PromiseLike<EngineSource>): Promise<void>;

/** How places are counted. */
export interface PositionOptions {
  /**
   * `code-points`, as the command prints them: columns in Unicode code points, offsets in bytes of UTF-8.
   * `utf-16`: columns and offsets in UTF-16 code units, so that `text.slice(start.offset, end.offset)` is the place.
   * Lines and columns count from 1 either way.
   */
  positions?: "code-points" | "utf-16";
}

/** What to look for, how to judge it and how to count places. */
export interface AnalysisOptions extends Options, PositionOptions {}

/** What a hover tells. */
export interface HoverOptions extends AnalysisOptions {
  /** Whether it tells why the findings at the place matter; `true` unless given. */
  findings?: boolean;
}

/** Files of a project, each with its text or its bytes. */
export type ProjectFiles = readonly (SourceFile | PackedFile)[];

/**
 * Analyses files that belong together. Whatever the files contain, there is a report. Where two files have the same
 * path, the later one counts. Packed subcharts (`.tgz`) are handed over as bytes.
 * @throws {TypeError} when an argument has the wrong type or an option is unknown.
 */
export function analyze(files: ProjectFiles, options?: AnalysisOptions): Report;

/** How much platform the files ask for: the `decision` of a report. */
export function decide(files: ProjectFiles, options?: AnalysisOptions): Decisions;

/** Compares Compose services with what runs the same thing in the cluster. */
export function compare(files: ProjectFiles, options?: AnalysisOptions): Comparison;

/**
 * What charts, overlays and folders of manifests put onto the cluster, by name. In browsers, workers and bundlers
 * charts and overlays need `loadTargets` first.
 */
export function renderTargets(files: ProjectFiles, options?: Options): RenderedTarget[];

/** The formats of a report: text, JSON, SARIF, GitHub annotations, JUnit or Markdown. */
export type ReportFormat = "text" | "json" | "sarif" | "github" | "junit" | "markdown";

/** The formats of a decision or a comparison. */
export type PageFormat = "text" | "json" | "markdown";

/**
 * Renders an answer. JSON is the whole object; the other formats are as the command prints them. The answer must be the
 * object that this module returned, since its files are analysed again; only for `json` a copy will do.
 */
export function render(report: Report, format: ReportFormat): string;
export function render(answer: Decisions | Comparison, format: PageFormat): string;

/** Files with fixes applied. */
export interface FixedFiles {
  /** In the order of the files given; those without a change are the same objects. */
  files: (SourceFile | PackedFile)[];
  /** Whether each fix was applied. One that touches the changes of an earlier one is not: analyse again first. */
  applied: boolean[];
}

/**
 * Applies fixes of a report to its files. `positions` is what the report was made with.
 * @throws {TypeError} when a fix changes a file that is not there.
 */
export function applyFixes(files: ProjectFiles, fixes: readonly Fix[], options?: PositionOptions): FixedFiles;

/** The files of a project, kept so that only what changed is read again. */
export class Workspace {
  /** Adds a file or replaces its text, or the bytes of a packed subchart. */
  set(path: string, text: string | Uint8Array): void;
  /** Removes a file; an unknown path is not an error. */
  remove(path: string): void;
  /** Analyses the files as they are now. */
  report(options?: AnalysisOptions): Report;
  /**
   * What there is to say about a place: the finding there, the image, the service as it is merged, who uses it. `null`
   * where there is nothing. `offset` is counted as `options.positions` says. The questions are answered from the analysis
   * of the last report as long as the files and the options are the same; a place that does not exist is no error.
   */
  hover(path: string, offset: number, options?: HoverOptions): Hover | null;
  /** The places that define what stands at a place, or the start of the file that a path there names. */
  definition(path: string, offset: number, options?: AnalysisOptions): Place[];
  /** All places that name what stands at a place, its definitions among them. */
  references(path: string, offset: number, options?: AnalysisOptions): Reference[];
  /** What may stand at a place, of what lives in the project, the likeliest first. Keys of schemas are not among it. */
  completions(path: string, offset: number, options?: AnalysisOptions): Completion[];
  /** Gives the engine's memory back; `using` does it at the end of a block. The workspace cannot be used afterwards. */
  dispose(): void;
  [Symbol.dispose](): void;
}

declare global {
  // For targets whose library does not have it yet; identical declarations merge.
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}

/** Every rule, sorted by code. */
export function rules(): Rule[];

/** A rule in full, by code or name; `undefined` when there is none. */
export function explain(codeOrName: string): Explanation | undefined;

/** The version of this package. */
export const version: string;
