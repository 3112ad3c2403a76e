import type { Content } from "../project";
import type { Answers, Question, Reply } from "./protocol";

interface Waiting {
  resolve: (answer: never) => void;
  reject: (error: Error) => void;
}

/** The engine in its worker. Each call sends only what changed since the last one. */
export class Engine {
  #worker: Worker | undefined;
  #waiting = new Map<number, Waiting>();
  #nextId = 1;
  /** Texts of the files as the worker last received them. */
  #sent = new Map<string, string>();

  report(files: Content[], answers: Record<string, string>): Promise<Answers["report"]> {
    const remove = [...this.#sent.keys()].filter((path) => !files.some((it) => it.path === path));
    const set = files.filter((it) => this.#sent.get(it.path) !== it.text);
    this.#sent = new Map(files.map((it) => [it.path, it.text]));
    return this.#ask({ kind: "report", remove, answers, set: set.map((it) => [it.path, it.text]) });
  }

  rules(): Promise<Answers["rules"]> {
    return this.#ask({ kind: "rules" });
  }

  explain(code: string): Promise<Answers["explain"]> {
    return this.#ask({ kind: "explain", code });
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
      // After a failure it is unknown which files arrived, so the next question starts a new worker.
      if ("failure" in data) return this.#stopped(data.failure);
      this.#waiting.get(data.id)?.resolve(data.answer as never);
      this.#waiting.delete(data.id);
    };
    worker.onerror = (event) => this.#stopped(event.message || "the engine could not be started");
    this.#worker = worker;
    return worker;
  }

  /** Drops the worker and its state; the next question starts a new one. */
  #stopped(why: string): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#sent.clear();
    for (const { reject } of this.#waiting.values()) reject(new Error(why));
    this.#waiting.clear();
  }
}
