import type { Report } from "plimsoll";
import type { Project } from "../project";
import type { Engine } from "./client";

/** Long enough to swallow a burst of keys, short enough to feel immediate. */
const PAUSE = 120;

export interface Analysis {
  report: Report;
  milliseconds: number;
  /** The version of the project that was analysed. */
  version: number;
}

/**
 * Analyses the project again and again while it changes: one analysis at a time, and only results
 * for the text as it stands now are handed on.
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
    // What was typed in the meantime has had its pause already.
    if (this.#analysed !== this.project.version) this.#soon(0);
  }
}
