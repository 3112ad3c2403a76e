// The entry for browsers, workers and bundlers: the engine is a file beside this one, fetched by `init`.
import { provide } from "./api.js";

provide({ later: () => new URL("plimsoll_bg.wasm", import.meta.url) });

export { default, analyze, explain, rules, version, Workspace } from "./api.js";
