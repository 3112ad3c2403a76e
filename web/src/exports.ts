import type { Decision, Range } from "plimsoll";
import { inWords } from "./answers";
import { place } from "./positions";
import { isWithheld, type Content } from "./project";
import { NAMES, PLATFORMS } from "./words";

/** Returns the decision as a Markdown record: what was decided, from what evidence, and what would change it. */
export function decisionMarkdown(decision: Decision, answers: Record<string, string>, day: string): string {
  const given = Object.entries(answers).map(([key, value]) => inWords(key, value));
  const { outcome } = decision;
  const parts = [
    `# Decision: ${PLATFORMS[outcome.platform] ?? outcome.platform}`,
    `Date: ${day}. Status: proposed.`,
    `## Verdict\n\n${escaped(decision.verdict)}`,
    `## Context\n\n${bullets([
      `Today: ${decision.today}. Counted: ${escaped(decision.counted || "nothing")}.`,
      ...decision.reasons.map(escaped),
      ...given.map((it) => `Answered by a person: ${escaped(it)}.`),
    ])}`,
    `## Questions\n\n${decision.questions.map((it) => questionMarkdown(it)).join("\n\n")}`,
    `## Tools\n\n${bullets([`Kustomize: ${outcome.kustomize}`, `Helm: ${outcome.helm}`, `Argo CD: ${outcome.argocd}`, `Flux: ${outcome.flux}`])}`,
    decision.steps.length && `## Next steps\n\n${decision.steps.map((it, index) => `${index + 1}. ${escaped(it.text)}${placed(it)}`).join("\n")}`,
    decision.flips.length && `## What would change this\n\n${bullets(decision.flips.map((it) => `${escaped(it.fact)}: ${NAMES[it.to] ?? it.to}`))}`,
    (decision.cost.stay.text || decision.cost.move.text) && `## Cost\n\n${bullets([decision.cost.stay.text && `To stay: ${escaped(decision.cost.stay.text)}.`, decision.cost.move.text && `To move: ${escaped(decision.cost.move.text)}.`])}`,
  ];
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

function questionMarkdown(question: Decision["questions"][number]): string {
  const by = question.by === "person" ? "a person says" : "the files say";
  const evidence = question.evidence.map((it) => escaped(it.fact) + placed(it));
  return `**${question.text}** ${question.answer} (${by})${evidence.length ? `\n\n${bullets(evidence)}` : ""}`;
}

/** Returns a text as one line in which nothing but code spans is markup: names in it come from files of unknown people. */
function escaped(text: string): string {
  const parts = text.replaceAll(/\s+/g, " ").split(/(`[^`]+`)/);
  return parts.map((it, index) => (index % 2 ? it : it.replace(/[\\`*_{}[\]<>#|~!&]/g, "\\$&"))).join("");
}

/** Returns the place of a sentence as code in brackets; empty when it has none. */
function placed({ path, range }: { path?: string | undefined; range?: Range | undefined }): string {
  if (!path || !range) return "";
  const text = place(path, range);
  const fence = text.includes("`") ? "``" : "`";
  return ` (${fence}${fence.length > 1 ? ` ${text} ` : text}${fence})`;
}

function bullets(items: (string | false)[]): string {
  return items.filter((it) => it).map((it) => `- ${it}`).join("\n");
}

/** Returns files as an archive, without those whose content the page does not have. */
export async function zipped(contents: Content[]): Promise<Uint8Array<ArrayBuffer>> {
  const { strToU8, zipSync } = await import("fflate");
  return zipSync(Object.fromEntries(contents.filter((it) => !isWithheld(it)).map((it) => [it.path, it.bytes ?? strToU8(it.text)]))) as Uint8Array<ArrayBuffer>;
}
