import type { Text } from "@codemirror/state";
import type { Edit, Fix } from "plimsoll";
import { page } from "../page";
import { spanOf } from "../positions";

type Row = [sign: "+" | "-" | " ", text: string];

/** Shows the lines that a fix removes and adds, file by file. */
export function Preview({ fix }: { fix: Fix }) {
  return (
    <div>
      {[...new Set(fix.edits.map((it) => it.path))].map((path) => {
        const file = page.project.find(path);
        if (!file) return null;
        return <Diff path={path} rows={changedLines(page.editor.docOf(file), fix.edits.filter((it) => it.path === path))} />;
      })}
    </div>
  );
}

export function Diff({ path, rows }: { path: string; rows: Row[] }) {
  return (
    <pre class="diff" tabIndex={0} role="group" aria-label={`What changes in ${path}`}>
      <span class="diff-path">{path}</span>
      {rows.map(([sign, text]) => <span class={sign === "+" ? "added" : sign === "-" ? "removed" : "same"}>{`${sign} ${text}`}</span>)}
    </pre>
  );
}

/** Returns the removed and added lines of each group of edits that share lines. */
function changedLines(doc: Text, edits: Edit[]): Row[] {
  const spans = edits.map((it) => ({ ...spanOf(doc, it.range), text: it.text })).sort((a, b) => a.from - b.from);
  const rows: Row[] = [];
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
function difference(before: string[], after: string[]): Row[] {
  let head = 0;
  while (head < Math.min(before.length, after.length) && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(before.length, after.length) - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const context: Row[] = head > 0 ? [[" ", before[head - 1] ?? ""]] : [];
  const removed = before.slice(head, before.length - tail).map((it): Row => ["-", it]);
  const added = after.slice(head, after.length - tail).map((it): Row => ["+", it]);
  return [...context, ...removed, ...added];
}
