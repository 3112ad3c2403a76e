import type { Aspect, ComparedAspect, ComparedKey, ComparedService, Comparison, Drift } from "plimsoll";
import { choice } from "../choices";
import type { Parts } from "../engine/protocol";
import { page, type CompareView } from "../page";
import { amount } from "../words";
import { Long } from "../ui/Long";
import { Inline } from "../ui/Markdown";
import { Group, Place } from "../ui/parts";
import { Targets } from "./Targets";

const VIEWS: [CompareView, string][] = [["services", "Service by service"], ["targets", "What each target gets"]];
const ASPECTS: Record<Aspect, string> = {
  image: "Image", command: "Command", env: "Environment", ports: "Ports", volumes: "Volumes", health: "Health", resources: "Resources",
  replicas: "Replicas",
};
const DRIFTS: Record<Drift, string> = { same: "✓", drifted: "≠", lost: "✗" };
const WORST_FIRST: Drift[] = ["lost", "drifted", "same"];
/** Number of services that are rendered at first and added at the end. */
const STEP = 30;

/** Names of the services that somebody has folded or unfolded. */
const folds = choice<ReadonlyMap<string, boolean>>(new Map());

/** Compose services beside what runs the same thing in the cluster, and what each target puts there. */
export function Compare({ parts }: { parts: Parts }) {
  const view = page.compareView.value;
  return (
    <div class="compare">
      <h2 class="visually-hidden">Compare</h2>
      <div class="filters" role="group" aria-label="What is compared">
        {VIEWS.map(([name, label]) => (
          <button type="button" class="small" aria-pressed={view === name} onClick={() => page.showCompareView(name)}>{label}</button>
        ))}
      </div>
      {view === "services" && (parts.comparison ? <Services comparison={parts.comparison} /> : <Asking />)}
      {view === "targets" && (parts.rendered ? <Targets targets={parts.rendered} /> : <Asking />)}
    </div>
  );
}

function Asking() {
  return <p class="empty">Asking the engine…</p>;
}

function Services({ comparison }: { comparison: Comparison }) {
  const { services, onlyInCluster, summary } = comparison;
  if (!services.length) return <p class="empty">Nothing to compare: there is no Compose service in these files.</p>;
  const counts = `${amount(summary.lost, "aspect")} lost, ${summary.drifted} drifted, ${summary.same} the same`;
  const matched = services.filter((it) => it.counterpart).length;
  return (
    <>
      <p class="empty">
        {matched ? `${matched} of ${amount(services.length, "service")} ${matched === 1 ? "runs" : "run"} in the cluster too: ${counts}.` : "None of these services runs in a cluster of these files. Unfold one to see what to write for it."}
      </p>
      <Long items={services} step={STEP} wrap={(all) => <ul class="compared">{all}</ul>}>
        {(it) => <Service key={`${it.path} ${it.service}`} service={it} />}
      </Long>
      {onlyInCluster.length > 0 && (
        <Group title="Only in the cluster">
          <ul>{onlyInCluster.map((it) => <li><Inline text={it.label} /> <Place path={it.path} range={it.range} /></li>)}</ul>
        </Group>
      )}
    </>
  );
}

function Service({ service }: { service: ComparedService }) {
  const { counterpart, compared } = service;
  const key = `${service.path} ${service.service}`;
  const differs = compared.some((it) => it.drift !== "same");
  const open = folds.value.get(key) ?? differs;
  return (
    <li class="compared-service" data-service={service.service}>
      <button type="button" class="finding-toggle" aria-expanded={open} onClick={() => (folds.value = new Map(folds.value).set(key, !open))}>
        <span class="message">
          <strong>{service.service}</strong>{" "}
          {counterpart ? <>→ <Inline text={counterpart.label} /></> : <span class="muted">no counterpart</span>}
        </span>
        <Counts compared={compared} />
      </button>
      <div class="finding-meta">
        <Place path={service.path} range={service.range} />
        {counterpart && <><span>matched by {counterpart.matchedBy}</span><Place path={counterpart.path} range={counterpart.range} /></>}
      </div>
      {open && (
        <div class="compared-body">
          {!counterpart && <p class="muted"><NoCounterpart candidates={service.candidates ?? []} /></p>}
          {compared.length > 0 && <Aspects service={service} />}
          <ToWrite service={service} />
        </div>
      )}
    </li>
  );
}

function NoCounterpart({ candidates }: { candidates: string[] }) {
  if (!candidates.length) return <>No container of the cluster has its image or its name.</>;
  return <><Inline text={candidates.join(", ")} /> run its image, and nothing tells which of them is meant.</>;
}

function Counts({ compared }: { compared: ComparedAspect[] }) {
  const counts = WORST_FIRST.map((drift) => [drift, compared.filter((it) => it.drift === drift).length] as const);
  return <span class="counts">{counts.filter(([, count]) => count).map(([drift, count]) => <span class={`fate ${drift}`}>{count} {drift}</span>)}</span>;
}

function Aspects({ service }: { service: ComparedService }) {
  return (
    <div class="table" tabIndex={0} role="region" aria-label={`${service.service} on both sides`}>
      <table>
        <thead><tr>{["What", "State", "Compose", "Cluster"].map((it) => <th scope="col">{it}</th>)}</tr></thead>
        <tbody>
          {service.compared.map((it) => (
            <tr key={it.aspect} data-aspect={it.aspect}>
              <th scope="row">{ASPECTS[it.aspect] ?? it.aspect}</th>
              <td><span class={`fate ${it.drift}`}><span aria-hidden="true">{DRIFTS[it.drift]}</span> {it.drift}</span></td>
              <td><Inline text={it.compose} />{it.path && it.range && <Place path={it.path} range={it.range} />}</td>
              <td><Inline text={it.cluster} />{it.clusterPath && it.clusterRange && <Place path={it.clusterPath} range={it.clusterRange} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What becomes of the keys that do not cross as they are, and, for a service of which nothing is in the cluster, of all. */
function ToWrite({ service }: { service: ComparedService }) {
  const rows = service.crossing.filter((it) => it.fate !== "carried" || !service.counterpart);
  if (!rows.length) return null;
  return <section><h3>What to write</h3><ul class="to-write">{rows.map((it, index) => <Key key={`${it.key} ${index}`} row={it} />)}</ul></section>;
}

function Key({ row }: { row: ComparedKey }) {
  return (
    <li>
      <code>{row.key}</code> <span class={`fate ${row.fate}`}>{row.fate}</span> <Inline text={row.instead} />
      {row.counterpart && <p class="muted">There now: <Inline text={row.counterpart} /></p>}
      {row.yaml && <details><summary>YAML to write</summary><pre tabIndex={0} role="group" aria-label={`YAML instead of ${row.key}`}>{row.yaml}</pre></details>}
    </li>
  );
}
