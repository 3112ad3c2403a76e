import type { Explanation, Report, Rule } from "plimsoll";
import type { Content } from "../project";

/** Parts of a report that only one panel shows. They are large, so they are sent only when that panel is there. */
export type Part = "decision" | "map";
export type Parts = Partial<Pick<Report, Part>>;
/** A report without these parts. */
export type Core = Omit<Report, Part>;

/** Questions to the worker, which keeps the files, so that only changes are sent. */
export type Question =
  | { kind: "start" }
  | { kind: "report"; fresh: boolean; set: [path: string, text: string][]; remove: string[]; answers: Record<string, string>; parts: Part[] }
  | { kind: "parts"; parts: Part[] }
  | { kind: "fixAll"; files: Content[] }
  | { kind: "rules" }
  | { kind: "explain"; code: string };

export interface Answers {
  start: undefined;
  report: { report: Core; parts: Parts; milliseconds: number; engine: string };
  /** Parts of the last report. */
  parts: Parts;
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

/** Why a question has no answer: the engine did not arrive, failed on this input, or was stopped. */
export type Trouble = "missing" | "failed" | "stopped";

export type Request = Question & { id: number };
export type Reply = { id: number; answer: unknown } | { id: number; failure: string; trouble: Trouble };
