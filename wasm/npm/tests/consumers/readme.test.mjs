// Every example of the README, in the environment that it is for.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { build as esbuild } from "esbuild";
import { openBrowser, platformProgram, serve } from "./environments.mjs";
import { packageRoot, project, run, tools, write } from "./fixture.mjs";

/** The code blocks that have a name behind their language. */
const blocks = new Map(
  [...readFileSync(join(packageRoot, "README.md"), "utf8").matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)].map(([, name, text]) => [name, text]),
);
const scripts = Object.fromEntries(blocks);
const { folder } = await project(scripts);
const shell = (name) => `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body></body><script type="module" src="${name}"></script>`;
const node = async (...args) => (await run(process.execPath, args, { cwd: folder })).trim();
const { origin, close } = await serve(folder);
const browser = await openBrowser();
after(async () => {
  await browser.close();
  close();
});

/** What a page appends to its body. */
async function shown(path) {
  const tab = await browser.newPage();
  try {
    await tab.goto(origin + path);
    await tab.waitForFunction(() => document.body?.innerText.trim(), undefined, { timeout: 60_000 });
    return (await tab.evaluate(() => document.body.innerText)).trim();
  } finally {
    await tab.close();
  }
}

test("each example has a test", () => {
  assert.deepEqual([...blocks.keys()].sort(), [
    "bytes.mjs", "editor.mjs", "fixes.mjs", "inline.js", "node.cjs", "node.mjs", "page.js", "plain.html", "start-worker.js", "targets.js", "worker.js", "workspace.mjs",
  ]);
});

test("Node, Bun and Deno", async () => {
  const said = await node("node.mjs");
  assert.match(said, /^compose\.yaml:4:18 warning PLM101: /m);
  assert.equal((await run(platformProgram("@oven", "bin/bun"), ["node.mjs"], { cwd: folder })).trim(), said);
  const deno = ["run", "--no-prompt", "--cached-only", "--node-modules-dir=manual", "node.mjs"];
  assert.equal((await run(platformProgram("@deno", "deno"), deno, { cwd: folder })).trim(), said);
  assert.match(await node("node.cjs"), /^PLM\d+$/);
  assert.match(await node("bytes.mjs"), /^PLM\d+$/);
});

test("fixes, formats and workspaces", async () => {
  const said = await node("fixes.mjs");
  assert.match(said, /^[1-9]\d* of \d+ fixes applied\nservices:/);
  assert.match(said, /restart: unless-stopped/);
  assert.equal(JSON.parse(said.slice(said.indexOf("\n{"))).version, "2.1.0");
  const [before, left] = (await node("workspace.mjs")).split("\n").map(Number);
  assert.ok(before > left);
});

test("an editor asks about a place", async () => {
  const said = await node("editor.mjs");
  assert.match(said, /^db is defined in line 5\n2\n\*\*PostgreSQL\*\* 16\n/);
  assert.ok(said.endsWith("[ 'db' ]"), said);
});

test("a browser without a bundler", async () => assert.match(await shown("plain.html"), /^PLM\d+$/));

test("Vite: a page, a worker and targets", async () => {
  const { build } = await import(pathToFileURL(join(tools, "vite/dist/node/index.js")));
  for (const name of ["page", "start-worker", "targets"]) {
    write(folder, { [`${name}.html`]: shell(`./${name}.js`) });
    await build({
      root: folder,
      base: "./",
      configFile: false,
      logLevel: "error",
      worker: { format: "es" },
      build: { outDir: `vite-${name}`, target: "es2022", rollupOptions: { input: join(folder, `${name}.html`) } },
    });
    assert.match(await shown(`vite-${name}/${name}.html`), name === "targets" ? /^true$/ : /^PLM\d+$/);
  }
});

test("webpack: a page", async () => {
  const { default: webpack } = await import(pathToFileURL(join(tools, "webpack/lib/index.js")));
  const output = { path: join(folder, "webpack"), filename: "out.js" };
  await new Promise((done, fail) =>
    webpack({ mode: "production", context: folder, entry: "./page.js", output }, (error, stats) =>
      error || stats.hasErrors() ? fail(error ?? new Error(stats.toString("errors-only"))) : done(),
    ),
  );
  write(folder, { "webpack/index.html": shell("out.js") });
  assert.match(await shown("webpack/index.html"), /^PLM\d+$/);
});

test("esbuild and Rollup", async () => {
  await esbuild({ absWorkingDir: folder, entryPoints: ["inline.js"], bundle: true, format: "esm", outfile: join(folder, "esbuild/out.js"), logLevel: "warning" });
  const { rollup } = await import(pathToFileURL(join(tools, "@rollup/wasm-node/dist/es/rollup.js")));
  const { nodeResolve } = await import("@rollup/plugin-node-resolve");
  const bundle = await rollup({ input: join(folder, "inline.js"), plugins: [nodeResolve({ browser: true })] });
  await bundle.write({ file: join(folder, "rollup/out.js"), format: "es" });
  for (const name of ["esbuild", "rollup"]) {
    write(folder, { [`${name}/index.html`]: shell("out.js") });
    assert.match(await shown(`${name}/index.html`), /^PLM\d+$/);
  }
});
