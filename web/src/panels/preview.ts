import type { Text } from "@codemirror/state";
import type { Edit, Fix } from "plimsoll";
import { spanOf } from "../positions";
import { h } from "../ui/dom";

/** Shows the lines that a fix removes and adds, file by file. */
export function preview(fix: Fix, docOf: (path: string) => Text | undefined): HTMLElement {
  const blocks: HTMLElement[] = [];
  for (const path of new Set(fix.edits.map((it) => it.path))) {
    const doc = docOf(path);
    if (!doc) continue;
    const rows = changedLines(doc, fix.edits.filter((it) => it.path === path));
    blocks.push(
      h("pre", { class: "diff", tabindex: 0, role: "group", "aria-label": `What changes in ${path}` },
        h("span", { class: "diff-path" }, path),
        ...rows.map(([sign, text]) =>
          h("span", { class: sign === "+" ? "added" : sign === "-" ? "removed" : "same" }, `${sign} ${text}`))),
    );
  }
  return h("div", {}, ...blocks);
}

/** Returns the removed and added lines of each group of edits that share lines. */
export function changedLines(doc: Text, edits: Edit[]): [sign: string, text: string][] {
  const spans = edits.map((it) => ({ ...spanOf(doc, it.range), text: it.text })).sort((a, b) => a.from - b.from);
  const rows: [string, string][] = [];
  for (let index = 0; index < spans.length; ) {
    const start = doc.lineAt(spans[index]?.from ?? 0).from;
    let end = start;
    let after = "";
    let done = start;
    // Edits on touching lines are shown as one change.
    for (; index < spans.length; index += 1) {
      const edit = spans[index];
      if (!edit || (end > start && edit.from > end)) break;
      after += doc.sliceString(done, edit.from) + edit.text;
      done = edit.to;
      end = Math.max(end, doc.lineAt(edit.to).to);
    }
    after += doc.sliceString(done, end);
    rows.push(...difference(doc.sliceString(start, end).split("\n"), after.split("\n")));
  }
  return rows;
}

/** Drops the lines that both texts share at the start and the end, but for one line of context. */
function difference(before: string[], after: string[]): [string, string][] {
  let head = 0;
  while (head < Math.min(before.length, after.length) && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(before.length, after.length) - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const context: [string, string][] = head > 0 ? [[" ", before[head - 1] ?? ""]] : [];
  const removed = before.slice(head, before.length - tail).map((it): [string, string] => ["-", it]);
  const added = after.slice(head, after.length - tail).map((it): [string, string] => ["+", it]);
  return [...context, ...removed, ...added];
}
