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

export interface Drawing {
  boxes: Placed[];
  links: Drawn[];
  width: number;
  height: number;
  /** The left edge of the cluster's half; `undefined` when there is only one side. */
  divide: number | undefined;
}

export const BOX_HEIGHT = 40;
const GAP = 60;
const MARGIN = 16;
/** Height of the captions above the two sides. */
const CAPTION = 26;

/** Lays out each side by itself, Compose on the left and the cluster on the right, and joins counterparts across. */
export function draw(graph: Graph): Drawing {
  const left = side(graph, "compose");
  const right = side(graph, "cluster");
  const both = left.boxes.length > 0 && right.boxes.length > 0;
  const shift = both ? left.width + GAP : 0;
  const move = ({ x, y }: { x: number; y: number }) => ({ x: x + shift, y });
  const boxes = [...left.boxes, ...right.boxes.map((it) => ({ ...it, ...move(it) }))];
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
    boxes, links, width: shift + right.width + MARGIN, height: Math.max(left.height, right.height) + MARGIN,
    divide: both ? left.width + GAP / 2 : undefined,
  };
}

function side(graph: Graph, wanted: Side): { boxes: Placed[]; links: Drawn[]; width: number; height: number } {
  const boxes = graph.boxes.filter((it) => it.side === wanted);
  if (!boxes.length) return { boxes: [], links: [], width: 0, height: 0 };
  const dagre = new Dagre({ multigraph: true });
  // What has a counterpart comes to lie beside the other side, and what it uses, or what leads to it, further away.
  dagre.setGraph({ rankdir: wanted === "compose" ? "RL" : "LR", nodesep: 14, ranksep: 34, marginx: MARGIN, marginy: MARGIN });
  dagre.setDefaultEdgeLabel(() => ({}));
  for (const it of boxes) dagre.setNode(it.id, { width: widthOf(it.label), height: BOX_HEIGHT });
  const ids = new Set(boxes.map((it) => it.id));
  const inside = graph.links.filter((it) => ids.has(it.from) && ids.has(it.to));
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
  const size = dagre.graph() as { width?: number; height?: number };
  return { boxes: placed, links, width: size.width ?? 0, height: (size.height ?? 0) + CAPTION };
}

function widthOf(label: string): number {
  return Math.min(Math.max(label.length * 7.6 + 58, 96), 260);
}
