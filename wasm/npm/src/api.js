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

/** Runs `action` with the engine's form of `options`. */
function withOptions(options, action) {
  const { select = [], minSeverity, ...config } = object(options ?? {}, "options");
  if (!Array.isArray(select)) {
    throw new TypeError(`options.select must be an array of strings, not ${kind(select)}`);
  }
  select.forEach((it, index) => string(it, `options.select[${index}]`));
  if (minSeverity != null) string(minSeverity, "options.minSeverity");
  const json = JSON.stringify(config);
  return call(() => {
    const wanted = new engine.Options(json, select, minSeverity ?? undefined);
    const result = action(wanted);
    // Not freed after a crash: the instance is gone.
    wanted.free();
    return result;
  });
}

export function analyze(files, options) {
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
  const paths = files.map((it) => it.path);
  const contents = files.map((it) => it.bytes ?? it.text);
  return withOptions(options, (wanted) => engine.analyze(paths, contents, wanted));
}

export class Workspace {
  #files = new Map();
  #engine;
  #generation;

  /** Returns the engine's workspace, rebuilt from the same files after a crash. */
  #workspace() {
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
    return withOptions(options, (wanted) => this.#workspace().report(wanted));
  }
}

export function rules() {
  return call(() => engine.rules());
}

export function explain(codeOrName) {
  string(codeOrName, "codeOrName");
  return call(() => engine.explain(codeOrName));
}
