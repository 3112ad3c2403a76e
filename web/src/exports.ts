import type { Decision } from "plimsoll";
import type { Core } from "./engine/protocol";
import { inWords } from "./answers";
import { place } from "./positions";
import type { Content } from "./project";
import { amount, NAMES, PLATFORMS, SEVERITIES } from "./words";

/** Returns the findings as Markdown, worst first, to be pasted into a review. */
export function reportMarkdown({ findings, files }: Core): string {
  const lines = [`# Plimsoll: ${amount(findings.length, "finding")} in ${amount(files.length, "file")}`, ""];
  for (const severity of SEVERITIES) {
    const here = findings.filter((it) => it.severity === severity);
    if (!here.length) continue;
    lines.push(`## ${severity.charAt(0).toUpperCase()}${severity.slice(1)} (${here.length})`, "");
    for (const it of here) {
      lines.push(`- **${it.code}** \`${place(it.path, it.range)}\` ${it.subject ? `${it.subject}: ` : ""}${it.message}`);
      for (const help of it.help.slice(0, 1)) lines.push(`  - ${help}`);
    }
    lines.push("");
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

/** Returns the decision as a Markdown record: what was decided, from what evidence, and what would change it. */
export function decisionMarkdown(decision: Decision, answers: Record<string, string>, day: string): string {
  const given = Object.entries(answers).map(([key, value]) => inWords(key, value));
  const { outcome } = decision;
  const parts = [
    `# Decision: ${PLATFORMS[outcome.platform] ?? outcome.platform}`,
    `Date: ${day}. Status: proposed.`,
    `## Verdict\n\n${decision.verdict}`,
    `## Context\n\n${bullets([
      `Today: ${decision.today}. Counted: ${decision.counted || "nothing"}.`,
      ...decision.reasons,
      ...given.map((it) => `Answered by a person: ${it}.`),
    ])}`,
    `## Questions\n\n${decision.questions.map((it) => questionMarkdown(it)).join("\n\n")}`,
    `## Tools\n\n${bullets([`Kustomize: ${outcome.kustomize}`, `Helm: ${outcome.helm}`, `Argo CD: ${outcome.argocd}`, `Flux: ${outcome.flux}`])}`,
    decision.steps.length && `## Next steps\n\n${decision.steps.map((it, index) => `${index + 1}. ${it.text}${it.path && it.range ? ` (\`${place(it.path, it.range)}\`)` : ""}`).join("\n")}`,
    decision.flips.length && `## What would change this\n\n${bullets(decision.flips.map((it) => `${it.fact}: ${NAMES[it.to] ?? it.to}`))}`,
    (decision.cost.stay.text || decision.cost.move.text) && `## Cost\n\n${bullets([decision.cost.stay.text && `To stay: ${decision.cost.stay.text}.`, decision.cost.move.text && `To move: ${decision.cost.move.text}.`])}`,
  ];
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

function questionMarkdown(question: Decision["questions"][number]): string {
  const by = question.by === "person" ? "a person says" : "the files say";
  const evidence = question.evidence.map((it) => `${it.fact}${it.path && it.range ? ` (\`${place(it.path, it.range)}\`)` : ""}`);
  return `**${question.text}** ${question.answer} (${by})${evidence.length ? `\n\n${bullets(evidence)}` : ""}`;
}

function bullets(items: (string | false)[]): string {
  return items.filter((it) => it).map((it) => `- ${it}`).join("\n");
}

/** Returns files as an archive. */
export async function zipped(contents: Content[]): Promise<Uint8Array<ArrayBuffer>> {
  const { strToU8, zipSync } = await import("fflate");
  return zipSync(Object.fromEntries(contents.map((it) => [it.path, it.bytes ?? strToU8(it.text)]))) as Uint8Array<ArrayBuffer>;
}
