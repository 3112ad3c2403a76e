// The decision: the verdict first, then the evidence behind it.
import { html, placeLink, prose, type Html } from "./html";
import type { Decision, Decisions } from "./wire";

const PLATFORMS: Record<Decision["outcome"]["platform"], string> = {
  compose: "Docker Compose is enough",
  "larger-server": "Docker Compose on a larger server is enough",
  swarm: "Docker Compose in Swarm mode is enough",
  either: "Either would do",
  kubernetes: "This asks for Kubernetes",
};

/** `root` is the address of the folder that paths start from. */
export function decisionPage(decisions: Decisions, root: string | undefined): Html {
  if (decisions.systems.length < 2) return html`<h1>${heading(decisions)}</h1>${system(decisions, root)}`;
  return html`${decisions.systems.map((it) => html`<h1><code>${it.name}</code>: ${heading(it)}</h1>${system(it, root)}`)}`;
}

function heading({ outcome }: Decision): string {
  // A newer server may know more platforms.
  return PLATFORMS[outcome.platform] ?? outcome.platform;
}

function system(decision: Decision, root: string | undefined): Html {
  const { verdict, outcome, today, counted, sums, cost, reasons, ask, steps, flips, myth } = decision;
  return html`
<p class="verdict">${prose(verdict)}</p>
${myth !== undefined && html`<p class="muted">${prose(myth)}</p>`}
<dl>
${fact("Today", today)}${fact("Counted", counted)}
${fact("CPU", amount(sums.cpu, 1, ""))}${fact("Memory", amount(sums.memory, 2 ** 30, " GiB"))}
${fact("Kustomize", outcome.kustomize)}${fact("Helm", outcome.helm)}${fact("Argo CD", outcome.argocd)}${fact("Flux", outcome.flux)}
${fact("To stay", cost.stay.text)}${fact("To move", cost.move.text)}
</dl>
${list("Why", reasons.map(prose))}
${list("Worth answering", ask.map((it) => html`<code>${it.answer}</code>: ${prose(it.changes)}`))}
${list("Next steps", steps.map((it) => html`${prose(it.text)} ${placeLink(root, it.path, it.range)}`))}
${list("What would change this", flips.map((it) => html`${prose(it.fact)}: ${PLATFORMS[it.to] ?? it.to}`))}
<h2>Six questions</h2>
${decision.questions.map((it) => question(it, root))}
${checklist("A single server done well", decision.checklists.server)}
${checklist("Crossing from Compose to Kubernetes", decision.checklists.crossing)}
${crossing(decision.crossing, root)}`;
}

function fact(name: string, value: string): Html | false {
  return value !== "" && html`<dt>${name}</dt><dd>${prose(value)}</dd>`;
}

function list(title: string, items: Html[]): Html | false {
  return items.length > 0 && html`<h2>${title}</h2><ul>${items.map((it) => html`<li>${it}</li>`)}</ul>`;
}

function question(it: Decision["questions"][number], root: string | undefined): Html {
  const evidence = it.evidence.map((fact) => html`<li>${fact.points} ${"●".repeat(fact.weight)} ${prose(fact.fact)} ${placeLink(root, fact.path, fact.range)}</li>`);
  return html`<details><summary><span class="answer ${it.answer}">${it.answer}</span>${it.text}</summary>
<ul>${evidence}</ul>
${it.settledBy.length > 0 && html`<p class="muted">What would settle this: ${prose(it.settledBy.join("; "))}.</p>`}
</details>`;
}

function checklist(title: string, items: Decision["checklists"]["server"]): Html | false {
  const row = (it: (typeof items)[number]): Html => html`<tr>
<td><span class="state ${it.state}">${it.state.replaceAll("-", " ")}</span></td>
<td>${it.item.replaceAll("-", " ")}</td><td>${prose(it.state === "pass" ? it.seen : it.next || it.seen)}</td></tr>`;
  return items.length > 0 && html`<h2>${title}</h2><table>${items.map(row)}</table>`;
}

function crossing(rows: Decision["crossing"], root: string | undefined): Html | false {
  const row = (it: (typeof rows)[number]): Html => html`<tr>
<td>${it.service} <code>${it.key}</code></td><td class="${it.fate}">${it.fate}</td>
<td>${prose(it.instead)} ${placeLink(root, it.path, it.range)}</td></tr>`;
  return rows.length > 0 && html`<h2>What becomes of each key</h2><table>${rows.map(row)}</table>`;
}

/** Returns a sum as a range, with the number of containers that state an amount. */
function amount(sum: Decision["sums"]["cpu"], unit: number, suffix: string): string {
  const round = (value: number): number => Math.round((value / unit) * 100) / 100;
  const range = sum.min === sum.max ? `${round(sum.min)}` : `${round(sum.min)} to ${round(sum.max)}`;
  return `${sum.sized > 0 ? range + suffix : "unknown"}, stated by ${sum.sized} of ${sum.containers} containers`;
}
