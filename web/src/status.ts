import type { Analysis } from "./engine/live";
import type { Trouble } from "./engine/protocol";
import { amount } from "./words";

/** State of the engine, as far as the page has to say it. */
export type EngineState =
  | { kind: "starting" | "ready" | "slow" }
  | { kind: Trouble; message: string }
  | { kind: "large"; length: number };

/** Returns the line about the state of the analysis. */
export function statusOf(analysis: Analysis | undefined, state: EngineState): string {
  if (state.kind === "missing") return "The engine has not arrived";
  if (state.kind === "failed") return "The engine failed";
  if (state.kind === "stopped") return "Stopped";
  if (state.kind === "large") return "Not checked";
  if (state.kind === "slow") return analysis ? "Analysing…" : "Still starting…";
  if (!analysis) return "Starting the engine…";
  const { files, findings } = analysis.report;
  const time = analysis.milliseconds < 1 ? "under 1 ms" : `${Math.round(analysis.milliseconds)} ms`;
  return `${amount(findings.length, "finding")} in ${amount(files.length, "file")}, ${time}`;
}
