import type { ChecklistItem, Crossing } from "plimsoll";
import { Long } from "../ui/Long";
import { Inline } from "../ui/Markdown";
import { Group, Place, RuleLink } from "../ui/parts";

const STATES: Record<ChecklistItem["state"], [symbol: string, text: string]> = {
  pass: ["✓", "pass"], fail: ["✗", "fail"], "cannot-see": ["?", "cannot see"], "not-applicable": ["–", "not applicable"],
};

export function Checklist({ title, items }: { title: string; items: ChecklistItem[] }) {
  const done = items.filter((it) => it.state === "pass").length;
  const judged = items.filter((it) => it.state === "pass" || it.state === "fail").length;
  if (!items.length) return null;
  return (
    <Group title={title} count={judged ? `${done} of ${judged} hold` : "nothing to judge"}>
      <ul class="checklist">{items.map((it) => <Item key={it.item} item={it} />)}</ul>
    </Group>
  );
}

function Item({ item }: { item: ChecklistItem }) {
  const [symbol, text] = STATES[item.state] ?? ["?", item.state];
  const isOpen = item.state !== "pass" && item.state !== "not-applicable";
  return (
    <li class={item.state}>
      <span class="state"><span aria-hidden="true">{symbol}</span><span class="visually-hidden">{text}: </span></span>
      <div>
        <strong>{words(item.item)}</strong>
        {item.seen && <span> <Inline text={item.seen} />.</span>}
        {isOpen && item.next && <span> <Inline text={item.next} /></span>}
        {item.findings.length > 0 && <span class="behind">{item.findings.map((it) => <Behind text={it} />)}</span>}
      </div>
    </li>
  );
}

/** `PLM801 compose.yaml:4`, as a rule and a place that can be followed. */
function Behind({ text }: { text: string }) {
  const parts = /^(\S+) (.+):(\d+)$/.exec(text);
  if (!parts) return <span>{text}</span>;
  const [, code = "", path = "", line = ""] = parts;
  const start = { line: Number(line), column: 1, offset: 0 };
  return <span><RuleLink code={code} /> <Place path={path} range={{ start, end: start }} /></span>;
}

export function CrossingTable({ rows }: { rows: Crossing[] }) {
  if (!rows.length) return null;
  return (
    <Group title="What becomes of each key">
      <div class="table" tabIndex={0} role="region" aria-label="What becomes of each Compose key on Kubernetes">
        <Long items={rows} step={60} wrap={(all) => (
          <table>
            <thead><tr>{["Service", "Key", "Fate", "Instead"].map((it) => <th scope="col">{it}</th>)}</tr></thead>
            <tbody>{all}</tbody>
          </table>
        )}>
          {(it, index) => <CrossingRow key={`${it.service} ${it.key} ${index}`} row={it} isFirst={it.service !== rows[index - 1]?.service} />}
        </Long>
      </div>
    </Group>
  );
}

function CrossingRow({ row, isFirst }: { row: Crossing; isFirst: boolean }) {
  return (
    <tr>
      <td>{isFirst ? row.service : ""}</td>
      <td><code>{row.key}</code> {row.path && row.range && <Place path={row.path} range={row.range} />}</td>
      <td><span class={`fate ${row.fate}`}>{row.fate}</span></td>
      <td>
        <Inline text={row.instead} />
        {row.counterpart && <p><Inline text={row.counterpart} /></p>}
        {row.kompose && <p class="converter">kompose: <Inline text={row.kompose} /></p>}
        {row.bridge && <p class="converter">Compose Bridge: <Inline text={row.bridge} /></p>}
        {row.yaml && <details><summary>YAML to write instead</summary><pre tabIndex={0} role="group" aria-label={`YAML instead of ${row.key}`}>{row.yaml}</pre></details>}
      </td>
    </tr>
  );
}

/** Returns an item as a phrase: `tls-edge` is "TLS edge". */
function words(item: string): string {
  const text = item.replaceAll("-", " ").replace(/\btls\b/, "TLS");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
