// The installed package in a real browser: through each bundler, without one, and in a worker.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { analyze } from "../../dist/node.js";
import { openBrowser, serve } from "./environments.mjs";
import { ANALYZE, FILES, project, run, tools, write } from "./fixture.mjs";

const expected = JSON.stringify(analyze(FILES));
const page = (script) => `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>t</title>${script}`;
const source = (entry) => `import init, { analyze } from "${entry}";\n${ANALYZE}\nglobalThis.result = result;`;
const worker = (entry) => `import init, { analyze } from "${entry}";\n${ANALYZE}\npostMessage(result);`;
const startWorker = `
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }) => { globalThis.result = data; };
  worker.onerror = (event) => { globalThis.result = "worker failed: " + event.message; };`;

const { folder } = await project({
  "src/main.js": source("plimsoll"),
  "src/inline.js": source("plimsoll/inline"),
  "src/worker.js": worker("plimsoll"),
  "src/with-worker.js": startWorker,
});

const { origin: base, close } = await serve(folder);
const browser = await openBrowser();
after(async () => {
  await browser.close();
  close();
});

/** Opens a page and returns what it left in `result`. Any error on the page fails the test. */
async function resultOf(path, origin = base, tolerated = []) {
  const tab = await browser.newPage();
  const errors = [];
  tab.on("pageerror", (error) => errors.push(String(error)));
  tab.on("console", (message) => ["error", "warning"].includes(message.type()) && errors.push(message.text()));
  tab.on("request", (request) => {
    if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url())) errors.push(`asked for ${request.url()}`);
  });
  try {
    await tab.goto(origin + path);
    await tab.waitForFunction(() => globalThis.result !== undefined, undefined, { timeout: 60_000 }).catch(() => {});
    const result = await tab.evaluate(() => globalThis.result);
    assert.deepEqual(errors.filter((error) => !tolerated.some((it) => it.test(error))), []);
    return result;
  } finally {
    await tab.close();
  }
}

const wasmIn = (name) => readdirSync(join(folder, name), { recursive: true }).filter((it) => it.endsWith(".wasm"));

test("a plain module, and a worker, without a bundler", async () => {
  const map = JSON.stringify({ imports: { plimsoll: "./node_modules/plimsoll/dist/plimsoll.js" } });
  write(folder, {
    "plain.html": page(`<script type="importmap">${map}</script><script type="module" src="src/main.js"></script>`),
    // Import maps do not reach workers, so a page without a bundler names the file.
    "plain/worker.js": worker("../node_modules/plimsoll/dist/plimsoll.js"),
    "plain/main.js": startWorker,
    "plain-worker.html": page('<script type="module" src="plain/main.js"></script>'),
  });
  assert.equal(await resultOf("plain.html"), expected);
  assert.equal(await resultOf("plain-worker.html"), expected);
});

for (const version of ["vite7", "vite"]) {
  const vite = () => import(pathToFileURL(join(tools, version, "dist/node/index.js")));
  const { version: number } = JSON.parse(readFileSync(join(tools, version, "package.json"), "utf8"));
  write(folder, {
    "index.html": page('<script type="module" src="/src/main.js"></script>'),
    "worker.html": page('<script type="module" src="/src/with-worker.js"></script>'),
  });

  test(`Vite ${number}: build, with a worker`, async () => {
    const { build } = await vite();
    // As a process of its own would have it.
    process.env.NODE_ENV = "production";
    for (const [name, html] of [[version, "index.html"], [`${version}-worker`, "worker.html"]]) {
      await build({
        root: folder,
        base: "./",
        configFile: false,
        logLevel: "error",
        worker: { format: "es" },
        build: { outDir: name, target: "es2022", rollupOptions: { input: join(folder, html) } },
      });
      assert.equal(wasmIn(name).length, 2, "both engines are copied once");
      assert.equal(await resultOf(`${name}/${html}`), expected);
    }
  });

  test(`Vite ${number}: development server, with a worker`, async () => {
    const { createServer } = await vite();
    // As a process of its own would have it.
    process.env.NODE_ENV = "development";
    const server = await createServer({
      root: folder,
      configFile: false,
      logLevel: "error",
      cacheDir: join(folder, `.cache-${version}`),
      optimizeDeps: { entries: ["index.html", "worker.html"] },
      server: { host: "127.0.0.1", port: 0 },
    });
    await server.listen();
    try {
      const [origin] = [...server.resolvedUrls.local, ...server.resolvedUrls.network];
      assert.equal(await resultOf("index.html", origin), expected);
      assert.equal(await resultOf("worker.html", origin), expected);
    } finally {
      await server.close();
    }
  });
}

for (const mode of ["production", "development"]) {
  test(`webpack: ${mode}, with a worker`, async () => {
    const { default: webpack } = await import(pathToFileURL(join(tools, "webpack/lib/index.js")));
    for (const [kind, entry] of [["page", "main.js"], ["worker", "with-worker.js"]]) {
      const name = `webpack-${mode}-${kind}`;
      const stats = await new Promise((done, fail) =>
        webpack(
          { mode, context: folder, entry: `./src/${entry}`, output: { path: join(folder, name), filename: "out.js" } },
          (error, stats) => (error ? fail(error) : done(stats)),
        ),
      );
      assert.ok(!stats.hasErrors(), stats.toString("errors-only"));
      // In development the engine is inside the script.
      assert.equal(wasmIn(name).length, mode === "production" ? 2 : 0, "both engines are copied once");
      write(folder, { [`${name}/index.html`]: page('<script src="out.js"></script>') });
      assert.equal(await resultOf(`${name}/index.html`), expected);
    }
  });
}

test("webpack's development server, with a worker", async () => {
  const { default: webpack } = await import(pathToFileURL(join(tools, "webpack/lib/index.js")));
  const { default: DevServer } = await import(pathToFileURL(join(tools, "webpack-dev-server/lib/Server.js")));
  const compiler = webpack({
    mode: "development",
    context: folder,
    entry: { page: "./src/main.js", worker: "./src/with-worker.js" },
    infrastructureLogging: { level: "error" },
    stats: "errors-only",
  });
  write(folder, {
    "webpack-served/page.html": page('<script src="page.js"></script>'),
    "webpack-served/worker.html": page('<script src="worker.js"></script>'),
  });
  const options = { host: "127.0.0.1", port: "auto", static: join(folder, "webpack-served") };
  const server = new DevServer(options, compiler);
  await server.start();
  try {
    const origin = `http://127.0.0.1:${server.server.address().port}/`;
    assert.equal(await resultOf("page.html", origin), expected);
    assert.equal(await resultOf("worker.html", origin), expected);
  } finally {
    await server.stop();
  }
});

test("esbuild's development server with plimsoll/inline", async () => {
  const { context } = await import("esbuild");
  const bundle = await context({
    absWorkingDir: folder,
    entryPoints: ["src/inline.js"],
    bundle: true,
    format: "esm",
    outdir: join(folder, "served"),
    logLevel: "silent",
  });
  try {
    write(folder, { "served/index.html": page('<script type="module" src="inline.js"></script>') });
    const { port } = await bundle.serve({ servedir: join(folder, "served"), host: "127.0.0.1" });
    assert.equal(await resultOf("index.html", `http://127.0.0.1:${port}/`), expected);
  } finally {
    await bundle.dispose();
  }
});

test("an engine that was not copied is named, with a way on", async () => {
  write(folder, {
    "alone/plimsoll.js": 'export { default as init } from "../node_modules/plimsoll/dist/plimsoll.js";',
    "alone/main.js": 'import { init } from "./out.js";\ninit().catch((error) => { globalThis.result = error.message; });',
    "alone.html": page('<script type="module" src="alone/main.js"></script>'),
  });
  await run(join(tools, ".bin/esbuild"), ["alone/plimsoll.js", "--bundle", "--format=esm", "--outfile=alone/out.js"], { cwd: folder });
  const said = await resultOf("alone.html", base, [/404/]);
  assert.match(said, /^Plimsoll's engine was not found at http.*alone\/plimsoll_bg\.wasm: the server answered 404\. .*plimsoll\/inline/);
});

test("esbuild with plimsoll/inline, as a module and as a classic script", async () => {
  for (const format of ["esm", "iife"]) {
    const wrapped = `import init, { analyze } from "plimsoll/inline";\n(async () => {${ANALYZE}\nglobalThis.result = result;})();`;
    write(folder, {
      [`src/esbuild-${format}.js`]: wrapped,
      [`esbuild-${format}.html`]: page(`<script ${format === "esm" ? 'type="module" ' : ""}src="esbuild/${format}.js"></script>`),
    });
    const log = await run(
      join(tools, ".bin/esbuild"),
      [`src/esbuild-${format}.js`, "--bundle", "--minify", `--format=${format}`, `--outfile=esbuild/${format}.js`, "--log-level=warning"],
      { cwd: folder },
    );
    assert.equal(log, "");
    assert.equal(await resultOf(`esbuild-${format}.html`), expected);
  }
});

test("rollup with plimsoll/inline", async () => {
  const { rollup } = await import(pathToFileURL(join(tools, "@rollup/wasm-node/dist/es/rollup.js")));
  const { nodeResolve } = await import("@rollup/plugin-node-resolve");
  const warnings = [];
  const bundle = await rollup({
    input: join(folder, "src/inline.js"),
    plugins: [nodeResolve({ browser: true })],
    onwarn: (warning) => warnings.push(warning.message),
  });
  await bundle.write({ file: join(folder, "rollup/out.js"), format: "es" });
  assert.deepEqual(warnings, []);
  write(folder, { "rollup.html": page('<script type="module" src="rollup/out.js"></script>') });
  assert.equal(await resultOf("rollup.html"), expected);
});
