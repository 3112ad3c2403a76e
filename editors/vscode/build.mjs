// node build.mjs: bundles the extension into dist/, for the desktop and for the web, with the engine beside it.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = join(here, "dist");
const engine = join(here, "../../wasm/npm/dist");
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);

const shared = { absWorkingDir: here, bundle: true, minify: true, logLevel: "warning", legalComments: "none", target: "es2022" };
await Promise.all([
  build({ ...shared, entryPoints: ["src/node.ts"], outfile: "dist/node.js", platform: "node", format: "cjs", external: ["vscode"] }),
  build({ ...shared, entryPoints: ["src/browser.ts"], outfile: "dist/browser.js", platform: "browser", format: "cjs", external: ["vscode"] }),
  build({
    ...shared,
    entryPoints: ["src/worker/main.ts"],
    outfile: "dist/worker.js",
    platform: "browser",
    format: "iife",
    // The extension says where the engine is; a worker of VS Code does not know its own address.
    define: { "import.meta.url": "self.location.href" },
  }),
]);
for (const name of ["plimsoll_bg.wasm", "plimsoll_targets_bg.wasm"]) copyFileSync(join(engine, name), join(dist, name));
