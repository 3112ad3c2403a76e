import type { Project } from "../project";
import { EngineError, type Engine } from "./client";
import type { Core, Part, Parts, Trouble } from "./protocol";

/**
 * Bounds of the milliseconds to wait after a key. In between, the wait is a part of what the last analysis took: keys
 * that come while one runs are taken together anyway.
 */
const SHORTEST_PAUSE = 10;
const LONGEST_PAUSE = 250;
const PART = 0.25;
/** Milliseconds after which the page says that an analysis takes long. */
const LONG = 1500;
/** Maximum length of all texts together that are analysed without asking. */
const LARGE = 3_000_000;

export interface Analysis {
  report: Core;
  /** The parts of the report that have been asked for. */
  parts: Parts;
  milliseconds: number;
  engine: string;
  /** The version of the project that was analysed. */
  version: number;
}

export interface Listener {
  /** Parts of the report that are shown. */
  wanted(): Part[];
  done(analysis: Analysis): void;
  failed(message: string, trouble: Trouble): void;
  /** The files are too large to be analysed without asking. */
  refused(length: number): void;
  /** An analysis has been running for a while. */
  slow(): void;
}

/**
 * Analyses the project whenever it changes. One analysis runs at a time, and results for an older
 * text are dropped.
 */
export class Live {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #busy = false;
  #lastTook = 0;
  /** Set while the engine has not arrived: asking again at every key would only fail again. */
  #stopped = false;
  /** Set when somebody wants large files to be analysed all the same. */
  #anyway = false;

  constructor(private readonly engine: Engine, private readonly project: Project, private readonly listener: Listener) {
    project.onChange((change) => {
      if (this.#stopped || change === "active") return;
      this.#soon(change === "text" ? Math.min(Math.max(this.#lastTook * PART, SHORTEST_PAUSE), LONGEST_PAUSE) : 0);
    });
  }

  /** Asks the engine again after it did not arrive. */
  retry(): void {
    this.#stopped = false;
    this.#soon(0);
  }

  /** Analyses the files however large they are. */
  runAnyway(): void {
    this.#anyway = true;
    this.#soon(0);
  }

  #soon(pause: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#run(), pause);
  }

  async #run(): Promise<void> {
    if (this.#busy) return;
    const length = this.project.files.reduce((sum, it) => sum + it.text.length, 0);
    if (length > LARGE && !this.#anyway) return this.listener.refused(length);
    this.#busy = true;
    let { version } = this.project;
    const slow = setTimeout(() => this.listener.slow(), LONG);
    try {
      const start = performance.now();
      const result = await this.engine.report(this.project.contents(), this.project.answers, this.listener.wanted());
      this.#lastTook = performance.now() - start;
      if (version === this.project.version) this.listener.done({ ...result, version });
    } catch (error) {
      const trouble = error instanceof EngineError ? error.trouble : "failed";
      this.#stopped = trouble === "missing";
      if (trouble === "stopped") {
        // Changes made before it was stopped do not start it again.
        clearTimeout(this.#timer);
        version = this.project.version;
      }
      this.listener.failed(error instanceof Error ? error.message : String(error), trouble);
    }
    clearTimeout(slow);
    this.#busy = false;
    // Changes made during the analysis have waited long enough.
    if (!this.#stopped && version !== this.project.version) this.#soon(0);
  }
}
