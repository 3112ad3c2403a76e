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
/** Width above which a side is laid out from top to bottom. */
const WIDE = 520;
const MARGIN = 16;
/** Height of the captions above the two sides. */
const CAPTION = 26;

/** Lays out each side by itself, Compose on the left and the cluster on the right, and joins counterparts across. */
export function draw(graph: Graph): Drawing {
  const left = side(graph, "compose");
  // In the order of their counterparts, so that few of the lines across cross one another.
  const heights = new Map(left.boxes.map((it) => [it.id, it.y]));
  const order = new Map<string, number>();
  for (const { kind, from, to } of graph.links) if (kind === "counterpart") order.set(to, heights.get(from) ?? Infinity);
  const right = side(graph, "cluster", order);
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

/** Lays out one side from left to right, or from top to bottom where long chains would make it too wide. */
function side(graph: Graph, wanted: Side, order: Map<string, number> = new Map()): Half {
  const boxes = graph.boxes.filter((it) => it.side === wanted);
  boxes.sort((a, b) => (order.get(a.id) ?? Number.MAX_VALUE) - (order.get(b.id) ?? Number.MAX_VALUE));
  if (!boxes.length) return { boxes: [], links: [], frames: [], width: 0, height: 0 };
  const ids = new Set(boxes.map((it) => it.id));
  const links = graph.links.filter((it) => ids.has(it.from) && ids.has(it.to));
  // What has a counterpart comes to lie beside the other side, and what it uses, or what leads to it, further away.
  const across = half(boxes, links, wanted === "compose" ? "RL" : "LR");
  if (across.width <= WIDE) return across;
  const down = half(boxes, links, "TB");
  return down.width < across.width ? down : across;
}

function half(boxes: Box[], inside: Link[], rankdir: "LR" | "RL" | "TB"): Half {
  const dagre = new Dagre({ multigraph: true, compound: true });
  dagre.setGraph({ rankdir, nodesep: 14, ranksep: 34, marginx: MARGIN, marginy: MARGIN });
  dagre.setDefaultEdgeLabel(() => ({}));
  for (const it of boxes) dagre.setNode(it.id, { width: widthOf(it.label), height: BOX_HEIGHT });
  const groups = groupsOf(boxes);
  for (const [name, members] of groups) {
    dagre.setNode(name, {});
    for (const it of members) dagre.setParent(it.id, name);
  }
  const isBackward = (it: Link) => it.kind === "selects" || it.kind === "routes";
  const endsOf = (it: Link) => (isBackward(it) ? { v: it.to, w: it.from } : { v: it.from, w: it.to });
  inside.forEach((it, index) => dagre.setEdge(endsOf(it).v, endsOf(it).w, {}, String(index)));
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
