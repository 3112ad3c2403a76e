import type { Confidence, Finding, Fix, ReportFormat, Severity } from "plimsoll";
import { Component, type ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { Core } from "../engine/protocol";
import { choice } from "../choices";
import { page } from "../page";
import { zipped } from "../exports";
import { amount, FAMILIES, familyOf, keyOf, SEVERITIES, SYMBOLS, targetName } from "../words";
import { Long } from "../ui/Long";
import { Inline } from "../ui/Markdown";
import { Menu } from "../ui/Menu";
import { copy, CopyButton, download, Place, RuleLink, Select, SeverityMark } from "../ui/parts";
import { Preview } from "../ui/Preview";

const GROUPS = [["", "none"], ["pitfall", "pitfall"], ["file", "file"], ["target", "target"]] as const;
const CONFIDENCES: Confidence[] = ["certain", "likely", "possible"];
/** Number of rows that are rendered at first and added at the end. */
const STEP = 60;
/** Maximum number of rows that are rendered because the caret is in the line of the last of them. */
const FARTHEST = 600;

const hidden = choice<ReadonlySet<Severity>>(new Set());
const family = choice("");
const confidence = choice("");
const words = choice("");
const grouping = choice("");

/** The list of findings with its filters. What is unfolded stays unfolded while the text changes. */
export function Findings({ report }: { report: Core }) {
  const rows = numbered(report.findings.filter(isShown).sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)));
  const { path, line } = page.caret.value;
  useEffect(followCaret, [path, line]);
  return (
    <>
      <h2 class="visually-hidden">Findings</h2>
      <Filters report={report} />
      <Toolbar report={report} />
      <Remark report={report} shown={rows.length} />
      {groups(rows, report).map(([title, members]) => (
        <section key={title} class="finding-group">
          {title && <h3 class="group-title">{title} <span class="count">{members.length}</span></h3>}
          <Long items={members} step={STEP} least={reach(members)} wrap={(all) => <ol class="findings">{all}</ol>}>
            {({ key, finding }) => <Row key={key} id={key} finding={finding} json={JSON.stringify(finding)} open={page.unfolded.value.has(key)} current={isCurrent(finding)} />}
          </Long>
        </section>
      ))}
    </>
  );
}

function isShown(it: Finding): boolean {
  if (hidden.value.has(it.severity)) return false;
  if (family.value && familyOf(it.code) !== family.value) return false;
  if (confidence.value && CONFIDENCES.indexOf(it.confidence) > CONFIDENCES.indexOf(confidence.value as Confidence)) return false;
  if (!words.value.trim()) return true;
  const text = `${it.code} ${it.name} ${it.subject} ${it.message} ${it.path}`.toLowerCase();
  return words.value.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function isCurrent({ path, range }: Finding): boolean {
  const caret = page.caret.value;
  return caret.path === path && caret.line === range.start.line;
}

/** Number of rows up to what is found in the line of the caret, unless that is so far down that building them all would take long. */
function reach(rows: Numbered[]): number {
  const count = rows.findIndex(({ finding }) => isCurrent(finding)) + 1;
  return count <= FARTHEST ? count : 0;
}

/** Scrolls the list to what is found in the line of the caret, for somebody who moves through the text. */
function followCaret(): void {
  if (!document.activeElement?.closest(".cm-editor")) return;
  const panel = document.getElementById("findings");
  if (!panel?.checkVisibility()) return;
  const { top, bottom } = panel.getBoundingClientRect();
  const rows = [...panel.querySelectorAll(".finding[aria-current] .finding-toggle")].map((it) => it.getBoundingClientRect());
  if (!rows[0] || rows.some((it) => it.top >= top && it.bottom <= bottom)) return;
  // By hand, because `scrollIntoView` would also scroll the page.
  panel.scrollTop += rows[0].top - top - panel.clientHeight / 3;
}

interface Numbered {
  key: string;
  finding: Finding;
}

/** Gives every finding a key by rule and object; the second finding of a rule on an object has a number in it. */
function numbered(findings: Finding[]): Numbered[] {
  const counts = new Map<string, number>();
  return findings.map((finding) => {
    const key = keyOf(finding);
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return { key: count ? `${key}\n${count}` : key, finding };
  });
}

function groups(rows: Numbered[], report: Core): [title: string, rows: Numbered[]][] {
  if (!grouping.value) return [["", rows]];
  const byTitle = new Map<string, Numbered[]>();
  const add = (title: string, row: Numbered) => {
    const members = byTitle.get(title);
    if (members) members.push(row);
    else byTitle.set(title, [row]);
  };
  for (const row of rows) {
    const { finding } = row;
    if (grouping.value === "file") add(finding.path, row);
    else if (grouping.value === "pitfall") add(FAMILIES[familyOf(finding.code)] ?? familyOf(finding.code), row);
    else add(targetsOf(finding, report), row);
  }
  return [...byTitle];
}

function targetsOf(finding: Finding, report: Core): string {
  const named = finding.targets?.length ? finding.targets : report.targets.filter((it) => it.files.includes(finding.path)).map((it) => it.name);
  return named.map(targetName).join(", ") || "no target";
}

function Filters({ report }: { report: Core }) {
  const toggle = (severity: Severity) => {
    const next = new Set(hidden.value);
    if (!next.delete(severity)) next.add(severity);
    hidden.value = next;
  };
  return (
    <div class="filters" role="group" aria-label="Filter the findings">
      {SEVERITIES.map((severity) => {
        const count = report.summary[severity];
        return (
          <button type="button" class={`chip ${severity} ${count ? "" : "none"}`} data-severity={severity} aria-pressed={!hidden.value.has(severity)} onClick={() => toggle(severity)}>
            <span aria-hidden="true">{SYMBOLS[severity]}</span> {severity === "info" ? `${count} info` : amount(count, severity)}
          </button>
        );
      })}
    </div>
  );
}

function Toolbar({ report }: { report: Core }) {
  const safe = report.findings.filter((it) => it.fixes.some((fix) => fix.safety === "safe")).length;
  const json = async () => {
    const whole = await page.wholeReport();
    if (whole) download("plimsoll-report.json", `${JSON.stringify(whole, null, 2)}\n`, "application/json");
  };
  const save = async (name: string, format: ReportFormat, type: string) => {
    const text = await page.rendered(format);
    if (text) download(name, text, type);
  };
  const copied = async () => {
    const text = await page.rendered("markdown");
    if (text) page.say((await copy(text)) ? "Copied as Markdown." : "The browser did not allow copying.");
  };
  const zip = async () => download("plimsoll-files.zip", await zipped(page.project.contents()), "application/zip");
  return (
    <div class="toolbar">
      <button type="button" id="fix-all" disabled={!safe} onClick={() => void page.proposeFixes()}>Apply all safe fixes{safe ? ` (${safe})` : ""}</button>
      <Menu label="Take with you">
        <button type="button" onClick={() => void copied()}>Copy as Markdown</button>
        <button type="button" onClick={() => void save("plimsoll-report.md", "markdown", "text/markdown")}>Report as Markdown</button>
        <button type="button" onClick={() => void json()}>Report as JSON</button>
        <button type="button" onClick={() => void save("plimsoll-report.sarif", "sarif", "application/sarif+json")}>Report as SARIF</button>
        <button type="button" onClick={() => void zip()}>Files as they are now (.zip)</button>
      </Menu>
      <button type="button" aria-haspopup="dialog" onClick={() => (page.dialog.value = "settings")}>Settings</button>
      <MoreFilters report={report} />
    </div>
  );
}

function MoreFilters({ report }: { report: Core }) {
  const families = [...new Set(report.findings.map((it) => familyOf(it.code)))].sort();
  return (
    <details class="more-filters">
      <summary>Filter and group</summary>
      <div class="row">
        <input type="search" placeholder="Words" aria-label="Filter by words" value={words.value} onInput={(event) => (words.value = event.currentTarget.value)} />
        <Select label="Family" value={family.value} onChoose={(it) => (family.value = it)} options={[["", "all"], ...families.map((it) => [it, FAMILIES[it] ?? it] as const)]} />
        <Select label="Sure" value={confidence.value} onChoose={(it) => (confidence.value = it)} options={[["", "any"], ["certain", "certain"], ["likely", "likely or better"]]} />
        <Select label="Group by" value={grouping.value} onChoose={(it) => (grouping.value = it)} options={GROUPS} />
      </div>
    </details>
  );
}

function Remark({ report, shown }: { report: Core; shown: number }) {
  const parts: string[] = [];
  if (!report.findings.length) {
    const read = report.files.some((it) => it.kind !== "unknown");
    parts.push(read ? "Nothing found in these files." : "Nothing to check yet: none of these is a Compose or Kubernetes file.");
  }
  const left = report.findings.length - shown;
  if (left) parts.push(`${left.toLocaleString("en")} not shown by these filters.`);
  if (report.summary.suppressed) parts.push(`${report.summary.suppressed} suppressed by comments or configuration.`);
  const unbuilt = report.targets.filter((it) => !it.built);
  for (const it of unbuilt.slice(0, 3)) parts.push(`\`${targetName(it.name)}\` is not built in full${it.reason ? `: ${it.reason}` : ""}.`);
  return parts.length ? <p class="empty"><Inline text={parts.join(" ")} /></p> : null;
}

interface RowProps {
  id: string;
  finding: Finding;
  /** The finding as text, by which an unchanged row is left as it is. */
  json: string;
  open: boolean;
  current: boolean;
}

class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const { json, open, current } = this.props;
    return next.json !== json || next.open !== open || next.current !== current;
  }

  override render({ id, finding, open, current }: RowProps) {
    return (
      <li class={`finding ${finding.severity}`} data-code={finding.code} aria-current={current ? "location" : undefined}>
        <button type="button" class="finding-toggle" aria-expanded={open} onClick={() => page.unfold(id, !open)}>
          <SeverityMark severity={finding.severity} />
          <span class="message"><Inline text={finding.message} /></span>
        </button>
        <div class="finding-meta">
          <RuleLink code={finding.code} />
          <span class="subject">{finding.subject}</span>
          {finding.fixes.length > 0 && <span class="has-fix">fix</span>}
          <Place path={finding.path} range={finding.range} />
        </div>
        {open && <div class="finding-body"><Details finding={finding} /></div>}
      </li>
    );
  }
}

function Details({ finding }: { finding: Finding }) {
  return (
    <>
      {finding.confidence !== "certain" && (
        <p class="confidence">{finding.confidence === "likely" ? "Likely: true unless something outside these files says otherwise." : "Possible: worth a look."}</p>
      )}
      {finding.why && <Part title="Why it matters"><p><Inline text={finding.why} /></p></Part>}
      {finding.help.length > 0 && <Part title="What helps"><ul>{finding.help.map((it) => <li><Inline text={it} /></li>)}</ul></Part>}
      {finding.fixes.length > 0 && <Part title="Fix">{finding.fixes.map((it) => <FixRow fix={it} />)}</Part>}
      {finding.check.length > 0 && (
        <Part title="Check it on the running system">
          {finding.check.map((it) => <div class="command"><code>{it}</code><CopyButton text={it} what={`the command ${it}`} /></div>)}
        </Part>
      )}
      {finding.related.length > 0 && (
        <Part title="Also here">
          <ul class="related">{finding.related.map((it) => <li><Place path={it.path} range={it.range} /> <Inline text={it.message} /></li>)}</ul>
        </Part>
      )}
      <div class="row quiet">
        <button type="button" class="small" onClick={() => (page.ignoring.value = finding)}>Ignore here…</button>
        <button type="button" class="small" onClick={() => page.setLevel(finding.code, "off")}>Switch {finding.code} off</button>
      </div>
    </>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return <section><h3>{title}</h3>{children}</section>;
}

function FixRow({ fix }: { fix: Fix }) {
  return (
    <div class="fix">
      <div class="fix-head">
        <span><Inline text={fix.title} /></span>
        {fix.safety === "unsafe" && <span class="unsafe">read it first</span>}
        <button type="button" class="small primary" aria-label={`Apply: ${fix.title}`} onClick={() => page.apply(fix)}>Apply</button>
      </div>
      <Preview fix={fix} />
    </div>
  );
}

