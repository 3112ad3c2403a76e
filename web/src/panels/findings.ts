import type { Finding, Fix, Report, Severity } from "plimsoll";
import { copyButton, h, reconcile } from "../ui/dom";
import { inline } from "../ui/markdown";
import { placeLink, ruleLink, type Actions } from "./links";

export interface FindingActions extends Actions {
  apply(fix: Fix): void;
  preview(fix: Fix): HTMLElement;
}

const SEVERITIES: Severity[] = ["error", "warning", "info", "hint"];
/** Maximum number of rows shown at first; a button shows the others. */
const LIMIT = 300;
const SYMBOLS: Record<Severity, string> = { error: "■", warning: "▲", info: "●", hint: "○" };

/** The list of findings, with a filter by severity. What is opened stays open while the text changes. */
export class Findings {
  readonly element: HTMLElement;
  #filters = h("div", { class: "filters", role: "group", "aria-label": "Show by severity" });
  #list = h("ol", { class: "findings" });
  #note = h("p", { class: "empty" });
  #more = h("button", { type: "button", class: "more", hidden: true, onclick: () => this.#showAll() });
  #limit = LIMIT;
  #hidden = new Set<Severity>();
  #open = new Set<string>();
  #rows = new Map<string, { json: string; row: HTMLElement }>();
  #report: Report | undefined;

  constructor(private readonly actions: FindingActions) {
    this.element = h("div", {}, h("h2", { class: "visually-hidden" }, "Findings"), this.#filters, this.#note, this.#list, this.#more);
  }

  show(report: Report): void {
    this.#report = report;
    this.#showFilters(report);
    const rows = new Map<string, { json: string; row: HTMLElement }>();
    let left = 0;
    const rank = (it: Finding) => SEVERITIES.indexOf(it.severity);
    // Worst first; findings of one severity stay in the engine's order, which is by place.
    for (const finding of report.findings.toSorted((a, b) => rank(a) - rank(b))) {
      if (this.#hidden.has(finding.severity)) continue;
      if (rows.size === this.#limit) {
        left += 1;
        continue;
      }
      // Without the line, because a finding that moves with the text is still the same finding.
      let key = [finding.code, finding.path, finding.subject, finding.message].join("\n");
      while (rows.has(key)) key += "\n";
      const json = JSON.stringify(finding);
      const old = this.#rows.get(key);
      rows.set(key, old?.json === json ? old : { json, row: this.#row(key, finding) });
    }
    this.#rows = rows;
    reconcile(this.#list, [...rows.values()].map((it) => it.row));
    this.#more.hidden = left === 0;
    this.#more.textContent = `Show ${left} more`;
    this.#note.replaceChildren(...this.#remark(report));
  }

  #showAll(): void {
    this.#limit = Infinity;
    if (this.#report) this.show(this.#report);
  }

  #showFilters({ summary }: Report): void {
    reconcile(this.#filters, SEVERITIES.map((severity) => {
      const count = summary[severity];
      const label = `${count} ${severity}${count === 1 || severity === "info" ? "" : "s"}`;
      const button = this.#filters.querySelector<HTMLElement>(`[data-severity=${severity}]`) ??
        h("button", { type: "button", class: `chip ${severity}`, "data-severity": severity, onclick: () => this.#toggle(severity) });
      button.setAttribute("aria-pressed", String(!this.#hidden.has(severity)));
      button.replaceChildren(h("span", { "aria-hidden": "true" }, SYMBOLS[severity]), ` ${label}`);
      button.classList.toggle("none", count === 0);
      return button;
    }));
  }

  #toggle(severity: Severity): void {
    if (!this.#hidden.delete(severity)) this.#hidden.add(severity);
    if (this.#report) this.show(this.#report);
  }

  #remark(report: Report): (Node | string)[] {
    const hidden = report.findings.filter((it) => this.#hidden.has(it.severity)).length;
    const parts: string[] = [];
    if (!report.findings.length) {
      const read = report.files.some((it) => it.kind !== "unknown");
      parts.push(read ? "Nothing found. These files float well." : "Nothing to check yet: none of these is a Compose or Kubernetes file.");
    }
    if (hidden) parts.push(`${hidden} not shown.`);
    if (report.summary.suppressed) parts.push(`${report.summary.suppressed} suppressed by comments or configuration.`);
    return parts.length ? [parts.join(" ")] : [];
  }

  #row(key: string, finding: Finding): HTMLElement {
    const open = this.#open.has(key);
    const body = h("div", { class: "finding-body", hidden: !open });
    if (open) body.append(...this.#details(finding));
    const toggle = h("button", { type: "button", class: "finding-toggle", "aria-expanded": String(open) },
      h("span", { class: `severity ${finding.severity}` },
        h("span", { "aria-hidden": "true" }, SYMBOLS[finding.severity]),
        h("span", { class: "visually-hidden" }, `${finding.severity}: `)),
      h("span", { class: "message" }, ...inline(finding.message)));
    toggle.addEventListener("click", () => {
      const opened = toggle.getAttribute("aria-expanded") !== "true";
      toggle.setAttribute("aria-expanded", String(opened));
      if (opened) this.#open.add(key);
      else this.#open.delete(key);
      body.hidden = !opened;
      body.replaceChildren(...(opened ? this.#details(finding) : []));
    });
    return h("li", { class: `finding ${finding.severity}`, "data-code": finding.code, "data-line": finding.range.start.line },
      toggle,
      h("div", { class: "finding-meta" },
        ruleLink(this.actions, finding.code),
        h("span", { class: "subject" }, finding.subject),
        finding.fixes.length > 0 && h("span", { class: "has-fix" }, "fix"),
        placeLink(this.actions, finding.path, finding.range)),
      body);
  }

  #details(finding: Finding): Node[] {
    const parts: (Node | false)[] = [
      finding.confidence !== "certain" && h("p", { class: "confidence" },
        finding.confidence === "likely" ? "Likely: true unless something outside these files says otherwise." : "Possible: worth a look."),
      finding.why !== "" && section("Why it matters", h("p", {}, ...inline(finding.why))),
      finding.help.length > 0 && section("What helps", h("ul", {}, ...finding.help.map((it) => h("li", {}, ...inline(it))))),
      finding.fixes.length > 0 && section("Fix", ...finding.fixes.map((it) => this.#fix(it))),
      finding.check.length > 0 && section("Check it on the running system", ...finding.check.map(command)),
      finding.related.length > 0 && section("Also here", h("ul", { class: "related" }, ...finding.related.map((it) =>
        h("li", {}, placeLink(this.actions, it.path, it.range), " ", ...inline(it.message))))),
    ];
    return parts.filter((it) => it !== false);
  }

  #fix(fix: Fix): HTMLElement {
    return h("div", { class: "fix" },
      h("div", { class: "fix-head" },
        h("span", {}, ...inline(fix.title)),
        fix.safety === "unsafe" && h("span", { class: "unsafe" }, "read it first"),
        h("button", { type: "button", class: "small primary", "aria-label": `Apply: ${fix.title}`,
          onclick: () => this.actions.apply(fix) }, "Apply")),
      this.actions.preview(fix));
  }
}

function section(title: string, ...children: Node[]): HTMLElement {
  return h("section", {}, h("h3", {}, title), ...children);
}

function command(text: string): HTMLElement {
  return h("div", { class: "command" },
    h("code", {}, text), copyButton(text, `the command ${text}`));
}
