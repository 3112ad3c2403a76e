/// <reference lib="webworker" />
import init, { explain, loadTargets, needsTargets, rules, Workspace } from "plimsoll";
import type { Reply, Request } from "./protocol";

declare const self: DedicatedWorkerGlobalScope;

const ready = init().then(() => new Workspace());

self.onmessage = async ({ data }: MessageEvent<Request>) => {
  let reply: Reply;
  try {
    const workspace = await ready;
    // The engine that renders charts and builds overlays is fetched once there are any.
    if (data.kind === "report" && needsTargets(data.set.map(([path]) => path))) await loadTargets();
    reply = { id: data.id, answer: answer(workspace, data) };
  } catch (error) {
    reply = { id: data.id, failure: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply);
};

function answer(workspace: Workspace, request: Request): unknown {
  switch (request.kind) {
    case "rules":
      return rules();
    case "explain":
      return explain(request.code);
    case "report": {
      const start = performance.now();
      for (const path of request.remove) workspace.remove(path);
      for (const [path, text] of request.set) workspace.set(path, text);
      const report = workspace.report({ answers: request.answers });
      return { report, milliseconds: performance.now() - start };
    }
  }
}
