// The entry for browsers, workers and bundlers: the engine is a file beside this one, fetched by `init`. It reads
// files as they are written; `loadTargets` fetches the larger one, which also renders charts and builds overlays.
import { download, provide } from "./api.js";
import * as engine from "./glue.js";
import * as whole from "./glue_targets.js";

provide({
  engine,
  later: () => download(new URL("plimsoll_bg.wasm", import.meta.url)),
  whole: { engine: whole, later: () => download(new URL("plimsoll_targets_bg.wasm", import.meta.url)) },
});

export {
  default, analyze, applyFixes, compare, decide, explain, loadTargets, needsTargets, render, renderTargets, rules, version, Workspace,
} from "./api.js";
