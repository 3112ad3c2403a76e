// The files of a project on disk, found as the native command finds them: `.gitignore` is honoured, hidden and
// vendored folders are not entered, environment files beside YAML are read even where git ignores them, and below
// a chart or a kustomization every file is read. Symbolic links are not followed.
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { patterns, verdict } from "./gitignore.js";
import { reason } from "./failure.js";

const CONFIGS = ["plimsoll.yaml", "plimsoll.yml", ".plimsoll.yaml", ".plimsoll.yml"];
const VENDORED = ["node_modules", "bower_components", "jspm_packages", "vendor", "site-packages", "__pycache__"];
const KUSTOMIZATIONS = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

export const isConfig = (name) => CONFIGS.includes(name);
const isYaml = (name) => /\.ya?ml$/.test(name);
// An extension of a program turns `.env.d.ts` into one.
const isEnv = (name) => /^\.env$|^\.?env\.|\.env$/.test(name) && !/\.([cm]?js|ts|py|sh|rb)$/.test(name);
const isBuildFile = (name) => name === "Chart.yaml" || KUSTOMIZATIONS.includes(name);
const isDockerfile = (name) => /^(docker|container)file(\.|$)|\.(docker|container)file$/i.test(name);

function belongs(name) {
  if (isEnv(name) || isConfig(name)) return true;
  return !name.startsWith(".") && (isYaml(name) || /\.tpl$/i.test(name) || isDockerfile(name) || KUSTOMIZATIONS.includes(name));
}

export const isFile = (path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
/** Joins as `Path::join` does, which keeps a leading `./`. */
const below = (folder, name) => (folder.endsWith("/") || folder.endsWith(sep) ? folder + name : `${folder}/${name}`);

/** The patterns that hold in a folder: its own and those of the folders above, the nearest first. */
function ignoring(folder, above) {
  const file = join(folder, ".gitignore");
  if (!isFile(file)) return above;
  return [{ folder, patterns: patterns(readFileSync(file, "utf8")) }, ...above];
}

/** The patterns of the folders above a folder, up to the root of the repository. */
function ignoringAbove(folder) {
  const folders = [];
  for (let at = folder; !existsSync(join(at, ".git")) && dirname(at) !== at; at = dirname(at)) folders.push(dirname(at));
  return folders.reduceRight((above, it) => ignoring(it, above), []);
}

function isIgnored(path, isFolder, files) {
  for (const { folder, patterns } of files) {
    const said = verdict(patterns, relative(folder, path).split(sep).join("/"), isFolder);
    if (said !== undefined) return said;
  }
  return false;
}

/** Returns the files below a folder that belong to an analysis, and what could not be read. */
export function walk(root) {
  const found = { files: new Set(), others: [], links: [], unreadable: [] };
  const start = resolve(root);
  const queue = [{ shown: root, real: start, above: ignoringAbove(start) }];
  while (queue.length > 0) queue.push(...list(queue.pop(), found));
  const { files, others, links, unreadable } = found;
  const built = new Set([...files].filter((it) => isBuildFile(basename(it))).map((it) => dirname(it)));
  const isBuilt = (path) => built.size > 0 && ancestors(path).some((it) => built.has(it));
  others.filter(isBuilt).forEach((it) => files.add(it));
  for (const path of links.filter(isBuilt)) {
    unreadable.push({ path, cause: "symbolic links are not followed, so the chart or overlay lacks this" });
  }
  for (const folder of new Set([...files].filter(isYaml).map((it) => folderOf(it)))) {
    entries(folder, []).filter((it) => it.isFile() && isEnv(it.name)).forEach((it) => files.add(below(folder, it.name)));
  }
  unreadable.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files: [...files], unreadable };
}

/** The folder of a path that `below` made. */
const folderOf = (path) => path.slice(0, path.lastIndexOf("/")) || "/";

function ancestors(path) {
  const all = [];
  for (let at = dirname(path); all.at(-1) !== at; at = dirname(at)) all.push(at);
  return all;
}

function entries(folder, unreadable) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    unreadable.push({ path: folder, cause: reason(error) });
    return [];
  }
}

/** Sorts the entries of a folder into `found`, and returns the folders to enter. */
function list({ shown, real, above }, found) {
  const ignored = ignoring(real, above);
  const folders = [];
  for (const entry of entries(shown, found.unreadable)) {
    const path = below(shown, entry.name);
    const absolute = join(real, entry.name);
    if (isIgnored(absolute, entry.isDirectory(), ignored)) continue;
    if (entry.isDirectory()) {
      const isLeftOut = entry.name.startsWith(".") || VENDORED.includes(entry.name);
      if (!isLeftOut) folders.push({ shown: path, real: absolute, above: ignored });
    } else if (entry.isSymbolicLink()) {
      found.links.push(path);
    } else if (entry.isFile()) {
      if (belongs(entry.name)) found.files.add(path);
      else found.others.push(path);
    }
  }
  return folders;
}

/** The configuration of a folder or of the closest folder above it, as a path relative to the folder. */
export function nearestConfig(folder) {
  for (let at = folder, prefix = ""; ; at = dirname(at), prefix += "../") {
    const name = CONFIGS.find((it) => isFile(join(at, it)));
    if (name) return prefix + name;
    if (existsSync(join(at, ".git")) || dirname(at) === at) return undefined;
  }
}
