import { applyFixes, Workspace, type Fix, type Report } from "plimsoll";
import type { Content } from "../project";
import type { Fixed } from "./protocol";

/** Maximum number of rounds: a fix may make room for the next one, but never without end. */
const ROUNDS = 10;

/** Applies every safe fix, round by round. A round that would break a file is not taken. */
export function fixAll(contents: Content[]): Fixed {
  const workspace = new Workspace();
  for (const { path, text, bytes } of contents) workspace.set(path, bytes ?? text);
  const titles: string[] = [];
  let texts = new Map(contents.filter((it) => !it.bytes).map((it) => [it.path, it.text]));
  let report = workspace.report();
  for (let round = 0; round < ROUNDS; round += 1) {
    const fixes = safeFixes(report);
    const before = [...texts].map(([path, text]) => ({ path, text }));
    const { files, applied } = applyFixes(before, fixes);
    if (!applied.includes(true)) break;
    const after = new Map(files.map((it, index) => [it.path, "text" in it ? it.text : before[index]?.text ?? ""]));
    for (const [path, text] of after) if (texts.get(path) !== text) workspace.set(path, text);
    const next = workspace.report();
    if (broken(next) > broken(report)) break;
    titles.push(...fixes.filter((_, index) => applied[index]).map((it) => it.title));
    texts = after;
    report = next;
  }
  workspace.dispose();
  const changed = contents.filter(({ path, text }) => (texts.get(path) ?? text) !== text);
  return { files: changed.map(({ path }) => ({ path, text: texts.get(path) ?? "" })), titles };
}

/** Returns the first safe fix of each finding. */
function safeFixes(report: Report): Fix[] {
  return report.findings.flatMap((finding) => finding.fixes.find((it) => it.safety === "safe") ?? []);
}

function broken(report: Report): number {
  return report.findings.filter((it) => it.code.startsWith("PLM00") && it.severity === "error").length;
}
