import { Workspace, type Edit, type Report } from "plimsoll";
import type { Content } from "../project";
import type { Fixed } from "./protocol";

/** Maximum number of rounds: a fix may make room for the next one, but never without end. */
const ROUNDS = 10;

/** Applies every safe fix, round by round. A round that would break a file is not taken. */
export function fixAll(contents: Content[]): Fixed {
  const texts = new Map(contents.map((it) => [it.path, it.text]));
  const workspace = new Workspace();
  for (const { path, text } of contents) workspace.set(path, text);
  const titles: string[] = [];
  let report = workspace.report();
  for (let round = 0; round < ROUNDS; round += 1) {
    const chosen = compatible(report);
    if (!chosen.edits.length) break;
    const before = new Map(texts);
    for (const path of new Set(chosen.edits.map((it) => it.path))) {
      const text = texts.get(path);
      if (text === undefined) continue;
      texts.set(path, applied(text, chosen.edits.filter((it) => it.path === path)));
      workspace.set(path, texts.get(path) ?? "");
    }
    const next = workspace.report();
    if (broken(next) > broken(report)) {
      for (const [path, text] of before) texts.set(path, text);
      break;
    }
    titles.push(...chosen.titles);
    report = next;
  }
  const files = contents.filter((it) => texts.get(it.path) !== it.text);
  return { files: files.map(({ path }) => ({ path, text: texts.get(path) ?? "" })), titles };
}

function broken(report: Report): number {
  return report.findings.filter((it) => it.code.startsWith("PLM00") && it.severity === "error").length;
}

/** Returns safe fixes whose edits do not touch one another; the others wait for the next round. */
function compatible(report: Report): { edits: Edit[]; titles: string[] } {
  const taken = new Map<string, Edit[]>();
  const edits: Edit[] = [];
  const titles: string[] = [];
  for (const finding of report.findings) {
    const fix = finding.fixes.find((it) => it.safety === "safe");
    if (!fix || fix.edits.some((it) => (taken.get(it.path) ?? []).some((other) => touches(it, other)))) continue;
    for (const it of fix.edits) taken.set(it.path, [...(taken.get(it.path) ?? []), it]);
    edits.push(...fix.edits);
    titles.push(fix.title);
  }
  return { edits, titles };
}

function touches(a: Edit, b: Edit): boolean {
  return a.range.start.offset <= b.range.end.offset && b.range.start.offset <= a.range.end.offset;
}

/** Applies edits, whose offsets count bytes of UTF-8. */
function applied(text: string, edits: Edit[]): string {
  const bytes = new TextEncoder().encode(text);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let result = "";
  let done = 0;
  for (const { range, text: insert } of [...edits].sort((a, b) => a.range.start.offset - b.range.start.offset)) {
    result += decoder.decode(bytes.subarray(done, range.start.offset)) + insert;
    done = range.end.offset;
  }
  return result + decoder.decode(bytes.subarray(done));
}
