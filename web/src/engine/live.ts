import type { Report } from "plimsoll";
import type { Project } from "../project";
import type { Engine } from "./client";

/** Milliseconds to wait after a key: longer than the gaps of a burst, short enough to feel immediate. */
const PAUSE = 120;

export interface Analysis {
  report: Report;
  milliseconds: number;
  /** The version of the project that was analysed. */
  version: number;
}

/**
 * Analyses the project whenever it changes. One analysis runs at a time, and results for an older
 * text are dropped.
 */
export class Live {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #busy = false;
  #analysed = -1;

  constructor(
    private readonly engine: Engine,
    private readonly project: Project,
    private readonly onAnalysis: (analysis: Analysis) => void,
    private readonly onFailure: (message: string) => void,
  ) {
    project.onChange((change) => {
      if (change === "text") this.#soon(PAUSE);
      else if (change === "files") this.#soon(0);
    });
  }

  #soon(pause: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#run(), pause);
  }

  async #run(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    const { version } = this.project;
    try {
      const result = await this.engine.report(this.project.contents(), this.project.answers);
      if (version === this.project.version) this.onAnalysis({ ...result, version });
    } catch (error) {
      this.onFailure(error instanceof Error ? error.message : String(error));
    }
    this.#analysed = version;
    this.#busy = false;
    // Changes made during the analysis have waited long enough.
    if (this.#analysed !== this.project.version) this.#soon(0);
  }
}
