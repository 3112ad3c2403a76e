import type { Finding, ProjectMap } from "plimsoll";
import { choice } from "../choices";
import type { Core } from "../engine/protocol";
import { useMemo, useRef, useState } from "preact/hooks";
import { BOX_HEIGHT, draw, type Drawing, type Drawn, type Placed } from "../map/layout";
import { graphOf, KINDS, named, VERBS, type Graph, type Side } from "../map/model";
import { page } from "../page";
import { place } from "../positions";
import { amount, FAMILIES, familyOf, SYMBOLS, targetName } from "../words";
import { Long } from "../ui/Long";
import { download, Place, Select } from "../ui/parts";

/** Number of objects above which the map starts in families. */
const MANY = 80;

/** Least size of the map beside the one that it is drawn in; its letters are ten pixels high by then. */
const LEAST = 0.8;

const SIDES: [Side, string][] = [["compose", "Compose"], ["cluster", "Cluster"]];

const target = choice("");
const family = choice("");
/** Whether the map is in families, where somebody has chosen. */
const collapsed = choice<boolean | undefined>(undefined);

/** What runs, what it mounts and what it talks to: Compose on the left, the cluster on the right. */
export function MapPanel({ report, map: whole }: { report: Core; map: ProjectMap }) {
  const map = useMemo(() => onlyTarget(report, whole), [report, whole, target.value]);
  const isCollapsed = collapsed.value ?? map.nodes.length > MANY;
  const drawing = useMemo(() => {
    const findings = report.findings.filter((it) => !family.value || familyOf(it.code) === family.value);
    const graph = graphOf(map, findings, report.targets, isCollapsed);
    return { graph, drawing: draw(graph) };
  }, [map, family.value, isCollapsed]);
  const svg = useRef<SVGSVGElement>(null);
  if (!whole.nodes.length) return <p class="empty">Nothing to draw: no service, workload or volume was found in these files.</p>;
  const families = [...new Set(report.findings.map((it) => familyOf(it.code)))].sort();
  return (
    <div class="map">
      <h2 class="visually-hidden">Map</h2>
      <div class="filters">
        <Select label="Target" value={target.value} onChoose={(it) => (target.value = it)} options={[["", "all"], ...report.targets.map((it) => [it.name, targetName(it.name)] as const)]} />
        <Select label="Pitfall" value={family.value} onChoose={(it) => (family.value = it)} options={[["", "all"], ...families.map((it) => [it, FAMILIES[it] ?? it] as const)]} />
        <button type="button" class="small" aria-pressed={isCollapsed} onClick={() => (collapsed.value = !isCollapsed)}>In families</button>
        <button type="button" class="small" onClick={() => svg.current && download("plimsoll-map.svg", standalone(svg.current), "image/svg+xml")}>Save SVG</button>
        <button type="button" class="small" onClick={() => svg.current && void savePicture(svg.current)}>Save PNG</button>
      </div>
      <Picture drawing={drawing.drawing} svg={svg} />
      <Legend />
      <InWords graph={drawing.graph} />
    </div>
  );
}

function onlyTarget(report: Core, map: ProjectMap): ProjectMap {
  const chosen = report.targets.find((it) => it.name === target.value);
  if (!chosen) return map;
  const nodes = map.nodes.filter((it) => it.path && chosen.files.includes(it.path));
  const ids = new Set(nodes.map((it) => it.id));
  return { nodes, edges: map.edges.filter((it) => ids.has(it.from) && ids.has(it.to)) };
}

function Picture({ drawing, svg }: { drawing: Drawing; svg: { current: SVGSVGElement | null } }) {
  const { boxes, links, frames, width, height, divide } = drawing;
  const [focused, setFocused] = useState(boxes[0]?.id);
  const current = boxes.some((it) => it.id === focused) ? focused : boxes[0]?.id;
  const move = (event: KeyboardEvent, from: Placed) => {
    const next = nearest(boxes, from, event.key);
    if (event.key === "Enter" || event.key === " ") open(from);
    else if (!next) return;
    event.preventDefault();
    if (!next) return;
    setFocused(next.id);
    svg.current?.querySelector<SVGElement>(`[data-id="${CSS.escape(next.id)}"]`)?.focus();
  };
  return (
    <div class="map-box" tabIndex={0} role="group" aria-label="The map, which scrolls">
      <svg ref={svg} viewBox={`0 0 ${width} ${height}`} style={{ maxWidth: `${width}px`, minWidth: `${Math.round(width * LEAST)}px` }} role="group" aria-label="Map of the project. Arrow keys move between objects, Enter goes to the line.">
        <defs>
          <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" class="arrow" /></marker>
        </defs>
        {divide !== undefined && <path d={`M${divide} 8V${height - 8}`} class="divide" />}
        {SIDES.map(([side, name]) => {
          const [first] = boxes.filter((it) => it.side === side);
          const isFramed = frames.some((it) => it.side === side);
          const where = first?.targets.length && !isFramed ? `: ${inTargets(first.targets)}` : "";
          return first && <text key={side} x={side === "cluster" && divide !== undefined ? divide + 20 : 16} y="20" class="caption">{name + where}</text>;
        })}
        {frames.map((it) => (
          <g key={it.targets.join("\n")} class="frame">
            <title>{it.targets.map(targetName).join(", ")}</title>
            <rect x={it.x} y={it.y} width={it.width} height={it.height} rx="8" />
            <text x={it.x + 8} y={it.y + 14}>{shortened(inTargets(it.targets), it.width + 40)}</text>
          </g>
        ))}
        {links.map((it) => <Line key={`${it.from}\n${it.to}\n${it.kind}`} link={it} />)}
        {boxes.map((it) => (
          <g key={it.id} data-id={it.id} class={`box ${it.kind} ${it.worst ?? "calm"}`} role="button" tabIndex={it.id === current ? 0 : -1} aria-label={described(it)}
            transform={`translate(${it.x - it.width / 2} ${it.y - BOX_HEIGHT / 2})`} onClick={() => open(it)} onFocus={() => setFocused(it.id)} onKeyDown={(event) => move(event, it)}>
            <rect width={it.width} height={BOX_HEIGHT} rx={it.kind === "volume" ? 14 : 5} />
            <text x="12" y="17" class="label">{shortened(it.label, it.width)}</text>{" "}
            <text x="12" y="31" class="kind">{smallType(it)}</text>{" "}
            {it.worst && <text x={it.width - 10} y="17" class={`mark ${it.worst}`} text-anchor="end">{SYMBOLS[it.worst]} {it.findings.length}</text>}
          </g>
        ))}
      </svg>
    </div>
  );
}

function Line({ link }: { link: Drawn }) {
  const [first, ...rest] = link.points;
  if (!first) return null;
  const last = rest.at(-1) ?? first;
  const middle = (first.x + last.x) / 2;
  const path = link.kind === "counterpart"
    ? `M${first.x} ${first.y}C${middle} ${first.y} ${middle} ${last.y} ${last.x} ${last.y}`
    : `M${first.x} ${first.y}${rest.map(({ x, y }) => `L${x} ${y}`).join("")}`;
  const { path: file, range } = link.edge;
  const reason = `${VERBS[link.kind]}${file && range ? `, ${place(file, range)}` : ""}${link.count > 1 ? `, ${link.count} times` : ""}${link.worst ? `; they differ, worst: ${link.worst}` : ""}`;
  return (
    <g class={`line ${link.kind} ${link.worst ?? ""}`} onClick={() => file && range && page.reveal(file, range)}>
      <title>{reason}</title>
      <path d={path} class="wide" />
      <path d={path} class="thin" marker-end={link.kind === "counterpart" ? undefined : "url(#arrow)"} />
    </g>
  );
}

/** Returns the names of targets, or the first of many. */
function inTargets(targets: string[]): string {
  const [first = "", ...others] = targets.map(targetName);
  return others.length > 1 ? `${first} and ${others.length} more` : [first, ...others].join(", ");
}

function open(box: Placed): void {
  const [node] = box.nodes;
  if (box.nodes.length > 1) collapsed.value = false;
  else if (node?.path && node.range) page.reveal(node.path, node.range);
}

function smallType(box: Placed): string {
  return box.nodes.length > 1 ? "family" : KINDS[box.kind];
}

/** Returns the name of a box for screen readers, which begins with what is written in the box. */
function described(box: Placed): string {
  const what = `${box.label} ${smallType(box)}`;
  const side = box.side === "compose" ? "Compose" : "cluster";
  return box.worst ? `${what} ${SYMBOLS[box.worst]} ${amount(box.findings.length, "finding")}, worst: ${box.worst}, ${side}` : `${what}, nothing found, ${side}`;
}

function shortened(label: string, width: number): string {
  const most = Math.floor((width - 56) / 7.6);
  return label.length > most + 1 ? `${label.slice(0, most)}…` : label;
}

/** Returns the nearest box in the direction of an arrow key. */
function nearest(boxes: Placed[], from: Placed, key: string): Placed | undefined {
  const direction = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
  if (!direction) return undefined;
  const [dx = 0, dy = 0] = direction;
  const cost = (it: Placed) => {
    const along = (it.x - from.x) * dx + (it.y - from.y) * dy;
    const across = Math.abs((it.x - from.x) * dy) + Math.abs((it.y - from.y) * dx);
    return along > 1 ? along + 2 * across : Infinity;
  };
  const best = boxes.reduce<Placed | undefined>((a, b) => (cost(b) < (a ? cost(a) : Infinity) ? b : a), undefined);
  return best;
}

function Legend() {
  return (
    <p class="legend">
      <span class="line-sample" /> waits for, talks to, mounts, reads, selects, routes to
      <span class="line-sample counterpart" /> the same thing on the other side
      <span>Colour: the worst finding; on a dashed line, the worst difference.</span>
    </p>
  );
}

/** The map as text, for everybody who reads rather than looks. */
function InWords({ graph }: { graph: Graph }) {
  const labels = new Map(graph.boxes.map((it) => [it.id, it]));
  const linksFrom = new Map<string, Graph["links"]>();
  for (const link of graph.links) linksFrom.set(link.from, [...(linksFrom.get(link.from) ?? []), link]);
  return (
    <details class="in-words">
      <summary>The map in words</summary>
      <Long items={graph.boxes} step={60} wrap={(rows) => <ul>{rows}</ul>}>
        {(box) => (
          <li key={box.id}>
            <strong>{named(box)}</strong>{" "}
            {box.nodes.length === 1 && box.nodes[0]?.path && box.nodes[0].range && <Place path={box.nodes[0].path} range={box.nodes[0].range} />}
            {box.targets.length > 0 && <span class="muted"> in {box.targets.map(targetName).join(", ")}</span>}
            {box.findings.length > 0 && <span class="muted"> {amount(box.findings.length, "finding")}: {codes(box.findings)}</span>}
            {(linksFrom.get(box.id) ?? []).map((it) => (
              <div>{VERBS[it.kind]} {it.kind === "counterpart" ? "as " : ""}{labels.get(it.to)?.label} {it.edge.path && it.edge.range && <Place path={it.edge.path} range={it.edge.range} />}</div>
            ))}
          </li>
        )}
      </Long>
    </details>
  );
}

function codes(findings: Finding[]): string {
  return [...new Set(findings.map((it) => it.code))].slice(0, 6).join(", ");
}

/** Properties that the style sheet sets on the parts of the map. */
const LOOKS = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-family", "font-size", "font-weight", "opacity"];

/** Returns the picture as a file of its own, with the looks that the page gives it. */
function standalone(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const shown = svg.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((element, index) => {
    const style = shown[index] && getComputedStyle(shown[index]);
    if (style) for (const name of LOOKS) element.setAttribute(name, style.getPropertyValue(name));
  });
  copy.removeAttribute("style");
  copy.setAttribute("width", String(svg.viewBox.baseVal.width));
  copy.setAttribute("height", String(svg.viewBox.baseVal.height));
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  paper.setAttribute("width", "100%");
  paper.setAttribute("height", "100%");
  paper.setAttribute("fill", getComputedStyle(svg.parentElement ?? svg).backgroundColor);
  copy.prepend(paper);
  return new XMLSerializer().serializeToString(copy);
}

async function savePicture(svg: SVGSVGElement): Promise<void> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(svg))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width * 2;
  canvas.height = image.height * 2;
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve));
  if (blob) download("plimsoll-map.png", new Uint8Array(await blob.arrayBuffer()), "image/png");
  else page.say("The picture is too large for this browser; the SVG works.");
}
