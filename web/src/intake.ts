import { isWithheld, tidy, type Content } from "./project";
import { firstOf } from "./words";

/** Maximum size of one file, and of all files together. */
const LARGEST = 5 * 1024 * 1024;
const MOST_BYTES = 12 * 1024 * 1024;
/** Maximum size of a file that is read only because a project may name it, and of all of these together. */
const LARGEST_BESIDE = 256 * 1024;
const MOST_BYTES_BESIDE = 1.5 * 1024 * 1024;
/** Maximum size of an archive, and of what is inflated of it. */
const LARGEST_ARCHIVE = 100 * 1024 * 1024;
const MOST_INFLATED = 48 * 1024 * 1024;
/** Maximum number of files that are read. */
const MOST_FILES = 2000;
/** Maximum number of entries of a folder that are looked at. */
const MOST_ENTRIES = 50_000;

const WANTED = /\.(ya?ml|env|tpl|json)$|(^|\/)(\.env[^/]*|env[.-][^/]*|[^/]*\.env\.[^/]*|[^/]*compose[^/]*\.ya?ml\.[^/]*|(Docker|Container)file[^/]*|[^/]*\.(docker|container)file|Kustomization|NOTES\.txt|\.helmignore)$/i;
/** Files by which a folder is a project that may name any other file: as a generator's input, a script, a mount. */
const PROJECT = /(^|\/)(kustomization(\.ya?ml)?|Chart\.yaml|[^/]*compose[^/]*\.ya?ml)$/i;
/** Packed subcharts, which the engine unpacks. */
const PACKED = /(^|\/)charts\/[^/]+\.tgz$/i;
/** What is never text. */
const NOT_TEXT_BY_NAME = /\.(png|jpe?g|gif|webp|avif|ico|bmp|tiff?|psd|woff2?|ttf|otf|eot|pdf|docx?|xlsx?|pptx?|zip|t?gz|bz2|xz|zst|7z|rar|tar|jar|war|class|exe|dll|so|dylib|a|o|wasm|pyc|mp[34]|m4a|mov|avi|webm|ogg|wav|flac|sqlite3?|db|bin|iso|dmg|p12|pfx|jks)$/i;
/** What holds credentials, and is of no use to an analysis. */
const CREDENTIALS = /(^|\/)(\.(ssh|gnupg)\/.*|\.docker\/config\.json|\.kube\/(config(\.ya?ml)?|cache\/.*)|\.aws\/(credentials|config)|\.azure\/(accessTokens|azureProfile|msal_token_cache)[^/]*|id_(rsa|dsa|ecdsa|ed25519)|\.npmrc|\.netrc|\.pgpass|\.git-credentials|\.htpasswd|credentials|kubeconfig)$|\.(pem|key|ppk|kdbx|tfstate|tfvars)$/i;
/** Folders that are not part of a dropped project. */
const VENDORED = /(^|\/)(node_modules|vendor|\.git)(\/|$)/;

const megabytes = (bytes: number): string => `${bytes / 1024 / 1024} MB`;

/** Reasons for which a file is not read. */
const NOT_YAML = "not YAML";
const NOT_TEXT = "not text";
const NOT_OWN = "in node_modules, vendor or .git";
const TOO_LARGE = `larger than ${megabytes(LARGEST)}`;
const TOO_LARGE_BESIDE = `not YAML, and larger than ${LARGEST_BESIDE / 1024} KB`;
const TOO_MUCH = "beyond what this page can read";
const SECRET = "may hold credentials";
const DAMAGED = "a damaged archive";
const HUGE_ARCHIVE = `an archive larger than ${megabytes(LARGEST_ARCHIVE)}`;
const UNREADABLE = "could not be read";

/** A file that is open, not read yet. */
interface Opened {
  size: number;
  /** Reads the bytes; `undefined` where an archive holds more than is inflated. */
  bytes: (() => Promise<Uint8Array>) | undefined;
}

/** A file that was chosen or dropped, not opened yet. */
export interface Found {
  path: string;
  open(): Promise<Opened>;
}

export interface Intake {
  files: Content[];
  /** One sentence about what was read and what was left out; empty when everything was read. */
  summary: string;
}

export const ofFile = (file: File, path = file.webkitRelativePath || file.name): Found => ({ path, open: async () => opened(file) });

const opened = (file: File): Opened => ({ size: file.size, bytes: async () => new Uint8Array(await file.arrayBuffer()) });

/**
 * Reads what was chosen, dropped or pasted: by name first, so that a large folder costs nothing. Where a kustomization,
 * a chart or a Compose file is among them, every text is read, because these may name it. A single file is read
 * whatever its name. `unseen` says what was not looked at.
 */
export async function read(found: Found[], unseen: string[] = []): Promise<Intake> {
  const reading = new Reading();
  const [only] = found;
  const isSingle = found.length === 1 && only && !/\/|\.zip$/i.test(only.path);
  const all = withoutCommonFolder(await unpacked(found, reading));
  for (const it of all) if (isSingle || isWanted(it.path)) await reading.take(it, LARGEST, TOO_LARGE);
  const others = isSingle ? [] : all.filter((it) => !isWanted(it.path));
  if (reading.files.some(isProject)) await readBeside(others, reading);
  else for (const { path } of others) reading.skip(VENDORED.test(path) ? NOT_OWN : CREDENTIALS.test(path) ? SECRET : NOT_YAML);
  reading.files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files: reading.files, summary: reading.summary(unseen) };
}

/** Reads what a project may name, beginning with what it names, because there may be more than can be read. */
async function readBeside(all: Found[], reading: Reading): Promise<void> {
  const names = new Set(reading.files.flatMap((it) => it.text.split(/[^\w.-]+/)));
  const charts = reading.files.filter((it) => /(^|\/)Chart\.yaml$/.test(it.path)).map((it) => it.path.slice(0, -"Chart.yaml".length));
  const isNamed = ({ path }: Found) => names.has(path.slice(path.lastIndexOf("/") + 1)) || charts.some((it) => path.startsWith(it));
  const rank = new Map(all.map((it) => [it, isNamed(it) ? 0 : 1]));
  let size = 0;
  for (const it of [...all].sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0))) {
    if (VENDORED.test(it.path)) reading.skip(NOT_OWN);
    else if (CREDENTIALS.test(it.path)) reading.withhold(it.path, isNamed(it));
    else if (PACKED.test(it.path)) await reading.takePacked(it);
    else if (NOT_TEXT_BY_NAME.test(it.path)) reading.skip(NOT_TEXT);
    else if (size >= MOST_BYTES_BESIDE) reading.skip(TOO_MUCH);
    else size += await reading.take(it, LARGEST_BESIDE, TOO_LARGE_BESIDE);
  }
}

/** What has been read so far, and what was left out. */
class Reading {
  readonly files: Content[] = [];
  #size = 0;
  /** Number of files whose bytes were read. */
  #read = 0;
  #skipped = new Map<string, number>();

  /** Counts a file that is not read. */
  skip(why: string): void {
    this.#skipped.set(why, (this.#skipped.get(why) ?? 0) + 1);
  }

  /** Reads a text, and returns its size; 0 when it was left out. */
  async take(found: Found, largest: number, tooLarge: string): Promise<number> {
    const bytes = await this.#bytes(found, largest, tooLarge);
    if (!bytes) return 0;
    const text = new TextDecoder().decode(bytes);
    if (text.includes("\0")) this.skip(NOT_TEXT);
    else this.files.push({ path: tidy(found.path), text });
    return bytes.length;
  }

  /** Leaves out a file that may hold credentials. Where the project names it, the engine has to know that it is there. */
  withhold(path: string, isNamed: boolean): void {
    this.skip(SECRET);
    if (isNamed) this.files.push({ path: tidy(path), text: "", bytes: new Uint8Array() });
  }

  /** Reads a packed subchart. */
  async takePacked(found: Found): Promise<void> {
    const bytes = await this.#bytes(found, LARGEST, TOO_LARGE);
    if (bytes) this.files.push({ path: tidy(found.path), text: "", bytes });
  }

  async #bytes(found: Found, largest: number, tooLarge: string): Promise<Uint8Array | undefined> {
    try {
      const { size, bytes: read } = await found.open();
      if (size > largest) return this.#without(tooLarge);
      // Files that turn out to be no text are read in vain; there is an end to that, too.
      const isFull = !read || this.files.length >= MOST_FILES || this.#read >= 2 * MOST_FILES || this.#size + size > MOST_BYTES;
      if (isFull) return this.#without(TOO_MUCH);
      const bytes = await read();
      this.#read += 1;
      this.#size += bytes.length;
      return bytes;
    } catch {
      return this.#without(UNREADABLE);
    }
  }

  #without(why: string): undefined {
    this.skip(why);
    return undefined;
  }

  summary(unseen: string[]): string {
    if (!this.#skipped.size) return unseen.join(" ");
    const left = [...this.#skipped].map(([why, number]) => `${number.toLocaleString("en")} skipped (${why})`);
    const read = this.files.filter((it) => !isWithheld(it)).length;
    return [`${read.toLocaleString("en")} read, ${left.join(", ")}.`, ...unseen].join(" ");
  }
}

const isProject = ({ path, text }: Content): boolean => PROJECT.test(path) || /^services[ \t]*:/m.test(text);
const isWanted = (path: string): boolean => WANTED.test(path) && !VENDORED.test(path) && !CREDENTIALS.test(path);

/** Replaces archives by what is in them. One that cannot be read takes nothing from the others. */
async function unpacked(found: Found[], reading: Reading): Promise<Found[]> {
  const all: Found[] = [];
  for (const it of found) {
    if (!/\.zip$/i.test(it.path)) {
      all.push(it);
      continue;
    }
    try {
      const { size, bytes } = await it.open();
      if (size > LARGEST_ARCHIVE || !bytes) reading.skip(HUGE_ARCHIVE);
      else all.push(...(await unzipped(await bytes())));
    } catch {
      reading.skip(DAMAGED);
    }
  }
  return all;
}

/** Returns the files of an archive. What is certainly not read is never inflated. */
async function unzipped(bytes: Uint8Array): Promise<Found[]> {
  const { unzipSync } = await import("fflate");
  const sizes = new Map<string, number>();
  unzipSync(bytes, {
    filter({ name, originalSize }) {
      if (!name.endsWith("/")) sizes.set(name, originalSize);
      return false;
    },
  });
  const inflated = new Set<string>();
  let total = 0;
  for (const [name, size] of [...sizes].sort(([a], [b]) => Number(isWanted(b)) - Number(isWanted(a)))) {
    const mayBeRead = !VENDORED.test(name) && (PACKED.test(name) || !NOT_TEXT_BY_NAME.test(name));
    if (!mayBeRead || size > LARGEST || total + size > MOST_INFLATED) continue;
    inflated.add(name);
    total += size;
  }
  const contents = unzipSync(bytes, { filter: ({ name }) => inflated.has(name) });
  return [...sizes].map(([path, size]) => {
    const content = contents[path];
    return { path, open: async () => ({ size, bytes: content && (async () => content) }) };
  });
}

/** What was dropped. */
interface Dropped {
  found: Found[];
  /** Sentences about folders that were not looked at, or not to their end. */
  unseen: string[];
}

/** Returns every file under what was dropped, folders included. A folder of others' files counts as one. */
export async function dropped(data: DataTransfer): Promise<Dropped> {
  // The browser empties the list when the event ends, so the entries are copied first.
  const entries = [...data.items].map((it) => it.webkitGetAsEntry()).filter((it) => it !== null);
  if (!entries.length) return { found: [...data.files].map((file) => ofFile(file)), unseen: [] };
  const found: Found[] = [];
  const unreadable: string[] = [];
  const waiting = entries.map((entry) => ({ entry, path: entry.name }));
  while (waiting.length && found.length < MOST_ENTRIES) {
    const { entry, path } = waiting.pop() as (typeof waiting)[number];
    if (entry.isDirectory && VENDORED.test(path)) {
      found.push({ path: `${path}/`, open: nothing });
    } else if (entry.isDirectory) {
      try {
        for (const child of await children(entry as FileSystemDirectoryEntry)) waiting.push({ entry: child, path: `${path}/${child.name}` });
      } catch (error) {
        unreadable.push(`${path} (${(error as Error).message.replace(/\.$/, "")})`);
      }
    } else {
      found.push({ path, open: async () => opened(await fileOf(entry as FileSystemFileEntry)) });
    }
  }
  const unseen: string[] = [];
  if (unreadable.length) unseen.push(`Could not be read: ${firstOf(unreadable)}.`);
  const next = waiting.at(-1)?.path;
  if (next) unseen.push(`The search ended after ${MOST_ENTRIES.toLocaleString("en")} files; ${next}, for one, was not looked at.`);
  return { found, unseen };
}

/** The content of a folder that is not opened at all. */
async function nothing(): Promise<Opened> {
  return { size: 0, bytes: async () => new Uint8Array() };
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((done, fail) => entry.file(done, fail));
}

/** Returns what is in a folder, or enough of it to end the search. */
async function children(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    all.push(...some);
    if (!some.length || all.length > MOST_ENTRIES) return all;
  }
}

/** Removes the name of the one folder that holds everything, because that folder is the project. */
function withoutCommonFolder(found: Found[]): Found[] {
  const first = found[0]?.path.split("/")[0];
  const common = found.every(({ path }) => path.startsWith(`${first}/`));
  const cut = common && first ? first.length + 1 : 0;
  return found.map((it) => ({ ...it, path: it.path.slice(cut) })).sort((a, b) => (a.path < b.path ? -1 : 1));
}
