import { tidy, type Content } from "./project";

/** Maximum size of one file, and of all files together. */
const LARGEST = 5 * 1024 * 1024;
const MOST_BYTES = 12 * 1024 * 1024;
/** Maximum number of files that are read. */
const MOST_FILES = 2000;
/** Maximum number of entries of a folder that are looked at. */
const MOST_ENTRIES = 50_000;

const WANTED = /\.(ya?ml|env|tpl|json)$|(^|\/)(\.env[^/]*|Dockerfile[^/]*|Kustomization|NOTES\.txt|\.helmignore)$/i;
/** Folders that are not part of a dropped project. */
const VENDORED = /(^|\/)(node_modules|vendor|\.git)(\/|$)/;

/** A file that was chosen or dropped, not read yet. */
export interface Found {
  path: string;
  size: number;
  bytes(): Promise<Uint8Array>;
}

export interface Intake {
  files: Content[];
  /** One sentence about what was read and what was left out; empty when everything was read. */
  summary: string;
}

export const ofFile = (file: File, path = file.webkitRelativePath || file.name): Found => ({
  path, size: file.size, bytes: async () => new Uint8Array(await file.arrayBuffer()),
});

/** Reads what was chosen, dropped or pasted: by name first, so that a large folder costs nothing. A single file is read whatever its name. */
export async function read(found: Found[]): Promise<Intake> {
  const all = withoutCommonFolder(await unpacked(found));
  const wanted = all.length === 1 ? all : all.filter((it) => WANTED.test(it.path) && !VENDORED.test(it.path));
  const skipped = new Map<string, number>();
  const skip = (why: string) => skipped.set(why, (skipped.get(why) ?? 0) + 1);
  for (let left = all.length - wanted.length; left > 0; left -= 1) skip("not YAML");
  const files: Content[] = [];
  let size = 0;
  for (const it of wanted) {
    if (it.size > LARGEST) skip(`larger than ${LARGEST / 1024 / 1024} MB`);
    else if (files.length >= MOST_FILES || size + it.size > MOST_BYTES) skip("beyond what this page can read");
    else {
      const text = new TextDecoder().decode(await it.bytes());
      size += it.size;
      if (text.includes("\0")) skip("not text");
      else files.push({ path: tidy(it.path), text });
    }
  }
  return { files, summary: summary(files.length, skipped) };
}

function summary(count: number, skipped: Map<string, number>): string {
  if (!skipped.size) return "";
  const left = [...skipped].map(([why, number]) => `${number.toLocaleString("en")} skipped (${why})`);
  return `${count.toLocaleString("en")} read, ${left.join(", ")}.`;
}

/** Replaces archives by what is in them. */
async function unpacked(found: Found[]): Promise<Found[]> {
  const all: Found[] = [];
  for (const it of found) {
    if (/\.zip$/i.test(it.path)) all.push(...(await unzipped(await it.bytes())));
    else all.push(it);
  }
  return all;
}

async function unzipped(bytes: Uint8Array): Promise<Found[]> {
  const { unzipSync } = await import("fflate");
  const names: { name: string; size: number }[] = [];
  const entries = unzipSync(bytes, {
    filter({ name, originalSize }) {
      if (!name.endsWith("/")) names.push({ name, size: originalSize });
      return WANTED.test(name) && originalSize <= LARGEST && names.length <= MOST_FILES;
    },
  });
  return names.map(({ name, size }) => ({ path: name, size, bytes: async () => entries[name] ?? new Uint8Array() }));
}

/** Returns every file under what was dropped, folders included. */
export async function dropped(data: DataTransfer): Promise<Found[]> {
  // The browser empties the list when the event ends, so the entries are copied first.
  const entries = [...data.items].map((it) => it.webkitGetAsEntry()).filter((it) => it !== null);
  if (!entries.length) return [...data.files].map((file) => ofFile(file));
  const found: Found[] = [];
  const waiting = entries.map((entry) => ({ entry, path: entry.name }));
  for (let next = waiting.pop(); next && found.length < MOST_ENTRIES; next = waiting.pop()) {
    const { entry, path } = next;
    if (VENDORED.test(path)) continue;
    if (entry.isDirectory) {
      for (const child of await children(entry as FileSystemDirectoryEntry)) waiting.push({ entry: child, path: `${path}/${child.name}` });
    } else if (entries.length === 1 && !found.length && path === entry.name) {
      found.push(ofFile(await fileOf(entry as FileSystemFileEntry), path));
    } else {
      found.push(await entryOf(entry as FileSystemFileEntry, path));
    }
  }
  return found;
}

/** A file in a dropped folder. Only one with a wanted name is opened to learn its size. */
async function entryOf(entry: FileSystemFileEntry, path: string): Promise<Found> {
  if (!WANTED.test(path) && !/\.zip$/i.test(path)) return { path, size: 0, bytes: async () => new Uint8Array() };
  return ofFile(await fileOf(entry), path);
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((done, fail) => entry.file(done, fail));
}

async function children(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return all;
    all.push(...some);
  }
}

/** Removes the name of the one folder that holds everything, because that folder is the project. */
function withoutCommonFolder(found: Found[]): Found[] {
  const first = found[0]?.path.split("/")[0];
  const common = found.every(({ path }) => path.startsWith(`${first}/`));
  const cut = common && first ? first.length + 1 : 0;
  return found.map((it) => ({ ...it, path: it.path.slice(cut) })).sort((a, b) => (a.path < b.path ? -1 : 1));
}
