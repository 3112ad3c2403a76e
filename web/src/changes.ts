import type { Decision } from "plimsoll";
import { PLATFORMS } from "./words";

/** Returns in words what is different between two decisions. */
export function changesBetween(before: Decision, after: Decision): string[] {
  const changes: string[] = [];
  const change = (what: string, from: string, to: string) => {
    if (from !== to) changes.push(`${what}: ${from} → ${to}`);
  };
  const platform = (it: Decision) => PLATFORMS[it.outcome.platform] ?? it.outcome.platform;
  change("Outcome", platform(before), platform(after));
  change("Fit", before.fit, after.fit);
  for (const key of ["kustomize", "helm", "argocd", "flux"] as const) {
    change({ kustomize: "Kustomize", helm: "Helm", argocd: "Argo CD", flux: "Flux" }[key], before.outcome[key], after.outcome[key]);
  }
  for (const question of after.questions) {
    const old = before.questions.find((it) => it.id === question.id);
    if (old) change(question.text, old.answer, question.answer);
  }
  if (!changes.length && before.verdict !== after.verdict) changes.push(`The verdict now says: ${after.verdict}`);
  return changes.length ? changes : ["Nothing: the outcome stays as it was."];
}
