// The entry for Node and Bun: the engine is read from disk at the first call, so `init` may be left out.
import { readFileSync } from "node:fs";
import { provide } from "./api.js";

const read = () => readFileSync(new URL("plimsoll_bg.wasm", import.meta.url));
provide({ now: read, later: read });

export { default, analyze, explain, rules, version, Workspace } from "./api.js";
