// Where the package is tried: a static server, a real browser, and the runtimes that come as npm packages.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";
import { tools } from "./fixture.mjs";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

/** Serves a folder as a plain web server does. */
export async function serve(folder) {
  const server = createServer((request, response) => {
    const path = join(folder, normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname)));
    if (!existsSync(path)) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" });
    response.end(readFileSync(path));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { origin: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

export function openBrowser() {
  const executablePath = execFileSync("sh", ["-c", "command -v chromium"]).toString().trim();
  const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"];
  return chromium.launch({ executablePath, args });
}

/** The program of an npm package that carries it in a package per platform. */
export function platformProgram(scope, inside) {
  const home = join(tools, scope);
  const found = existsSync(home) && readdirSync(home).map((it) => join(home, it, inside)).find(existsSync);
  assert.ok(found, `${scope} has no package for this platform; run \`npm ci\` in the root of the repository`);
  chmodSync(found, 0o755);
  return found;
}
