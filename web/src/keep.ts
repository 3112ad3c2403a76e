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
/** Keys in the storage of the tab: its name, and what it may not have written to the database any more. */
const TAB_KEY = "plimsoll-tab";
const UNWRITTEN_KEY = "plimsoll-unwritten";
/** Maximum number of projects that are kept; the oldest go first. */
const MOST = 20;
/** Milliseconds to wait for the page that had the name of this tab before, which a reload may not have ended yet. */
const PATIENCE = 300;

/**
 * Keeps the project in the browser's own database, so that closing the page loses nothing. Each tab has an entry of its
 * own, and a new tab goes on with the newest one. What an example or a link brought is not kept before it is changed.
 */
export class Keeper {
  /** Whether what was kept is this tab's own, and not that of another tab or visit. */
  isOwn = false;
  #database: IDBDatabase | undefined;
  #tab = "";
  #release: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiting = false;

  constructor(private readonly project: Project) {}

  /** Opens the database and returns what it keeps. Browsers that allow no database lose only this. */
  async start(): Promise<Kept | undefined> {
    const [database, before] = await Promise.all([openDatabase().catch(() => undefined), this.#takeName()]);
    this.#database = database;
    const unwritten = takeUnwritten();
    const written = await this.#read(before).catch(() => undefined);
    if (unwritten) this.isOwn = true;
    const kept = unwritten && (unwritten.time ?? 0) >= (written?.time ?? 0) ? unwritten : written;
    this.project.onChange(() => this.soon());
    // A page that is hidden may never be shown again, so what waits is written now.
    document.addEventListener("visibilitychange", () => document.hidden && this.flush());
    window.addEventListener("pagehide", () => this.#leave());
    window.addEventListener("pageshow", (event) => event.persisted && void this.#takeName());
    return kept && Array.isArray(kept.files) && kept.files.length ? kept : undefined;
  }

  /** Writes the project when it has been quiet for a moment. */
  soon(): void {
    this.#waiting = !this.project.isBorrowed;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), PAUSE);
  }

  /** Writes what has changed since the last writing. */
  flush(): void {
    clearTimeout(this.#timer);
    if (!this.#waiting || !this.#database) return;
    this.#waiting = false;
    const transaction = this.#database.transaction(STORE, "readwrite", { durability: "relaxed" });
    transaction.objectStore(STORE).put(this.#now(), this.#tab);
    transaction.commit();
  }

  /** Returns what is kept for other tabs and from earlier visits, the newest first. */
  others(): Promise<Kept[]> {
    return new Promise((resolve) => {
      if (!this.#database) return resolve([]);
      const all: Kept[] = [];
      const cursor = this.#database.transaction(STORE).objectStore(STORE).openCursor();
      cursor.onsuccess = () => {
        if (!cursor.result) return resolve(all.sort((a, b) => (b.time ?? 0) - (a.time ?? 0)));
        if (cursor.result.key !== this.#tab) all.push(cursor.result.value as Kept);
        cursor.result.continue();
      };
      cursor.onerror = () => resolve(all);
    });
  }

  /** Forgets everything but the project of this tab. */
  forgetOthers(): void {
    const store = this.#database?.transaction(STORE, "readwrite").objectStore(STORE);
    const keys = store?.getAllKeys();
    if (store && keys) keys.onsuccess = () => keys.result.filter((it) => it !== this.#tab).forEach((it) => store.delete(it));
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
      sessionStorage.removeItem(UNWRITTEN_KEY);
      const hasPacked = this.project.files.some((it) => it.bytes);
      if (this.#waiting && !hasPacked) sessionStorage.setItem(UNWRITTEN_KEY, JSON.stringify(this.#now()));
    } catch {
      // A project that is too large for this storage is left to the database.
    }
    this.flush();
    this.#release?.();
  }

  /**
   * Gives this tab its name, the one that it had before a reload. A tab that was duplicated has the name of another
   * one, and gets a new one. Returns the name under which the project was kept so far.
   */
  async #takeName(): Promise<string | undefined> {
    const before = stored(TAB_KEY) ?? undefined;
    if (before && await this.#hold(before)) this.#tab = before;
    else {
      this.#tab = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
      await this.#hold(this.#tab);
    }
    try {
      sessionStorage.setItem(TAB_KEY, this.#tab);
    } catch {
      // Without a storage, a reload is a new tab.
    }
    return before;
  }

  /** Holds a name as long as this page is shown. Returns whether nobody else holds it. */
  #hold(name: string): Promise<boolean> {
    return new Promise((resolve) => {
      // Absent where the page is served without encryption.
      if (!navigator.locks) return resolve(true);
      navigator.locks.request(`plimsoll-${name}`, { signal: AbortSignal.timeout(PATIENCE) }, () => {
        resolve(true);
        return new Promise<void>((release) => (this.#release = release));
      }).catch(() => resolve(false));
    });
  }

  /** Returns what is kept under a name, or else the newest of all, and forgets the oldest. */
  #read(name: string | undefined): Promise<Kept | undefined> {
    return new Promise((resolve, reject) => {
      if (!this.#database) return resolve(undefined);
      const store = this.#database.transaction(STORE, "readwrite").objectStore(STORE);
      const own = store.get(name ?? "") as IDBRequest<Kept | undefined>;
      const cursor = () => {
        const times: [key: IDBValidKey, time: number][] = [];
        let newest: Kept | undefined;
        const all = store.openCursor();
        all.onsuccess = () => {
          if (!all.result) {
            times.sort(([, a], [, b]) => b - a);
            for (const [key] of times.slice(MOST)) store.delete(key);
            return resolve(newest);
          }
          const kept = all.result.value as Kept;
          times.push([all.result.key, kept.time ?? 0]);
          if (!newest || (kept.time ?? 0) > (newest.time ?? 0)) newest = kept;
          all.result.continue();
        };
        all.onerror = () => reject(new Error("the kept projects cannot be read"));
      };
      own.onsuccess = () => {
        this.isOwn = own.result !== undefined;
        if (own.result) resolve(own.result);
        else cursor();
      };
      own.onerror = () => reject(new Error("the kept project cannot be read"));
    });
  }
}

function stored(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Returns what the last page of this tab may not have written to the database any more. */
function takeUnwritten(): Kept | undefined {
  const text = stored(UNWRITTEN_KEY);
  if (text === null) return undefined;
  sessionStorage.removeItem(UNWRITTEN_KEY);
  try {
    return JSON.parse(text) as Kept;
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
