import type { ChecklistItem, Crossing } from "plimsoll";
import { h } from "../ui/dom";
import { inline } from "../ui/markdown";
import { placeLink, ruleLink, type Actions } from "./links";

const STATES: Record<ChecklistItem["state"], [symbol: string, text: string]> = {
  pass: ["✓", "pass"], fail: ["✗", "fail"], "cannot-see": ["?", "cannot see"], "not-applicable": ["–", "not applicable"],
};

export function checklist(title: string, items: ChecklistItem[], actions: Actions): HTMLElement | false {
  const done = items.filter((it) => it.state === "pass").length;
  const judged = items.filter((it) => it.state === "pass" || it.state === "fail").length;
  return items.length > 0 && h("section", {},
    h("h2", {}, title, " ", h("span", { class: "count" }, judged ? `${done} of ${judged} hold` : "nothing to judge")),
    h("ul", { class: "checklist" }, ...items.map((it) => {
      const [symbol, text] = STATES[it.state] ?? ["?", it.state];
      return h("li", { class: it.state },
        h("span", { class: "state" }, h("span", { "aria-hidden": "true" }, symbol), h("span", { class: "visually-hidden" }, `${text}: `)),
        h("div", {},
          h("strong", {}, words(it.item)),
          it.seen && h("span", {}, " ", ...inline(it.seen), "."),
          it.state !== "pass" && it.state !== "not-applicable" && it.next && h("span", {}, " ", ...inline(it.next)),
          it.findings.length > 0 && h("span", { class: "behind" }, ...it.findings.flatMap((finding) => [" ", behind(finding, actions)]))));
    })));
}

/** `PLM801 compose.yaml:4`, as a rule and a place that can be followed. */
function behind(text: string, actions: Actions): HTMLElement {
  const parts = /^(\S+) (.+):(\d+)$/.exec(text);
  if (!parts) return h("span", {}, text);
  const [, code = "", path = "", line = ""] = parts;
  const start = { line: Number(line), column: 1, offset: 0 };
  return h("span", {}, ruleLink(actions, code), " ", placeLink(actions, path, { start, end: start }));
}

export function crossing(rows: Crossing[], actions: Actions): HTMLElement | false {
  return rows.length > 0 && h("section", {},
    h("h2", {}, "What becomes of each key"),
    h("div", { class: "table", tabindex: 0, role: "region", "aria-label": "What becomes of each Compose key on Kubernetes" },
      h("table", {},
        h("thead", {}, h("tr", {}, ...["Service", "Key", "Fate", "Instead"].map((it) => h("th", { scope: "col" }, it)))),
        h("tbody", {}, ...rows.map((it, index) => h("tr", {},
          h("td", {}, it.service === rows[index - 1]?.service ? "" : it.service),
          h("td", {}, h("code", {}, it.key), " ", it.path && it.range ? placeLink(actions, it.path, it.range) : null),
          h("td", {}, h("span", { class: `fate ${it.fate}` }, it.fate)),
          h("td", {}, ...inline(it.instead), it.counterpart && h("p", {}, ...inline(it.counterpart)),
            it.kompose && h("p", { class: "converter" }, "kompose: ", ...inline(it.kompose)),
            it.bridge && h("p", { class: "converter" }, "Compose Bridge: ", ...inline(it.bridge)),
            it.yaml && h("details", {}, h("summary", {}, "YAML to write instead"), h("pre", {}, it.yaml)))))))));
}

/** Returns an item as a phrase: `tls-edge` is "TLS edge". */
function words(item: string): string {
  const text = item.replaceAll("-", " ").replace(/\btls\b/, "TLS");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
