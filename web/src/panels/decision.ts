import type { Decision as Report, Question } from "plimsoll";
import type { Project } from "../project";
import { h } from "../ui/dom";
import { inline } from "../ui/markdown";
import { checklist, crossing } from "./checklists";
import { placeLink, type Actions } from "./links";
import { loadLine } from "./loadline";

const FITS: Record<Report["fit"], string> = {
  fits: "This fits what runs today.",
  outgrown: "Outgrown: the files ask for more than one host can give.",
  "over-built": "Over-built: more platform is operated than the files use.",
  mixed: "Mixed: both sides look like production.",
  open: "Still open: a question that decides is not answered.",
};
const PLATFORMS: Record<Report["outcome"]["platform"], string> = {
  compose: "Docker Compose is enough", "larger-server": "Docker Compose on a larger server is enough",
  swarm: "Docker Compose in Swarm mode is enough", either: "Either would do", kubernetes: "This asks for Kubernetes",
};
const SCENARIOS: Record<Report["scenario"]["nearest"], string> = {
  "internal-app": "an internal business app", "growing-saas": "a growing SaaS",
  "multi-team-platform": "a multi-team platform", regulated: "a regulated or high-change system",
};

/** Questions that only a person can answer, with the values that the engine accepts. */
const ASKED: [key: string, label: string, values: [string, string][]][] = [
  ["downtime", "Tolerable downtime", [["hours", "hours"], ["minutes", "minutes"], ["seconds", "seconds"], ["none", "none"]]],
  ["teams", "Teams that deploy", [["1", "one"], ["2", "two"], ["3", "three"], ["5", "more"]]],
  ["audit", "Changes are audited", [["yes", "yes"], ["no", "no"]]],
];

/** The decision report: the outcome first, then the evidence behind it. */
export class Decision {
  readonly element = h("div", { class: "decision" });
  #open = new Set<string>();
  #shown = "";

  constructor(private readonly actions: Actions, private readonly project: Project) {}

  show(report: Report): void {
    const json = JSON.stringify([report, this.project.answers]);
    if (json === this.#shown) return;
    this.#shown = json;
    const focused = document.activeElement?.getAttribute("data-answer");
    this.element.replaceChildren(...this.#parts(report));
    if (focused) this.element.querySelector<HTMLElement>(`[data-answer="${CSS.escape(focused)}"]`)?.focus();
  }

  #parts(report: Report): HTMLElement[] {
    const parts: (HTMLElement | false)[] = [
      this.#verdict(report),
      list("Why", report.reasons),
      this.#asks(report.ask),
      this.#steps(report.steps),
      list("What would change this", report.flips.map((it) => `${it.fact}: ${(PLATFORMS[it.to] ?? it.to)}`)),
      report.myth !== undefined && h("p", { class: "myth" }, report.myth),
      h("section", {}, h("h2", {}, "Six questions"), ...report.questions.map((it) => this.#question(it)), this.#form()),
      checklist("A single server done well", report.checklists.server, this.actions),
      checklist("Crossing from Compose to Kubernetes", report.checklists.crossing, this.actions),
      crossing(report.crossing, this.actions),
    ];
    return parts.filter((it) => it !== false);
  }

  /** Answers worth giving, each with a button that gives it. */
  #asks(asks: Report["ask"]): HTMLElement | false {
    return asks.length > 0 && h("section", { class: "asks" }, h("h2", {}, "Worth answering"),
      h("ul", {}, ...asks.map(({ answer, changes }) => {
        const [key = "", value = ""] = answer.split("=");
        return h("li", {}, h("button", { type: "button", onclick: () => this.project.answer(key, value) }, `${key}: ${value}`), " ", ...inline(changes));
      })));
  }

  #steps(steps: Report["steps"]): HTMLElement | false {
    return steps.length > 0 && h("section", {}, h("h2", {}, "Next steps"),
      h("ol", {}, ...steps.map((it) => h("li", {},
        it.subject && h("strong", {}, ...inline(`${it.subject}: `)), ...inline(it.text), " ",
        it.path && it.range ? placeLink(this.actions, it.path, it.range) : null))));
  }

  #verdict({ verdict, outcome, today, fit, counted, sums, cost, scenario }: Report): HTMLElement {
    return h("section", { class: "verdict" },
      h("div", {},
        h("h2", { class: "outcome" }, PLATFORMS[outcome.platform] ?? "Not enough to say yet"),
        h("p", {}, ...inline(verdict)),
        h("p", { class: `fit ${fit}` }, FITS[fit] ?? ""),
        h("dl", {},
          fact("Today", today), fact("Counted", counted),
          fact("CPU", amount(sums.cpu, 1, "")), fact("Memory", amount(sums.memory, 2 ** 30, " GiB")),
          fact("Kustomize", outcome.kustomize), fact("Helm", outcome.helm), fact("Argo CD", outcome.argocd), fact("Flux", outcome.flux),
          cost.stay.text ? fact("To stay", cost.stay.text) : null, cost.move.text ? fact("To move", cost.move.text) : null,
          scenario.because ? fact("Nearest to", `${SCENARIOS[scenario.nearest]}: ${scenario.because}`) : null)),
      loadLine(outcome.platform, today) as unknown as HTMLElement);
  }

  #question(question: Question): HTMLElement {
    const settled = question.settledBy.length > 0;
    const details = h("details", { class: "question", "data-id": question.id, open: this.#open.has(question.id) },
      h("summary", {},
        h("span", { class: `answer ${question.answer}` }, question.answer),
        h("span", {}, question.text),
        question.by === "person" && h("span", { class: "by" }, "your answer")),
      h("ul", { class: "evidence" }, ...question.evidence.map((it) => h("li", {},
        h("span", { class: `points ${it.points}`, title: `weight ${it.weight} of 3` },
          `${it.points} `, h("span", { "aria-hidden": "true" }, "●".repeat(it.weight)),
          h("span", { class: "visually-hidden" }, `, weight ${it.weight} of 3`)),
        h("span", { title: it.because }, ...inline(it.fact), " ", it.path && it.range ? placeLink(this.actions, it.path, it.range) : null)))),
      settled && h("p", { class: "settled" }, "What would settle this: ", ...inline(question.settledBy.join("; ")), "."),
      this.#select(question.id, "Your answer", "as the files say", [["yes", "yes"], ["no", "no"]]));
    details.addEventListener("toggle", () => {
      if (details.open) this.#open.add(question.id);
      else this.#open.delete(question.id);
    });
    return details;
  }

  #form(): HTMLElement {
    return h("fieldset", { class: "asked" },
      h("legend", {}, "What the files cannot know"),
      ...ASKED.map(([key, label, values]) => this.#select(key, label, "not told", values)));
  }

  #select(key: string, label: string, none: string, values: [string, string][]): HTMLElement {
    const select = h("select", { "data-answer": key, onchange: () => this.project.answer(key, select.value) },
      h("option", { value: "" }, none),
      ...values.map(([value, text]) => h("option", { value, selected: this.project.answers[key] === value }, text)));
    return h("label", { class: "ask" }, label, " ", select);
  }
}

/** Returns a sum as a range, with the number of containers that state an amount. */
function amount(sum: Report["sums"]["cpu"], unit: number, suffix: string): string {
  const round = (value: number): number => Math.round((value / unit) * 100) / 100;
  const range = sum.min === sum.max ? `${round(sum.min)}` : `${round(sum.min)} to ${round(sum.max)}`;
  return `${sum.sized ? range + suffix : "unknown"}, stated by ${sum.sized} of ${sum.containers} containers`;
}

function fact(name: string, value: string): HTMLElement {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value || "–"));
}

function list(title: string, items: string[]): HTMLElement | false {
  return items.length > 0 && h("section", {}, h("h2", {}, title), h("ul", {}, ...items.map((it) => h("li", {}, ...inline(it)))));
}
