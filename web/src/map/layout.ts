import { Graph as Dagre, layout } from "@dagrejs/dagre";
import type { Box, Graph, Link, Side } from "./model";

export interface Placed extends Box {
  x: number;
  y: number;
  width: number;
}

export interface Drawn extends Link {
  /** Points of the line, from its start to its end. */
  points: { x: number; y: number }[];
}

/** What belongs to the same targets, with a line around it. */
export interface Frame {
  side: Side;
  targets: string[];
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Drawing {
  boxes: Placed[];
  links: Drawn[];
  frames: Frame[];
  width: number;
  height: number;
  /** The left edge of the cluster's half; `undefined` when there is only one side. */
  divide: number | undefined;
}

export const BOX_HEIGHT = 40;
const GAP = 60;
/** Width above which a side is laid out in another way; less where both sides together would be too wide to be read. */
const WIDE = 520;
const WIDE_BESIDE = 380;
const WIDE_TOGETHER = 815;
const MARGIN = 16;
/** Room between columns, and between the lines beside a column, which is less where they are many. */
const RANKS = 34;
const LANE = 6;
const MOST_LANES = 60;
/** Height of the captions above the two sides. */
const CAPTION = 26;

/** Lays out each side by itself, Compose on the left and the cluster on the right, and joins counterparts across. */
export function draw(graph: Graph): Drawing {
  const drawing = drawn(graph, WIDE);
  return drawing.divide !== undefined && drawing.width > WIDE_TOGETHER ? drawn(graph, WIDE_BESIDE) : drawing;
}

function drawn(graph: Graph, wide: number): Drawing {
  const left = side(graph, "compose", wide);
  // In the order of their counterparts, so that few of the lines across cross one another.
  const heights = new Map(left.boxes.map((it) => [it.id, it.y]));
  const order = new Map<string, number>();
  for (const { kind, from, to } of graph.links) if (kind === "counterpart") order.set(to, heights.get(from) ?? Infinity);
  const right = side(graph, "cluster", wide, order);
  if (runsBackward(right, order)) turnOver(right);
  const both = left.boxes.length > 0 && right.boxes.length > 0;
  const shift = both ? left.width + GAP : 0;
  const move = ({ x, y }: { x: number; y: number }) => ({ x: x + shift, y });
  const boxes = [...left.boxes, ...right.boxes.map((it) => ({ ...it, ...move(it) }))];
  const frames = [...left.frames, ...right.frames.map((it) => ({ ...it, ...move(it) }))];
  const links = [...left.links, ...right.links.map((it) => ({ ...it, points: it.points.map(move) }))];
  const places = new Map(boxes.map((it) => [it.id, it]));
  for (const link of graph.links) {
    const from = places.get(link.from);
    const to = places.get(link.to);
    if (!from || !to || from.side === to.side) continue;
    const [a, b] = from.x < to.x ? [from, to] : [to, from];
    links.push({ ...link, points: [{ x: a.x + a.width / 2, y: a.y }, { x: b.x - b.width / 2, y: b.y }] });
  }
  return {
    boxes, links, frames, width: shift + right.width + MARGIN, height: Math.max(left.height, right.height) + MARGIN,
    divide: both ? left.width + GAP / 2 : undefined,
  };
}

/** Whether the order of one side is, on the whole, the reverse of its counterparts' order. */
function runsBackward(right: Half, order: Map<string, number>): boolean {
  const pairs = right.boxes.map((it) => [it.y, order.get(it.id) ?? Infinity] as const).filter(([, other]) => other !== Infinity);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / (values.length || 1);
  const here = mean(pairs.map(([it]) => it));
  const there = mean(pairs.map(([, it]) => it));
  return pairs.reduce((sum, [a, b]) => sum + (a - here) * (b - there), 0) < 0;
}

/** Turns one side upside down. */
function turnOver(half: Half): void {
  const turned = (y: number) => half.height + CAPTION - y;
  for (const it of half.boxes) it.y = turned(it.y);
  for (const it of half.links) it.points = it.points.map(({ x, y }) => ({ x, y: turned(y) }));
  for (const it of half.frames) it.y = turned(it.y + it.height);
}

/** A side of the map by itself. */
interface Half {
  boxes: Placed[];
  links: Drawn[];
  frames: Frame[];
  width: number;
  height: number;
}

/** Lays out one side from left to right. Where chains make that too wide, it is from top to bottom or in two columns, whichever is narrower. */
function side(graph: Graph, wanted: Side, wide: number, order: Map<string, number> = new Map()): Half {
  const boxes = graph.boxes.filter((it) => it.side === wanted);
  boxes.sort((a, b) => (order.get(a.id) ?? Number.MAX_VALUE) - (order.get(b.id) ?? Number.MAX_VALUE));
  if (!boxes.length) return { boxes: [], links: [], frames: [], width: 0, height: 0 };
  const ids = new Set(boxes.map((it) => it.id));
  const links = graph.links.filter((it) => ids.has(it.from) && ids.has(it.to));
  // What has a counterpart comes to lie beside the other side, and what it uses, or what leads to it, further away.
  const outward = wanted === "compose" ? "RL" : "LR";
  const isBackward = (it: Link) => it.kind === "selects" || it.kind === "routes";
  const across = half(boxes, links, outward, isBackward);
  if (across.width <= wide) return across;
  const others = [half(boxes, links, "TB", isBackward), columns(boxes, links, outward)];
  return others.reduce((a, b) => (b.width < a.width ? b : a), across);
}

/** Lays out what runs as one column and everything else as another. Lines within a column run beside it. */
function columns(boxes: Box[], links: Link[], outward: "LR" | "RL"): Half {
  const running = new Set(boxes.filter((it) => it.kind === "service" || it.kind === "workload").map((it) => it.id));
  const [first] = running;
  const across = links.filter((it) => running.has(it.from) !== running.has(it.to));
  const within = links.filter((it) => running.has(it.from) === running.has(it.to));
  const joined = new Set(across.flatMap((it) => [it.from, it.to]));
  const loose = first === undefined ? [] : boxes.filter((it) => !running.has(it.id) && !joined.has(it.id));
  const pulls = loose.map((it): [string, string] => [first ?? "", it.id]);
  const rows = new Map(half(boxes, across, outward, (it) => !running.has(it.from), { pulls }).boxes.map((it) => [it.id, it.y]));
  const lanes = lanesOf(within, rows);
  return half(boxes, across, outward, (it) => !running.has(it.from), { pulls, lanes });
}

/** Gives every line beside a column a lane in which it meets no other one. */
function lanesOf(links: Link[], rows: Map<string, number>): Map<Link, number> {
  const span = (it: Link) => {
    const [a, b] = [rows.get(it.from) ?? 0, rows.get(it.to) ?? 0];
    return a < b ? { top: a, bottom: b } : { top: b, bottom: a };
  };
  const taken: { top: number; bottom: number }[][] = [];
  const length = (it: Link) => span(it).bottom - span(it).top;
  const lanes = new Map<Link, number>();
  for (const link of [...links].sort((a, b) => length(a) - length(b))) {
    const own = span(link);
    let lane = taken.findIndex((all) => all.every((it) => it.bottom < own.top || it.top > own.bottom));
    if (lane < 0) lane = taken.push([]) - 1;
    taken[lane]?.push(own);
    lanes.set(link, lane);
  }
  return lanes;
}

interface Columns {
  /** Pairs of boxes of which the second comes to lie in a later column, without a line between them. */
  pulls?: [string, string][];
  /** Lines that run beside a column, each with its lane. */
  lanes?: Map<Link, number>;
}

function half(boxes: Box[], inside: Link[], rankdir: "LR" | "RL" | "TB", isBackward: (link: Link) => boolean, { pulls = [], lanes = new Map() }: Columns = {}): Half {
  const dagre = new Dagre({ multigraph: true, compound: true });
  const count = Math.max(-1, ...lanes.values()) + 1;
  const lane = Math.min(LANE, MOST_LANES / Math.max(1, count));
  dagre.setGraph({ rankdir, nodesep: 14, ranksep: RANKS + count * lane, marginx: MARGIN, marginy: MARGIN });
  dagre.setDefaultEdgeLabel(() => ({}));
  for (const it of boxes) dagre.setNode(it.id, { width: widthOf(it.label), height: BOX_HEIGHT });
  const groups = groupsOf(boxes);
  for (const [name, members] of groups) {
    dagre.setNode(name, {});
    for (const it of members) dagre.setParent(it.id, name);
  }
  const endsOf = (it: Link) => (isBackward(it) ? { v: it.to, w: it.from } : { v: it.from, w: it.to });
  inside.forEach((it, index) => dagre.setEdge(endsOf(it).v, endsOf(it).w, {}, String(index)));
  for (const [from, to] of pulls) dagre.setEdge(from, to, { weight: 0 }, "pull");
  layout(dagre);
  const placed = boxes.map((it) => {
    const { x, y, width } = dagre.node(it.id) as { x: number; y: number; width: number };
    return { ...it, x, y: y + CAPTION, width };
  });
  const links = inside.map((it, index) => {
    const { points } = dagre.edge({ ...endsOf(it), name: String(index) }) as { points: { x: number; y: number }[] };
    const moved = points.map(({ x, y }) => ({ x, y: y + CAPTION }));
    return { ...it, points: isBackward(it) ? moved.reverse() : moved };
  });
  const places = new Map(placed.map((it) => [it.id, it]));
  const out = rankdir === "RL" ? -1 : 1;
  for (const [link, index] of lanes) {
    const [from, to] = [places.get(link.from), places.get(link.to)];
    if (!from || !to) continue;
    // Beside the widest box of the column.
    const edge = placed.filter((it) => Math.abs(it.x - from.x) < 1).reduce((most, it) => Math.max(most, it.width / 2), 0);
    const x = from.x + out * (edge + 8 + index * lane);
    const end = (it: Placed) => it.x + (out * it.width) / 2;
    links.push({ ...link, points: [{ x: end(from), y: from.y - 5 }, { x, y: from.y - 5 }, { x, y: to.y + 5 }, { x: end(to), y: to.y + 5 }] });
  }
  const frames = [...groups].map(([name, [first]]): Frame => {
    const { x, y, width, height } = dagre.node(name) as { x: number; y: number; width: number; height: number };
    return { side: first?.side ?? "cluster", targets: first?.targets ?? [], x: x - width / 2, y: y - height / 2 + CAPTION, width, height };
  });
  const size = dagre.graph() as { width?: number; height?: number };
  // Lines may leave what dagre takes for the size of the graph.
  const xs = links.flatMap((it) => it.points.map(({ x }) => x));
  const shift = Math.max(0, MARGIN / 2 - xs.reduce((a, b) => Math.min(a, b), Infinity));
  for (const it of [...placed, ...frames]) it.x += shift;
  for (const it of links) for (const point of it.points) point.x += shift;
  const width = Math.max(size.width ?? 0, xs.reduce((a, b) => Math.max(a, b), 0) + MARGIN / 2) + shift;
  return { boxes: placed, links, frames, width, height: (size.height ?? 0) + CAPTION };
}

/** Returns the boxes of the same targets together, where a side has more than one such group. */
function groupsOf(boxes: Box[]): Map<string, Box[]> {
  const groups = new Map<string, Box[]>();
  for (const box of boxes) {
    if (!box.targets.length) continue;
    const name = `targets ${box.targets.join("\n")}`;
    groups.set(name, [...(groups.get(name) ?? []), box]);
  }
  const isOne = groups.size === 1 && [...groups.values()].every((it) => it.length === boxes.length);
  return isOne ? new Map() : groups;
}

function widthOf(label: string): number {
  return Math.min(Math.max(label.length * 7.6 + 58, 96), 260);
}
