import type { Content, Project } from "./project";

/** The project as the browser keeps it between visits. */
export interface Kept {
  files: Content[];
  active: string | undefined;
  answers: Record<string, string>;
  example: string | undefined;
  /** The part of the address after `#` when the project was kept. */
  hash: string;
  /** When the project was kept, in milliseconds since 1970. Older entries have none. */
  time?: number;
}

const PAUSE = 400;
const STORE = "project";
const KEY = "current";
/** The key in the storage of the tab, which all pages of an origin share. */
const TAB_KEY = "plimsoll-unwritten";

/** Keeps the project in the browser's own database, so that closing the page loses nothing. */
export class Keeper {
  #database: IDBDatabase | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiting = false;

  constructor(private readonly project: Project) {}

  /** Opens the database and returns what it keeps. Browsers that allow no database lose only this. */
  async start(): Promise<Kept | undefined> {
    this.#database = await openDatabase().catch(() => undefined);
    const unwritten = takeUnwritten();
    const written = await this.#read().catch(() => undefined);
    const kept = unwritten && (unwritten.time ?? 0) >= (written?.time ?? 0) ? unwritten : written;
    this.project.onChange(() => this.soon());
    // A page that is hidden may never be shown again, so what waits is written now.
    document.addEventListener("visibilitychange", () => document.hidden && this.flush());
    window.addEventListener("pagehide", () => this.#leave());
    return kept && Array.isArray(kept.files) && kept.files.length ? kept : undefined;
  }

  /** Writes the project when it has been quiet for a moment. */
  soon(): void {
    this.#waiting = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), PAUSE);
  }

  /** Writes what has changed since the last writing. */
  flush(): void {
    clearTimeout(this.#timer);
    if (!this.#waiting || !this.#database) return;
    this.#waiting = false;
    const transaction = this.#database.transaction(STORE, "readwrite", { durability: "relaxed" });
    transaction.objectStore(STORE).put(this.#now(), KEY);
    transaction.commit();
  }

  #now(): Kept {
    const { project } = this;
    return {
      files: project.contents(), active: project.active?.path, answers: project.answers,
      example: project.untouchedExample(), hash: location.hash, time: Date.now(),
    };
  }

  /** Writes what waits, also where the next page of this tab finds it if the database is not done by then. */
  #leave(): void {
    try {
      // A page that was kept and shown again may have left an older state here.
      sessionStorage.removeItem(TAB_KEY);
      if (this.#waiting) sessionStorage.setItem(TAB_KEY, JSON.stringify(this.#now()));
    } catch {
      // A project that is too large for this storage is left to the database.
    }
    this.flush();
  }

  #read(): Promise<Kept | undefined> {
    return new Promise((resolve, reject) => {
      if (!this.#database) return resolve(undefined);
      const request = this.#database.transaction(STORE).objectStore(STORE).get(KEY) as IDBRequest<Kept | undefined>;
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(new Error("the kept project cannot be read"));
    });
  }
}

/** Returns what the last page of this tab may not have written to the database any more. */
function takeUnwritten(): Kept | undefined {
  try {
    const text = sessionStorage.getItem(TAB_KEY);
    sessionStorage.removeItem(TAB_KEY);
    return text === null ? undefined : JSON.parse(text) as Kept;
  } catch {
    return undefined;
  }
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("plimsoll", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Error("no database"));
    request.onblocked = () => reject(new Error("the database is in use"));
  });
}
