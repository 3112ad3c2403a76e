/// <reference lib="webworker" />
import init, { explain, loadTargets, needsTargets, rules, version, Workspace } from "plimsoll";
import { fixAll } from "./fixall";
import type { Reply, Request } from "./protocol";

declare const self: DedicatedWorkerGlobalScope;

let workspace: Workspace | undefined;

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

function answer(request: Request): unknown {
  switch (request.kind) {
    case "rules":
      return rules();
    case "explain":
      return explain(request.code);
    case "fixAll":
      return fixAll(request.files);
    case "report": {
      const start = performance.now();
      if (request.fresh || !workspace) workspace = new Workspace();
      for (const path of request.remove) workspace.remove(path);
      for (const [path, text] of request.set) workspace.set(path, text);
      const report = workspace.report({ answers: request.answers });
      return { report, milliseconds: performance.now() - start, engine: version };
    }
  }
}
