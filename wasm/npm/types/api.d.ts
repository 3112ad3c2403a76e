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

/**
 * Analyses files that belong together. Whatever the files contain, there is a report. Where two files have the same
 * path, the later one counts. Packed subcharts (`.tgz`) are handed over as bytes.
 * @throws {TypeError} when an argument has the wrong type or an option is unknown.
 */
export function analyze(files: readonly (SourceFile | PackedFile)[], options?: Options): Report;

/** The files of a project, kept so that only what changed is read again. */
export class Workspace {
  /** Adds a file or replaces its text, or the bytes of a packed subchart. */
  set(path: string, text: string | Uint8Array): void;
  /** Removes a file; an unknown path is not an error. */
  remove(path: string): void;
  /** Analyses the files as they are now. */
  report(options?: Options): Report;
}

/** Every rule, sorted by code. */
export function rules(): Rule[];

/** A rule in full, by code or name; `undefined` when there is none. */
export function explain(codeOrName: string): Explanation | undefined;

/** The version of this package. */
export const version: string;
