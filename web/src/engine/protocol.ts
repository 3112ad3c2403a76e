import type { Explanation, Report, Rule } from "plimsoll";

/** Questions to the worker, which keeps the files, so that only changes are sent. */
export type Question =
  | { kind: "report"; set: [path: string, text: string][]; remove: string[]; answers: Record<string, string> }
  | { kind: "rules" }
  | { kind: "explain"; code: string };

export interface Answers {
  report: { report: Report; milliseconds: number };
  rules: Rule[];
  explain: Explanation | undefined;
}

export type Request = Question & { id: number };
export type Reply = { id: number; answer: unknown } | { id: number; failure: string };
