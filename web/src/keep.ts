import { newName, type Content, type Project } from "./project";

/** A project as the browser keeps it between visits. */
export interface Kept {
  /** The name of the project, under which it is kept. */
  id: string;
  /** Name of the tab that shows the project; `undefined` once another project took its place there. */
  tab: string | undefined;
  files: Content[];
  active: string | undefined;
  answers: Record<string, string>;
  example: string | undefined;
  /** The part of the address after `#` that named the project when it was kept; empty once another took its place. */
  hash: string;
  /** When the project was kept, in milliseconds since 1970. */
  time: number;
}

/** A project that this tab may open again. */
export interface Earlier extends Kept {
  /** Whether another tab shows it now. */
  isOpen: boolean;
}

const PAUSE = 400;
const STORE = "project";
/** Keys in the storage of the tab: its name, and what it may not have written to the database any more. */
const TAB_KEY = "plimsoll-tab";
const UNWRITTEN_KEY = "plimsoll-unwritten";
/** What the names of tabs begin with where they are locked. */
const LOCK = "plimsoll-";
/** Maximum number of projects that are kept; the oldest go first. */
const MOST = 20;
/** Milliseconds to wait for the page that had the name of this tab before, which a reload may not have ended yet. */
const PATIENCE = 300;

/**
 * Keeps projects in the browser's own database, so that neither closing the page nor opening another project loses
 * anything. A new tab goes on with the newest one. What an example or a link brought is not kept before it is changed.
 */
export class Keeper {
  #database: IDBDatabase | undefined;
  #tab = "";
  /** The project that was shown last. */
  #id = "";
  #release: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiting = false;
  #failed = false;

  /** `onFailure` is called when the browser no longer keeps the project, for want of room. */
  constructor(private readonly project: Project, private readonly onFailure: () => void) {}

  /** Opens the database and returns what it keeps for this tab. Browsers that allow no database lose only this. */
  async start(): Promise<Earlier | undefined> {
    const [database, before] = await Promise.all([openDatabase().catch(() => undefined), this.#takeName()]);
    this.#database = database;
    const unwritten = takeUnwritten();
    const written = await this.#read(before).catch(() => undefined);
    const kept = unwritten && unwritten.time >= (written?.time ?? 0) ? unwritten : written;
    void this.#forget(MOST);
    this.#id = this.project.id;
    this.project.onChange(() => {
      if (this.project.id !== this.#id) void this.#claim();
      this.soon();
    });
    this.project.onLeave(() => this.#setAside());
    // A page that is hidden may never be shown again, so what waits is written now.
    document.addEventListener("visibilitychange", () => document.hidden && this.flush());
    window.addEventListener("pagehide", () => this.#leave());
    window.addEventListener("pageshow", (event) => event.persisted && void this.#takeName());
    return kept && Array.isArray(kept.files) && kept.files.length ? this.#asEarlier(kept, await openTabs()) : undefined;
  }

  /** Writes the project when it has been quiet for a moment. */
  soon(): void {
    this.#waiting = !this.project.isBorrowed;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), PAUSE);
  }

  /** Gives the project a name of its own where another tab shows it: undo may bring it back here meanwhile. */
  async #claim(): Promise<void> {
    const { id } = this.project;
    this.#id = id;
    const store = this.#store("readonly");
    const [open, kept] = await Promise.all([openTabs(), store ? resultOf<Kept | undefined>(store.get(id)) : undefined]);
    const isShown = kept !== undefined && this.#asEarlier(kept, open).isOpen;
    if (isShown && this.project.id === id) this.#id = this.project.id = newName();
  }

  /** Writes what has changed since the last writing. */
  flush(): void {
    clearTimeout(this.#timer);
    if (!this.#waiting || !this.#database) return;
    this.#waiting = false;
    this.#write(this.project.isEmpty() ? undefined : this.#now());
  }

  /** Returns what else is kept, the newest first. */
  async others(): Promise<Earlier[]> {
    const store = this.#store("readonly");
    const [open, all] = await Promise.all([openTabs(), store ? resultOf<Kept[]>(store.index("time").getAll()) : []]);
    return all.reverse().filter((it) => it.id !== this.project.id).map((it) => this.#asEarlier(it, open));
  }

  /** Forgets a project. */
  async forget(id: string): Promise<void> {
    const store = this.#store("readwrite");
    if (store) await resultOf(store.delete(id));
  }

  /** Forgets everything but the projects that tabs show. */
  forgetOthers(): Promise<void> {
    return this.#forget(0);
  }

  /** Forgets all but the newest projects and those that tabs show. */
  async #forget(most: number): Promise<void> {
    const open = await openTabs();
    const store = this.#store("readwrite");
    if (!store) return;
    const spared = new Set<IDBValidKey | undefined>([this.project.id]);
    for (const tab of open) spared.add(await resultOf(store.index("tab").getKey(tab)));
    const all = await resultOf(store.index("time").getAllKeys());
    for (const id of all.slice(0, Math.max(0, all.length - most))) {
      if (!spared.has(id)) await resultOf(store.delete(id));
    }
  }

  /** Keeps the project, which leaves this tab: its steps can be taken back only as long as the page is open. */
  #setAside(): void {
    this.flush();
    const { project } = this;
    if (project.isBorrowed) return;
    const isOwnWork = !project.isEmpty() && !project.untouchedExample();
    this.#write(isOwnWork ? { ...this.#now(), tab: undefined, hash: "" } : undefined);
    void this.#forget(MOST);
  }

  /** Writes the project, or removes it. */
  #write(kept: Kept | undefined): void {
    const store = this.#store("readwrite");
    if (!store) return;
    if (kept) store.put(kept);
    else store.delete(this.project.id);
    const { transaction } = store;
    transaction.oncomplete = () => (this.#failed = false);
    transaction.onabort = () => {
      if (!this.#failed) this.onFailure();
      this.#failed = true;
    };
    transaction.commit();
  }

  #store(mode: IDBTransactionMode): IDBObjectStore | undefined {
    return this.#database?.transaction(STORE, mode, { durability: "relaxed" }).objectStore(STORE);
  }

  #now(): Kept {
    const { project } = this;
    return {
      id: project.id, tab: this.#tab, files: project.contents(), active: project.active?.path, answers: project.answers,
      example: project.untouchedExample(), hash: location.hash, time: Date.now(),
    };
  }

  #asEarlier(kept: Kept, open: Set<string>): Earlier {
    return { ...kept, isOpen: kept.tab !== undefined && kept.tab !== this.#tab && open.has(kept.tab) };
  }

  /** Writes what waits, also where the next page of this tab finds it if the database is not done by then. */
  #leave(): void {
    try {
      // A page that was kept and shown again may have left an older state here.
      sessionStorage.removeItem(UNWRITTEN_KEY);
      const hasPacked = this.project.files.some((it) => it.bytes?.length);
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
      this.#tab = newName();
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
      navigator.locks.request(LOCK + name, { signal: AbortSignal.timeout(PATIENCE) }, () => {
        resolve(true);
        return new Promise<void>((release) => (this.#release = release));
      }).catch(() => resolve(false));
    });
  }

  /** Returns what is kept for a tab, or else the newest of all. */
  async #read(tab: string | undefined): Promise<Kept | undefined> {
    const store = this.#store("readonly");
    if (!store) return undefined;
    const own = tab && await resultOf<Kept | undefined>(store.index("tab").get(tab));
    if (own) return own;
    const newest = await resultOf(store.index("time").openCursor(null, "prev"));
    return newest?.value as Kept | undefined;
  }
}

/** Returns the names of the tabs that are open. */
async function openTabs(): Promise<Set<string>> {
  // Absent where the page is served without encryption.
  const held = (await navigator.locks?.query())?.held ?? [];
  return new Set(held.flatMap(({ name }) => (name?.startsWith(LOCK) ? name.slice(LOCK.length) : [])));
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the database does not answer"));
  });
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
    const request = indexedDB.open("plimsoll-projects", 1);
    request.onupgradeneeded = () => {
      const store = request.result.createObjectStore(STORE, { keyPath: "id" });
      store.createIndex("time", "time");
      store.createIndex("tab", "tab");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Error("no database"));
    request.onblocked = () => reject(new Error("the database is in use"));
  });
}
