import type { ReportFormat } from "plimsoll";
import type { Content } from "../project";
import type { Answers, Part, Question, Reply, Trouble } from "./protocol";

interface Waiting {
  resolve: (answer: never) => void;
  reject: (error: Error) => void;
}

/** A question without an answer. */
export class EngineError extends Error {
  constructor(message: string, readonly trouble: Trouble) {
    super(message);
  }
}

/** The engine in its worker. Each call sends only what changed since the last one. */
export class Engine {
  #worker: Worker | undefined;
  #waiting = new Map<number, Waiting>();
  #nextId = 1;
  /** Files as the worker last received them; `undefined` when that is unknown. */
  #sent: Map<string, string | Uint8Array> | undefined;

  /** Fetches and starts the engine before the first question. A failure shows with that question. */
  start(): void {
    this.#ask({ kind: "start" }).catch(() => undefined);
  }

  report(files: Content[], answers: Record<string, string>, parts: Part[]): Promise<Answers["report"]> {
    const sent = this.#sent ?? new Map<string, string | Uint8Array>();
    const now = new Map(files.map((it) => [it.path, it.bytes ?? it.text]));
    const remove = [...sent.keys()].filter((path) => !now.has(path));
    const set = [...now].filter(([path, content]) => sent.get(path) !== content);
    const fresh = this.#sent === undefined;
    this.#sent = now;
    return this.#ask({ kind: "report", fresh, remove, answers, set, parts });
  }

  /** Returns parts of the last report. */
  parts(parts: Part[]): Promise<Answers["parts"]> {
    return this.#ask({ kind: "parts", parts });
  }

  /** Returns the last report in a format of the command. */
  render(format: ReportFormat): Promise<Answers["render"]> {
    return this.#ask({ kind: "render", format });
  }

  fixAll(files: Content[]): Promise<Answers["fixAll"]> {
    return this.#ask({ kind: "fixAll", files });
  }

  rules(): Promise<Answers["rules"]> {
    return this.#ask({ kind: "rules" });
  }

  explain(code: string): Promise<Answers["explain"]> {
    return this.#ask({ kind: "explain", code });
  }

  /** Returns what is known of a place besides findings. */
  hover(path: string, offset: number): Promise<Answers["hover"]> {
    return this.#ask({ kind: "hover", path, offset });
  }

  definition(path: string, offset: number): Promise<Answers["definition"]> {
    return this.#ask({ kind: "definition", path, offset });
  }

  /** Gives up on what is running; the next question starts a new worker. */
  stop(): void {
    this.#stopped("the analysis was stopped", "stopped");
  }

  #ask<K extends Question["kind"]>(question: Question & { kind: K }): Promise<Answers[K]> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#running().postMessage({ ...question, id });
    });
  }

  #running(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (!("failure" in data)) return waiting?.resolve(data.answer as never);
      // After a failure it is unknown which files arrived, so the next report sends all of them.
      this.#sent = undefined;
      waiting?.reject(new EngineError(data.failure, data.trouble));
    };
    worker.onerror = (event) => this.#stopped(event.message || "its script could not be loaded", "missing");
    this.#worker = worker;
    return worker;
  }

  /** Drops the worker and its state; the next question starts a new one. */
  #stopped(why: string, trouble: Trouble): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#sent = undefined;
    for (const { reject } of this.#waiting.values()) reject(new EngineError(why, trouble));
    this.#waiting.clear();
  }
}
