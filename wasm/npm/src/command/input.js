// From paths to files: walks folders, reads, and reports what could not be read.
import { closeSync, existsSync, openSync, readFileSync, readSync, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Failure, failureAt } from "./failure.js";
import { isConfig, isFile, nearestConfig, walk } from "./walk.js";

/** Files are read just beyond the engine's limit, far enough to be reported as too large. */
const MAX_BYTES = (64 << 20) + 1;

const inOrder = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));

function load(path) {
  const stat = statSync(path);
  if (stat.isDirectory()) throw new Error("this is a folder, not a file");
  if (!stat.isFile()) throw new Error("this is not a regular file (use `-` for standard input)");
  if (stat.size < MAX_BYTES) return readFileSync(path);
  const bytes = Buffer.alloc(MAX_BYTES);
  const file = openSync(path);
  try {
    return bytes.subarray(0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

function attempt(path, action) {
  try {
    return action();
  } catch (error) {
    throw error instanceof Failure ? error : failureAt(path, error);
  }
}

/**
 * The root of the repository that the first path lies in. Outside of a repository it is the folder of the nearest
 * configuration, or else the current folder.
 */
function root(paths) {
  const first = paths.find((it) => it !== "-");
  for (let at = resolve(first ?? "."); ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
    if (dirname(at) === at) break;
  }
  const config = nearestConfig(process.cwd());
  return config ? dirname(resolve(config)) : process.cwd();
}

/** Reads the file of `--config`, and finds out where the project lies. */
export function settings(engine, { config, paths }) {
  const content = config === undefined ? undefined : attempt(config, () => load(config));
  return new engine.Settings(root(paths), process.cwd(), config, content);
}

/** Reads everything that was handed over: each file once, sorted by name. */
export function gather(engine, input, own, terminal) {
  const paths = input.paths.length > 0 ? input.paths : ["."];
  const wanted = new Map();
  const canonical = new Set();
  const add = (path, isNamed) => {
    if (paths.length > 1 && existsSync(path)) {
      const real = realpathSync(path);
      if (canonical.has(real)) return;
      canonical.add(real);
    }
    const name = engine.normalisePath(path);
    if (!wanted.has(name)) wanted.set(name, { path, isNamed });
  };
  const sources = [];
  for (const path of paths) {
    if (path === "-") {
      sources.push({ name: engine.normalisePath(input.stdinFilename), content: standardInput() });
    } else if (attempt(path, () => statSync(path)).isDirectory()) {
      attempt(path, () => readdirSync(path));
      const { files, unreadable } = walk(path);
      unreadable.forEach((it) => terminal.warn(`${it.path}: ${it.cause}`));
      if (files.length === 0) terminal.warn(`${path}: this folder contains no YAML files`);
      files.forEach((it) => add(it, false));
    } else {
      add(path, true);
      // Compose reads the `.env` beside its file unasked, so the file's meaning depends on it.
      const env = path.slice(0, path.length - basename(path).length) + ".env";
      if (isFile(env)) add(env, false);
    }
  }
  const configs = () => [...wanted].filter(([name]) => isConfig(basename(name)));
  if (input.config === undefined && configs().length === 0) {
    const config = nearestConfig(process.cwd());
    if (config) add(config, false);
  }
  const excluded = dropExcluded(wanted, configs(), own);
  const names = [...wanted.keys()].sort(inOrder);
  sources.push(...names.flatMap((name) => read(name, wanted.get(name), terminal)));
  sources.sort((a, b) => inOrder(a.name, b.name));
  const unique = sources.filter((it, index) => it.name !== sources[index - 1]?.name);
  return { paths: unique.map((it) => it.name), contents: unique.map((it) => it.content), excluded };
}

/** Drops the files that the configurations among them exclude, and returns their number. */
function dropExcluded(wanted, configs, own) {
  const loaded = configs.flatMap(([name, { path }]) => {
    try {
      return [[name, load(path)]];
    } catch {
      return [];
    }
  });
  const names = [...wanted.keys()].filter((name) => !isConfig(basename(name)));
  const excluded = own.excluded(loaded.map((it) => it[0]), loaded.map((it) => it[1]), names);
  excluded.forEach((name) => wanted.delete(name));
  return excluded.length;
}

function standardInput() {
  try {
    return readFileSync(0);
  } catch (error) {
    throw failureAt("standard input", error);
  }
}

function read(name, { path, isNamed }, terminal) {
  try {
    return [{ name, content: load(path) }];
  } catch (error) {
    const failure = failureAt(path, error);
    if (isNamed) throw failure;
    terminal.warn(failure.message);
    return [];
  }
}
