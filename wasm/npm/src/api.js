// The API, written once for every entry: argument checks, starting, and starting again after a crash.
/** The version of this package and of the engine in it. */
export const version = "0.1.0";

/** What wasm-bindgen wrote for the engine in use. */
let engine;
/** Reads the engine's bytes without waiting; `undefined` where the runtime cannot do that. */
let readNow;
/** Gets the engine's bytes, or an address of them, when waiting is allowed. */
let readLater;
/** The engine that also builds targets; `undefined` where the engine in use does. */
let whole;

let started = false;
let starting;
let loadingTargets;
/** Number of the current engine instance, by which a `Workspace` notices that its own is gone. */
let generation = 0;

/** Sets how the engine is read. Each entry calls this once, before anything else. */
export function provide(sources) {
  ({ engine, now: readNow, later: readLater, whole } = sources);
}

/**
 * Starts the engine. Entries that start by themselves accept the call too, so that one code path serves all
 * runtimes. Calling it again does nothing.
 */
export default function init(source) {
  starting ??= start(source).catch((error) => {
    // Allows another attempt after a failed download.
    starting = undefined;
    throw error;
  });
  return starting;
}

async function start(source) {
  const chosen = engine;
  const module_or_path = (await source) ?? (await readLater());
  if (started) return;
  await chosen.default({ module_or_path });
  started = true;
}

/** Whether a project has charts or kustomizations, which only the engine behind `loadTargets` builds. */
export function needsTargets(paths) {
  const name = /(^|[\\/])(Chart\.yaml|kustomization\.ya?ml|Kustomization)$/;
  return [...paths].some((path) => name.test(string(path, "path")));
}

/**
 * Starts the engine that renders charts and builds overlays in place of the one in use. Every workspace goes on
 * with it. Calling it again, or where the engine in use builds them, does nothing.
 */
export function loadTargets(source) {
  if (!whole) return init(source);
  loadingTargets ??= replace(source).catch((error) => {
    loadingTargets = undefined;
    throw error;
  });
  return loadingTargets;
}

async function replace(source) {
  const module_or_path = (await source) ?? (await whole.later());
  await whole.engine.default({ module_or_path });
  engine = whole.engine;
  started = true;
  generation += 1;
}

/**
 * Fetches an engine. Servers answer a wrong address with a page of their own, which the engine's own loader would
 * report as a "magic word" that is missing.
 */
export async function download(address) {
  const advice = `Bundlers that do not copy it need "plimsoll/inline"; elsewhere, hand its address or its bytes to \`init\``;
  const failed = (reason, cause) => new Error(`Plimsoll's engine was not found at ${address}: ${reason}. ${advice}`, { cause });
  const response = await fetch(address).catch((cause) => {
    throw failed(cause.message, cause);
  });
  if (!response.ok) throw failed(`the server answered ${response.status}`);
  if (response.headers.get("content-type")?.startsWith("text/html")) throw failed("the server answered with a page");
  return response;
}

function ready() {
  if (started) return;
  if (!readNow) {
    throw new Error("Plimsoll has not been started: `import init from \"plimsoll\"` and call `await init()` first");
  }
  engine.initSync({ module: readNow() });
  started = true;
}

/** Calls the engine and turns its failures into errors that a caller can handle. */
function call(action) {
  ready();
  try {
    return action();
  } catch (error) {
    // The engine throws a string for an invalid argument, and nothing else.
    if (typeof error === "string") throw new TypeError(error);
    throw isCrash(error) ? crashed(error) : error;
  }
}

/** Whether the instance can no longer be trusted: a trap, or an exhausted call stack (`InternalError` in Firefox). */
function isCrash(error) {
  return error instanceof WebAssembly.RuntimeError || error instanceof RangeError || error?.name === "InternalError";
}

function crashed(cause) {
  engine.__wbg_reset_state();
  generation += 1;
  const message = `Plimsoll failed on this input, which is a fault in Plimsoll: ${cause.message}`;
  return new Error(message, { cause });
}

function string(value, what) {
  if (typeof value !== "string") throw new TypeError(`${what} must be a string, not ${kind(value)}`);
  return value;
}

/** Checks the content of a file: its text, or its bytes. */
function content(value, what) {
  return value instanceof Uint8Array ? value : string(value, what);
}

function object(value, what) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`${what} must be an object, not ${kind(value)}`);
  }
  return value;
}

function kind(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : typeof value;
}

function strings(value, what) {
  if (!Array.isArray(value)) throw new TypeError(`${what} must be an array of strings, not ${kind(value)}`);
  value.forEach((it, index) => string(it, `${what}[${index}]`));
  return value;
}

const POSITIONS = ["code-points", "utf-16"];

/** Whether places are counted in UTF-16 code units. */
function isUtf16(positions) {
  if (positions == null) return false;
  if (!POSITIONS.includes(positions)) {
    throw new TypeError(`options.positions must be "code-points" or "utf-16", not ${JSON.stringify(positions) ?? kind(positions)}`);
  }
  return positions === "utf-16";
}

/** Runs `action` with the engine's form of `options`. */
function withOptions(options, action) {
  const { select = [], minSeverity, positions, ...config } = object(options ?? {}, "options");
  strings(select, "options.select");
  if (minSeverity != null) string(minSeverity, "options.minSeverity");
  const utf16 = isUtf16(positions);
  const json = JSON.stringify(config);
  return call(() => {
    const wanted = new engine.Options(json, select, minSeverity ?? undefined, utf16);
    const result = action(wanted);
    // Not freed after a crash: the instance is gone.
    wanted.free();
    return result;
  });
}

/** Checks files and returns their paths and contents. */
function project(files) {
  if (!Array.isArray(files)) {
    throw new TypeError(`files must be an array of { path, text }, not ${kind(files)}`);
  }
  files.forEach((file, index) => {
    object(file, `files[${index}]`);
    string(file.path, `files[${index}].path`);
    if (file.bytes === undefined) {
      string(file.text, `files[${index}].text`);
    } else if (!(file.bytes instanceof Uint8Array)) {
      throw new TypeError(`files[${index}].bytes must be a Uint8Array, not ${kind(file.bytes)}`);
    }
  });
  return { paths: files.map((it) => it.path), contents: files.map((it) => it.bytes ?? it.text) };
}

/**
 * What each answer was made of and how the engine renders it. Answers are plain objects, so `render` analyses the
 * same files again; the texts are shared with the caller and cost no memory of their own.
 */
const origins = new WeakMap();

function remember(report, paths, contents, options) {
  const origin = { paths, contents, options };
  origins.set(report, { ...origin, rendered: "render" });
  origins.set(report.decision, { ...origin, rendered: "render_decision" });
  return report;
}

export function analyze(files, options) {
  const { paths, contents } = project(files);
  const report = withOptions(options, (wanted) => engine.analyze(paths, contents, wanted));
  return remember(report, paths, contents, options);
}

export function decide(files, options) {
  return analyze(files, options).decision;
}

export function compare(files, options) {
  const { paths, contents } = project(files);
  const comparison = withOptions(options, (wanted) => engine.compare(paths, contents, wanted));
  origins.set(comparison, { paths, contents, options, rendered: "render_comparison" });
  return comparison;
}

export function renderTargets(files, options) {
  const { paths, contents } = project(files);
  return withOptions(options, (wanted) => engine.renderTargets(paths, contents, wanted));
}

export function render(answer, format) {
  object(answer, "answer");
  string(format, "format");
  // JSON is the whole object, so a copy from another thread is as good. The other formats are as the command prints them.
  if (format === "json") return `${JSON.stringify(answer, null, 2)}\n`;
  const origin = origins.get(answer);
  if (!origin) {
    throw new TypeError("answer must be what analyze, decide, compare or a Workspace returned, not a copy of it");
  }
  const { paths, contents, options, rendered } = origin;
  return withOptions(options, (wanted) => engine[rendered](paths, contents, wanted, format));
}

export function applyFixes(files, fixes, options) {
  const { paths, contents } = project(files);
  if (!Array.isArray(fixes)) throw new TypeError(`fixes must be an array of fixes, not ${kind(fixes)}`);
  const utf16 = isUtf16(object(options ?? {}, "options").positions);
  const apply = (chosen) => call(() => engine.applyFixes(paths, contents, chosen, utf16));
  const { texts, applied } = apply(fixes);
  // What the engine reads differs from what it was given where bytes had to be decoded.
  const before = apply([]).texts;
  const changed = (file, index) => (texts[index] === before[index] ? file : { path: file.path, text: texts[index] });
  return { files: files.map(changed), applied };
}

export class Workspace {
  #files = new Map();
  #engine;
  #generation;
  #isDisposed = false;

  /** Returns the engine's workspace, rebuilt from the same files after a crash. */
  #workspace() {
    if (this.#isDisposed) throw new Error("This workspace has been disposed of");
    if (!this.#engine || this.#generation !== generation) {
      this.#engine = new engine.Workspace();
      this.#generation = generation;
      for (const [path, content] of this.#files) this.#engine.set(path, content);
    }
    return this.#engine;
  }

  set(path, text) {
    string(path, "path");
    content(text, "text");
    const name = call(() => this.#workspace().set(path, text));
    this.#files.set(name, text);
  }

  remove(path) {
    string(path, "path");
    const name = call(() => this.#workspace().remove(path));
    this.#files.delete(name);
  }

  report(options) {
    const report = withOptions(options, (wanted) => this.#workspace().report(wanted));
    return remember(report, [...this.#files.keys()], [...this.#files.values()], options);
  }

  hover(path, offset, options) {
    const { findings = true, ...others } = object(options ?? {}, "options");
    if (typeof findings !== "boolean") throw new TypeError(`options.findings must be a boolean, not ${kind(findings)}`);
    return this.#ask("hover", path, offset, others, findings);
  }

  definition(path, offset, options) {
    return this.#ask("definition", path, offset, options);
  }

  references(path, offset, options) {
    return this.#ask("references", path, offset, options);
  }

  completions(path, offset, options) {
    return this.#ask("completions", path, offset, options);
  }

  /** Asks about a place. One that is not there is no error: an editor may be ahead of the files. */
  #ask(question, path, offset, options, ...more) {
    string(path, "path");
    if (typeof offset !== "number") throw new TypeError(`offset must be a number, not ${kind(offset)}`);
    return withOptions(options, (wanted) => this.#workspace()[question](path, offset, wanted, ...more));
  }

  dispose() {
    // The memory of an instance that crashed or was replaced is gone with it.
    if (this.#engine && this.#generation === generation) this.#engine.free();
    this.#engine = undefined;
    this.#files.clear();
    this.#isDisposed = true;
  }

  // Runtimes without the symbol call `dispose` themselves.
  static {
    if (Symbol.dispose) this.prototype[Symbol.dispose] = this.prototype.dispose;
  }
}

export function rules() {
  return call(() => engine.rules());
}

export function explain(codeOrName) {
  string(codeOrName, "codeOrName");
  return call(() => engine.explain(codeOrName));
}
