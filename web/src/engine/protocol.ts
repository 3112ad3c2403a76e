import type { Explanation, Report, Rule } from "plimsoll";
import type { Content } from "../project";

/** Questions to the worker, which keeps the files, so that only changes are sent. */
export type Question =
  | { kind: "report"; fresh: boolean; set: [path: string, text: string][]; remove: string[]; answers: Record<string, string> }
  | { kind: "fixAll"; files: Content[] }
  | { kind: "rules" }
  | { kind: "explain"; code: string };

export interface Answers {
  report: { report: Report; milliseconds: number; engine: string };
  fixAll: Fixed;
  rules: Rule[];
  explain: Explanation | undefined;
}

/** The files that safe fixes changed. */
export interface Fixed {
  files: Content[];
  /** Titles of the fixes that were applied. */
  titles: string[];
}

/** Why a question has no answer: the engine did not arrive, or failed on this input. */
export type Trouble = "missing" | "failed";

export type Request = Question & { id: number };
export type Reply = { id: number; answer: unknown } | { id: number; failure: string; trouble: Trouble };
