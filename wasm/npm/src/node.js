// The entry for Node and Bun: the engine is read from disk at the first call, so `init` may be left out.
import { readFileSync } from "node:fs";
import { provide } from "./api.js";
import * as engine from "./glue_targets.js";

const read = () => readFileSync(new URL("plimsoll_targets_bg.wasm", import.meta.url));
provide({ engine, now: read, later: read });

export {
  default, analyze, applyFixes, compare, decide, explain, loadTargets, needsTargets, render, renderTargets, rules, version, Workspace,
} from "./api.js";
