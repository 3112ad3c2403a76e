/// <reference lib="webworker" />
import init, { type Report, compare, explain, loadTargets, needsTargets, render, renderTargets, rules, version, Workspace } from "plimsoll";
import { fixAll } from "./fixall";
import type { Answers, Part, Parts, Reply, Request } from "./protocol";

declare const self: DedicatedWorkerGlobalScope;

let workspace: Workspace | undefined;
/** Contents of the workspace's files, by path. */
let contents = new Map<string, string | Uint8Array>();
let answers: Record<string, string> = {};
let last: Report | undefined;

self.onmessage = async ({ data }: MessageEvent<Request>) => {
  const fail = (error: unknown, trouble: "missing" | "failed"): Reply => ({
    id: data.id, trouble, failure: error instanceof Error ? error.message : String(error),
  });
  let reply: Reply;
  try {
    await init();
    // The engine that renders charts and builds overlays is fetched once there are any.
    if (data.kind === "report" && needsTargets(data.set.map(([path]) => path))) await loadTargets();
    try {
      reply = { id: data.id, answer: answer(data) };
    } catch (error) {
      reply = fail(error, "failed");
    }
  } catch (error) {
    reply = fail(error, "missing");
  }
  self.postMessage(reply);
};

function answer(request: Request): Answers[Request["kind"]] {
  switch (request.kind) {
    case "start":
      return undefined;
    case "rules":
      return rules();
    case "explain":
      return explain(request.code);
    case "fixAll":
      return fixAll(request.files);
    case "hover":
      // The page tells the findings by itself.
      return workspace?.hover(request.path, request.offset, { answers, findings: false }) ?? null;
    case "definition":
      return workspace?.definition(request.path, request.offset, { answers }) ?? [];
    case "render":
      if (!last) throw new Error("there is no report yet");
      return render(last, request.format);
    case "parts":
      return partsOf(request.parts);
    case "report": {
      const start = performance.now();
      if (request.fresh || !workspace) {
        workspace = new Workspace();
        contents = new Map();
      }
      for (const path of request.remove) {
        workspace.remove(path);
        contents.delete(path);
      }
      for (const [path, content] of request.set) {
        workspace.set(path, content);
        contents.set(path, content);
      }
      answers = request.answers;
      last = workspace.report({ answers });
      const { decision: _, map: __, ...report } = last;
      return { report, parts: partsOf(request.parts), milliseconds: performance.now() - start, engine: version };
    }
  }
}

function partsOf(wanted: Part[]): Parts {
  const parts: Parts = {};
  if (last && wanted.includes("decision")) parts.decision = last.decision;
  if (last && wanted.includes("map")) parts.map = last.map;
  const files = [...contents].map(([path, it]) => (typeof it === "string" ? { path, text: it } : { path, bytes: it }));
  if (wanted.includes("comparison")) parts.comparison = compare(files, { answers });
  if (wanted.includes("rendered")) parts.rendered = renderTargets(files, { answers });
  return parts;
}
