import type { RenderedTarget } from "plimsoll";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { choice } from "../choices";
import { page } from "../page";
import { amount, targetName } from "../words";
import { Long } from "../ui/Long";
import { Inline } from "../ui/Markdown";
import { Select } from "../ui/parts";

/** Number of lines that are rendered at first and added at the end. */
const STEP = 400;

/** A line of what a target gets, or the heading of a document. */
interface Row {
  text: string;
  /** The places that the line comes from, as `path:line`, the one to change first. */
  places: string[];
  isHeading: boolean;
}

const chosen = choice("");

/** What a target puts onto the cluster. Each line leads to where it was written, and the line of the caret is marked. */
export function Targets({ targets }: { targets: RenderedTarget[] }) {
  const name = (it: RenderedTarget) => `${it.kind} ${it.name}`;
  const target = targets.find((it) => name(it) === chosen.value) ?? targets[0];
  const rows = useMemo(() => rowsOf(target), [target]);
  if (!target) return <p class="empty">Nothing to render: there is no chart, overlay or folder of manifests in these files. A Compose project is deployed as it is written.</p>;
  return (
    <>
      <div class="filters">
        <Select label="Target" value={name(target)} onChoose={(it) => (chosen.value = it)}
          options={targets.map((it) => [name(it), `${targetName(it.name)} (${it.kind}${it.environment ? `, ${it.environment}` : ""})`] as const)} />
        <span class="muted">{amount(target.documents.length, "object")}</span>
      </div>
      {target.reasons.length > 0 && (
        <div class="notice"><p><strong>Not built in full.</strong></p><ul>{target.reasons.map((it) => <li><Inline text={it} /></li>)}</ul></div>
      )}
      <Rendered key={name(target)} name={targetName(target.name)} rows={rows} />
    </>
  );
}

function rowsOf(target: RenderedTarget | undefined): Row[] {
  return (target?.documents ?? []).flatMap(({ source, text, lines }) => {
    const rows = text.replace(/\n+$/, "").split("\n").map((line, index): Row => ({ text: line, places: lines[index] ?? [], isHeading: false }));
    const isEmpty = (row: Row | undefined) => row && /^(---.*)?$/.test(row.text.trim());
    while (isEmpty(rows[0])) rows.shift();
    return [{ text: source, places: [source], isHeading: true }, ...rows];
  });
}

function Rendered({ name, rows }: { name: string; rows: Row[] }) {
  const { path, line } = page.caret.value;
  const caret = `${path}:${line}`;
  const marked = useMemo(() => rows.findIndex((it) => !it.isHeading && it.places.includes(caret)), [rows, caret]);
  const list = useRef<HTMLOListElement>(null);
  // Only one line is in the tab order; arrow keys move through the others.
  const [focused, setFocused] = useState(0);
  useEffect(() => {
    // The list follows the caret of somebody who moves it, and stays where it is for somebody who reads the list.
    if (marked >= 0 && document.activeElement?.closest(".cm-editor")) list.current?.children[marked]?.scrollIntoView({ block: "nearest" });
  }, [marked]);
  const move = (event: KeyboardEvent) => {
    const buttons = [...(list.current?.querySelectorAll<HTMLElement>("button.rendered-line") ?? [])];
    const from = buttons.findIndex((it) => it.tabIndex === 0);
    const to = { ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    buttons[Math.max(0, Math.min(to, buttons.length - 1))]?.focus();
  };
  return (
    <Long items={rows} step={STEP} least={marked + 1} wrap={(all) => <ol class="rendered" ref={list} aria-label={`What ${name} gets`} onKeyDown={move}>{all}</ol>}>
      {(row, index) => (
        <Line key={index} row={row} isCurrent={!row.isHeading && row.places.includes(caret)} tabIndex={index === focused ? 0 : -1} onFocus={() => setFocused(index)} />
      )}
    </Long>
  );
}

function Line({ row, isCurrent, tabIndex, onFocus }: { row: Row; isCurrent: boolean; tabIndex: number; onFocus: () => void }) {
  const [first, ...behind] = row.places;
  return (
    <li class={row.isHeading ? "heading" : undefined} aria-current={isCurrent ? "location" : undefined}>
      {first && row.text.trim()
        ? <button type="button" class="rendered-line" tabIndex={tabIndex} title={`from ${first}`} onFocus={onFocus} onClick={() => go(first)}>{row.text}</button>
        : <span class="rendered-line">{row.text || " "}</span>}
      {/* What is behind a line, as a value behind a template. The line itself leads to what would be changed first. */}
      {behind.filter((it) => it !== first).map((it) => (
        <button type="button" class="place" tabIndex={tabIndex} aria-label={`Go to ${it}, behind this line`} onClick={() => go(it)}>{it}</button>
      ))}
    </li>
  );
}

/** Goes to `path:line`. */
function go(place: string): void {
  const [, path = "", line = "1"] = /^(.*):(\d+)$/.exec(place) ?? [];
  const start = { line: Number(line), column: 1, offset: 0 };
  page.reveal(path, { start, end: start });
}
