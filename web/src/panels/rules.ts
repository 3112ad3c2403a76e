import type { Explanation, Rule } from "plimsoll";
import type { Engine } from "../engine/client";
import type { Content } from "../project";
import { h } from "../ui/dom";
import { codeBlock, inline, markdown } from "../ui/markdown";

/** Names of the rule families; the first digit of a code is its family. */
const FAMILIES: Record<string, string> = {
  PLM0: "Documents", PLM1: "Startup order", PLM2: "Migrations", PLM3: "Mounts and images", PLM4: "Networking",
  PLM5: "Config and secrets", PLM6: "Probes and resources", PLM7: "State", PLM8: "A single server done well", PLM9: "Delivery",
};
const SIDES: Record<Rule["on"], string> = {
  compose: "Compose", kubernetes: "Kubernetes", both: "either side", dual: "both sides compared",
  delivery: "charts, overlays, Argo CD and Flux", document: "any YAML",
};

/** The list of rules and the page of each rule, both as the engine gives them. */
export class Rules {
  readonly element = h("div", { class: "rules" });
  #rules: Rule[] | undefined;
  #filter = h("input", { type: "search", placeholder: "Filter: code, name or words", "aria-label": "Filter rules", autocomplete: "off" });
  #list = h("div", {});

  constructor(private readonly engine: Engine, private readonly openProject: (files: Content[], title: string) => void) {
    this.#filter.addEventListener("input", () => this.#fill());
  }

  async list(): Promise<void> {
    this.#rules ??= await this.engine.rules();
    this.#fill();
    this.element.replaceChildren(h("div", { class: "rules-head" }, this.#filter), this.#list);
  }

  async detail(code: string): Promise<void> {
    const found = await this.engine.explain(code);
    if (!found) return this.list();
    this.element.replaceChildren(this.#page(found));
    this.element.querySelector<HTMLElement>("h2")?.focus();
  }

  #fill(): void {
    const words = this.#filter.value.toLowerCase().split(/\s+/);
    const shown = (this.#rules ?? []).filter((it) => {
      const text = `${it.code} ${it.name} ${it.summary} ${it.severity} ${SIDES[it.on]}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const families = group(shown);
    this.#list.replaceChildren(...[...families].map(([family, rules]) =>
      h("section", {}, h("h2", {}, FAMILIES[family] ?? family, " ", h("span", { class: "count" }, `${family}xx`)),
        h("ul", { class: "rule-list" }, ...rules.map((it) => this.#row(it))))));
    if (!shown.length) this.#list.replaceChildren(h("p", { class: "empty" }, "No rule matches this filter."));
  }

  #row(rule: Rule): HTMLElement {
    return h("li", {},
      h("button", { type: "button", onclick: () => void this.detail(rule.code) },
        h("span", { class: "rule-name" }, h("span", { class: `severity ${rule.severity}` }, rule.code), " ", rule.name),
        h("span", { class: "rule-summary" }, ...inline(rule.summary))));
  }

  #page({ rule, sections, examples }: Explanation): HTMLElement {
    const parts: Node[] = [];
    for (const { title, body } of sections) {
      if (examples.some((it) => it.section === title)) continue;
      parts.push(h("h3", {}, title), ...markdown(body));
    }
    for (const section of new Set(examples.map((it) => it.section))) {
      const files = examples.filter((it) => it.section === section);
      parts.push(h("h3", {}, section),
        ...files.flatMap((it) => [files.length > 1 && h("p", { class: "file-name" }, it.path), codeBlock(it.text)]).filter((it) => it !== false),
        h("button", { type: "button", class: "small", onclick: () => this.openProject(files, `${rule.code}, ${section}`) },
          `Open ${section} in the playground`));
    }
    return h("article", { class: "rule" },
      h("button", { type: "button", class: "small", onclick: () => void this.list() }, "← All rules"),
      h("h2", { tabindex: -1 }, `${rule.code} ${rule.name}`),
      h("p", { class: "rule-facts" }, `${rule.severity} · reads ${SIDES[rule.on]} · since ${rule.since}`),
      h("p", {}, ...inline(rule.summary)), ...parts);
  }
}

function group(rules: Rule[]): Map<string, Rule[]> {
  const families = new Map<string, Rule[]>();
  for (const rule of rules) families.set(rule.family, [...(families.get(rule.family) ?? []), rule]);
  return families;
}
