import { tidy, type Content } from "./project";

/** Maximum size of one file, and of all files together. */
const LARGEST = 5 * 1024 * 1024;
const MOST_BYTES = 12 * 1024 * 1024;
/** Maximum number of files that are read. */
const MOST_FILES = 2000;
/** Maximum number of entries of a folder that are looked at. */
const MOST_ENTRIES = 50_000;

const WANTED = /\.(ya?ml|env|tpl|json)$|(^|\/)(\.env[^/]*|env[.-][^/]*|[^/]*\.env\.[^/]*|[^/]*compose[^/]*\.ya?ml\.[^/]*|Dockerfile[^/]*|Kustomization|NOTES\.txt|\.helmignore)$/i;
/** Folders that are not part of a dropped project. */
const VENDORED = /(^|\/)(node_modules|vendor|\.git)(\/|$)/;

/** Reasons for which a file is not read. */
const NOT_YAML = "not YAML";
const NOT_OWN = "in node_modules, vendor or .git";
const TOO_LARGE = `larger than ${LARGEST / 1024 / 1024} MB`;
const TOO_MUCH = "beyond what this page can read";

/** Counts a file that is not read. */
type Skip = (why: string) => void;

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

/**
 * Reads what was chosen, dropped or pasted: by name first, so that a large folder costs nothing. A single file is read
 * whatever its name. `isCut` says that there is more than what was found.
 */
export async function read(found: Found[], isCut = false): Promise<Intake> {
  const skipped = new Map<string, number>();
  const skip: Skip = (why) => skipped.set(why, (skipped.get(why) ?? 0) + 1);
  const all = withoutCommonFolder(await unpacked(found, skip));
  const isSingle = all.length === 1 && all[0]?.bytes !== nothing;
  const wanted = isSingle ? all : all.filter((it) => isWanted(it.path));
  if (!isSingle) for (const it of all) if (!isWanted(it.path)) skip(whyNot(it.path));
  const files: Content[] = [];
  let size = 0;
  for (const it of wanted) {
    if (it.size > LARGEST) skip(TOO_LARGE);
    else if (files.length >= MOST_FILES || size + it.size > MOST_BYTES) skip(TOO_MUCH);
    else {
      const text = new TextDecoder().decode(await it.bytes());
      size += it.size;
      if (text.includes("\0")) skip("not text");
      else files.push({ path: tidy(it.path), text });
    }
  }
  return { files, summary: summary(files.length, skipped, isCut) };
}

function summary(count: number, skipped: Map<string, number>, isCut: boolean): string {
  const cut = isCut ? ` Only the first ${MOST_ENTRIES.toLocaleString("en")} files of the folder were looked at.` : "";
  if (!skipped.size) return cut.trim();
  const left = [...skipped].map(([why, number]) => `${number.toLocaleString("en")} skipped (${why})`);
  return `${count.toLocaleString("en")} read, ${left.join(", ")}.${cut}`;
}

/** Why a file is not read, by its name. */
function whyNot(path: string): string {
  return VENDORED.test(path) ? NOT_OWN : NOT_YAML;
}

const isWanted = (path: string): boolean => WANTED.test(path) && !VENDORED.test(path);

/** Replaces archives by what is in them. */
async function unpacked(found: Found[], skip: Skip): Promise<Found[]> {
  const all: Found[] = [];
  for (const it of found) {
    if (/\.zip$/i.test(it.path)) all.push(...(await unzipped(await it.bytes(), skip)));
    else all.push(it);
  }
  return all;
}

/** Returns the files of an archive that are read. The others are never inflated. */
async function unzipped(bytes: Uint8Array, skip: Skip): Promise<Found[]> {
  const { unzipSync } = await import("fflate");
  let count = 0;
  let total = 0;
  const entries = unzipSync(bytes, {
    filter({ name, originalSize }) {
      if (name.endsWith("/")) return false;
      const why = !isWanted(name) ? whyNot(name)
        : originalSize > LARGEST ? TOO_LARGE
        : count >= MOST_FILES || total + originalSize > MOST_BYTES ? TOO_MUCH : undefined;
      if (why) skip(why);
      else {
        count += 1;
        total += originalSize;
      }
      return why === undefined;
    },
  });
  return Object.entries(entries).map(([path, content]) => ({ path, size: content.length, bytes: async () => content }));
}

/** What was dropped. */
interface Dropped {
  found: Found[];
  /** Whether a folder holds more files than are looked at. */
  isCut: boolean;
}

/** Returns every file under what was dropped, folders included. A folder of others' files counts as one. */
export async function dropped(data: DataTransfer): Promise<Dropped> {
  // The browser empties the list when the event ends, so the entries are copied first.
  const entries = [...data.items].map((it) => it.webkitGetAsEntry()).filter((it) => it !== null);
  if (!entries.length) return { found: [...data.files].map((file) => ofFile(file)), isCut: false };
  const found: Found[] = [];
  const waiting = entries.map((entry) => ({ entry, path: entry.name }));
  while (waiting.length && found.length < MOST_ENTRIES) {
    const { entry, path } = waiting.pop() as (typeof waiting)[number];
    if (entry.isDirectory && VENDORED.test(path)) {
      found.push({ path: `${path}/`, size: 0, bytes: nothing });
    } else if (entry.isDirectory) {
      for (const child of await children(entry as FileSystemDirectoryEntry)) waiting.push({ entry: child, path: `${path}/${child.name}` });
    } else if (entries.length === 1 && !found.length && path === entry.name) {
      found.push(ofFile(await fileOf(entry as FileSystemFileEntry), path));
    } else {
      found.push(await entryOf(entry as FileSystemFileEntry, path));
    }
  }
  return { found, isCut: waiting.length > 0 };
}

/** The content of what is not opened at all. */
async function nothing(): Promise<Uint8Array> {
  return new Uint8Array();
}

/** A file in a dropped folder. Only one with a wanted name is opened to learn its size. */
async function entryOf(entry: FileSystemFileEntry, path: string): Promise<Found> {
  if (!WANTED.test(path) && !/\.zip$/i.test(path)) return { path, size: 0, bytes: nothing };
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
