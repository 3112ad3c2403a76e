import type { EdgeKind, Finding, MapEdge, MapNode, NodeKind, ProjectMap, Severity, Target } from "plimsoll";
import { amount, worstOf } from "../words";

export type Side = "compose" | "cluster";

/** A box of the map: one object, or a family of them. */
export interface Box {
  id: string;
  label: string;
  kind: NodeKind;
  side: Side;
  /** The objects that the box stands for. */
  nodes: MapNode[];
  /** Names of the targets that put them there; empty where no target does. */
  targets: string[];
  findings: Finding[];
  worst: Severity | undefined;
}

export interface Link {
  from: string;
  to: string;
  kind: EdgeKind;
  /** The edge that the link stands for, or the first of them. */
  edge: MapEdge;
  count: number;
  /** The worst finding about a difference between two counterparts. */
  worst: Severity | undefined;
}

export interface Graph {
  boxes: Box[];
  links: Link[];
}

/** Names of the kinds in the small type of a box. */
export const KINDS: Record<NodeKind, string> = {
  service: "service", workload: "workload", "k8s-service": "Service", volume: "volume", config: "configuration",
  secret: "Secret", route: "route",
};

/** Returns a box in words: `Compose service web`. */
export function named(box: Box): string {
  if (box.nodes.length > 1) return box.label;
  return `${box.kind === "service" ? "Compose service" : KINDS[box.kind]} ${box.label}`;
}

/** What an edge says, read from its start to its end. */
export const VERBS: Record<EdgeKind, string> = {
  "depends-on": "waits for", "talks-to": "talks to", selects: "selects", mounts: "mounts", reads: "reads", routes: "routes to",
  counterpart: "is in the cluster",
};

/** Returns the graph to draw; in families when `collapsed`, one for each side, kind and folder. */
export function graphOf(map: ProjectMap, findings: Finding[], targets: Target[], collapsed: boolean): Graph {
  const sides = sidesOf(map);
  const byFile = targetsByFile(targets);
  const byNode = findingsByNode(map.nodes, findings);
  const boxes = new Map<string, Box>();
  const boxOf = new Map<string, string>();
  for (const node of map.nodes) {
    const side = sides.get(node.id) ?? "cluster";
    const id = collapsed ? `${side} ${node.kind} ${folderOf(node)}` : node.id;
    boxOf.set(node.id, id);
    const found = byNode.get(node.id) ?? [];
    const box = boxes.get(id);
    const here = byFile.get(node.path ?? "") ?? [];
    if (!box) boxes.set(id, { id, label: node.label, kind: node.kind, side, nodes: [node], targets: here, findings: found, worst: undefined });
    else {
      box.nodes.push(node);
      box.targets = [...new Set([...box.targets, ...here])];
      box.findings = [...box.findings, ...found];
    }
  }
  for (const box of boxes.values()) {
    box.worst = worstOf(box.findings.map((it) => it.severity));
    if (box.nodes.length > 1) box.label = `${amount(box.nodes.length, KINDS[box.kind])} in ${folderOf(box.nodes[0]) || "the root"}`;
  }
  return { boxes: [...boxes.values()], links: linksOf(map, boxOf, boxes) };
}

/** Returns the names of the targets that each file is a part of. */
function targetsByFile(targets: Target[]): Map<string, string[]> {
  const byFile = new Map<string, string[]>();
  for (const { name, files } of targets) for (const path of files) byFile.set(path, [...(byFile.get(path) ?? []), name]);
  return byFile;
}

function linksOf(map: ProjectMap, boxOf: Map<string, string>, boxes: Map<string, Box>): Link[] {
  const links = new Map<string, Link>();
  for (const edge of map.edges) {
    const from = boxOf.get(edge.from);
    const to = boxOf.get(edge.to);
    if (!from || !to || from === to) continue;
    const key = `${from}\n${to}\n${edge.kind}`;
    const link = links.get(key);
    if (link) link.count += 1;
    else links.set(key, { from, to, kind: edge.kind, edge, count: 1, worst: edge.kind === "counterpart" ? drift(boxes.get(from), boxes.get(to)) : undefined });
  }
  return [...links.values()];
}

/** Returns the worst finding that is about one of two counterparts and names a place in the other one's file. */
function drift(a: Box | undefined, b: Box | undefined): Severity | undefined {
  const across = (from: Box | undefined, to: Box | undefined) =>
    (from?.findings ?? []).filter((it) => it.path !== to?.nodes[0]?.path && it.related.some(({ path }) => to?.nodes.some((node) => node.path === path)));
  return worstOf([...across(a, b), ...across(b, a)].map((it) => it.severity));
}

/** Returns the side of every node: a volume or a configuration is on the side of what uses it. */
function sidesOf(map: ProjectMap): Map<string, Side> {
  const sides = new Map<string, Side>();
  for (const { id, kind } of map.nodes) {
    if (kind === "service") sides.set(id, "compose");
    else if (kind === "workload" || kind === "k8s-service" || kind === "route") sides.set(id, "cluster");
  }
  for (const { from, to, kind } of map.edges) {
    const side = sides.get(from);
    if (kind !== "counterpart" && side && !sides.has(to)) sides.set(to, side);
  }
  return sides;
}

function folderOf(node: MapNode | undefined): string {
  const path = node?.path ?? "";
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** Returns the findings about each node. A finding names its subject as `service web` or `Deployment shop/web, container web`. */
function findingsByNode(nodes: MapNode[], findings: Finding[]): Map<string, Finding[]> {
  const names = new Map<string, MapNode[]>();
  for (const node of nodes) {
    const name = node.kind === "service" ? `service ${node.label}` : node.id.replace("/", " ");
    const same = names.get(name);
    if (same) same.push(node);
    else names.set(name, [node]);
  }
  const byNode = new Map<string, Finding[]>();
  for (const finding of findings) {
    const subject = finding.subject.split(",")[0] ?? "";
    const named = names.get(subject) ?? [];
    // Several projects may have a service of this name; the one in the finding's own file is meant.
    const here = named.filter((it) => it.path === finding.path);
    for (const node of here.length ? here : named) byNode.set(node.id, [...(byNode.get(node.id) ?? []), finding]);
  }
  return byNode;
}
