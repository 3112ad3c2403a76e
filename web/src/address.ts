import type { Project } from "./project";
import { pack } from "./share";

/** Maximum length of a link: browsers and chat programs cut longer ones. */
const LIMIT = 100_000;
/** Maximum length of the texts that are packed into the address while somebody works. */
const LIVE_LIMIT = 60_000;
const PAUSE = 1000;

/** What an address asks for. */
export interface Wanted {
  rule: string | undefined;
  example: string | undefined;
  files: string | undefined;
}

/**
 * The part of the address after `#`, which names what is shown: `#rule=CODE` for a rule, `#example=NAME` while an
 * example is untouched, or else `#files=…` with the project itself.
 */
export class Address {
  /** Code of the rule that is shown; the address names nothing else meanwhile. */
  #rule: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `onWrite` is called when the address has changed. */
  constructor(private readonly project: Project, private readonly onWrite: () => void) {
    project.onChange((change) => {
      if (change !== "active") this.#soon();
    });
  }

  read(): Wanted {
    const parameters = new URLSearchParams(location.hash.slice(1));
    const get = (name: string) => parameters.get(name) ?? undefined;
    return { rule: get("rule"), example: get("example"), files: get("files") };
  }

  /** Names a rule in the address, as a step from which the browser can go back, or the project again. */
  showRule(code: string | undefined): void {
    if (code === this.#rule) return;
    this.#rule = code;
    if (!code) return this.#soon(0);
    const hash = `#rule=${encodeURIComponent(code)}`;
    if (location.hash === hash) return;
    history.replaceState(this.project.id, "");
    history.pushState(this.project.id, "", hash);
    this.onWrite();
  }

  /** Whether the browser has gone to an older text of the project that is shown, which must not be opened again. */
  isOlder(): boolean {
    return !this.read().rule && history.state === this.project.id;
  }

  /** Names the project again where the browser has gone to an older text of it. */
  renew(): void {
    this.#soon(0);
  }

  /** Puts a link into the address. */
  show(link: string): void {
    this.#write(new URL(link).hash);
  }

  /** Returns a link that carries the project; `undefined` when it is too large for one. */
  async link(): Promise<string | undefined> {
    const packed = await pack({ files: this.project.contents(), answers: this.project.answers });
    const link = new URL(`#files=${packed}`, location.href).href;
    return link.length < LIMIT ? link : undefined;
  }

  #soon(pause = PAUSE): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#follow(), pause);
  }

  async #follow(): Promise<void> {
    if (this.#rule) return;
    const { project } = this;
    const example = project.untouchedExample();
    if (example && !Object.keys(project.answers).length) return this.#write(`#example=${encodeURIComponent(example)}`);
    const small = project.files.reduce((sum, it) => sum + it.text.length + (it.bytes?.length ?? 0), 0) < LIVE_LIMIT;
    const { version } = project;
    const link = small ? await this.link() : undefined;
    // A project too large for a link empties the address, so that the address never names an older state.
    if (version !== project.version || this.#rule) return;
    if (link) this.show(link);
    else this.#write("#");
  }

  #write(hash: string): void {
    if (location.hash === hash || (hash === "#" && !location.hash)) return;
    history.replaceState(this.project.id, "", hash);
    this.onWrite();
  }
}
