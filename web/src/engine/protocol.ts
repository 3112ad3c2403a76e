import type { Comparison, Explanation, Hover, Place, RenderedTarget, Report, ReportFormat, Rule } from "plimsoll";
import type { Content } from "../project";

/**
 * What only one panel shows: parts of the report, the comparison, and what each target gets. They are large or take
 * work of their own, so they are made and sent only when that panel is there.
 */
export type Part = keyof Parts;
export type Parts = Partial<Pick<Report, "decision" | "map"> & { comparison: Comparison; rendered: RenderedTarget[] }>;
/** A report without the parts that only one panel shows. */
export type Core = Omit<Report, "decision" | "map">;

/** Questions to the worker, which keeps the files, so that only changes are sent. */
export type Question =
  | { kind: "start" }
  | { kind: "report"; fresh: boolean; set: [path: string, content: string | Uint8Array][]; remove: string[]; answers: Record<string, string>; parts: Part[] }
  | { kind: "parts"; parts: Part[] }
  | { kind: "render"; format: ReportFormat }
  | { kind: "fixAll"; files: Content[] }
  | { kind: "rules" }
  | { kind: "explain"; code: string }
  | { kind: "hover" | "definition"; path: string; offset: number };

export interface Answers {
  start: undefined;
  report: { report: Core; parts: Parts; milliseconds: number; engine: string };
  /** Parts of the last report. */
  parts: Parts;
  /** The last report in a format of the command. */
  render: string;
  fixAll: Fixed;
  rules: Rule[];
  explain: Explanation | undefined;
  /** About the files of the last report, by bytes. */
  hover: Hover | null;
  definition: Place[];
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
