import type { Example } from "../gallery";
import type { Content, Project } from "../project";
import { pack, unpack } from "../share";
import { toast } from "./dom";

/** Maximum length of a link: browsers and chat programs cut longer ones. */
const LIMIT = 100_000;
const PAUSE = 700;

/**
 * Keeps the project in the part of the address after `#`, so that reloading loses nothing:
 * `#files=…`, or `#example=NAME` while an example is untouched. `#rule=CODE` opens a rule.
 */
export class Address {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly project: Project) {
    project.onChange((change) => {
      if (change === "active") return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.link(), PAUSE);
    });
  }

  isExample(name: string): void {
    clearTimeout(this.#timer);
    history.replaceState(null, "", `#example=${encodeURIComponent(name)}`);
  }

  /** Writes the project into the address and returns it; `undefined` when it is too large for a link. */
  async link(): Promise<string | undefined> {
    clearTimeout(this.#timer);
    const { version } = this.project;
    const packed = await pack({ files: this.project.contents(), answers: this.project.answers });
    const link = new URL(`#files=${packed}`, location.href).href;
    const fits = link.length < LIMIT;
    // A project too large for a link empties the address, so that the address never names an older state.
    if (version === this.project.version) history.replaceState(null, "", fits ? link : "#");
    return fits ? link : undefined;
  }

  /** Shows the project that the address names. Returns whether there was one. */
  async restore(openRule: (code: string) => void, example: (name: string) => Promise<Example | undefined>): Promise<boolean> {
    const parameters = new URLSearchParams(location.hash.slice(1));
    const rule = parameters.get("rule");
    if (rule) openRule(rule);
    const files = parameters.get("files");
    try {
      if (files) {
        const shared = await unpack(files);
        this.project.replace(shared.files, shared.answers);
        return true;
      }
    } catch {
      toast("This link is damaged or incomplete, so an example is shown instead.");
    }
    const named = await example(parameters.get("example") ?? "");
    if (named) {
      this.project.replace(named.files satisfies Content[]);
      this.isExample(named.name);
    }
    return named !== undefined;
  }
}
