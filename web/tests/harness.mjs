// The built page, served on this machine, in a real Chromium.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join, normalize } from "node:path";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { chromium } from "playwright-core";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const TYPES = {
  ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png", ".webmanifest": "application/manifest+json", ".wasm": "application/wasm",
};
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

export async function serve() {
  assert.ok(existsSync(join(DIST, "index.html")), "web/dist is not built: `npm run build` in web/ first");
  const server = createServer((request, response) => {
    let path = join(DIST, normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname)));
    if (existsSync(path) && statSync(path).isDirectory()) path = join(path, "index.html");
    if (!existsSync(path)) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" });
    response.end(readFileSync(path));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${server.address().port}/`;
  return { url, close: () => new Promise((done) => server.close(done) && server.closeAllConnections()) };
}

export function launch() {
  let executablePath;
  try {
    executablePath = execFileSync("sh", ["-c", "command -v chromium"]).toString().trim();
  } catch {
    throw new Error("`chromium` is missing: apt-get install chromium");
  }
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}

/** The server of the built page and the browser, once `inBrowser` has started them for a file of tests. */
export let server;
export let browser;

/** Starts the server and the browser before the tests of a file, and ends both after them. */
export function inBrowser() {
  before(async () => {
    server = await serve();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });
}

/** A file as a file input takes it. */
export const file = (name, text) => ({ name, mimeType: "text/yaml", buffer: Buffer.from(text) });

/** A link as the page makes it, with any content. */
export const link = (content) => `#files=${deflateRawSync(JSON.stringify(content)).toString("base64url")}`;

/** Returns the words of the message at the foot of the page. */
export const toast = (page) => page.locator("#toast").innerText();

/**
 * A new page that remembers every request to elsewhere and every error; `calm` asserts there were none. With `clock`
 * the test can move the page's time by `page.clock`.
 */
export async function open(browser, url, { hash = "", before, clock = false, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  if (clock) await page.clock.install();
  if (before) await page.addInitScript(before);
  const outside = [];
  const errors = [];
  context.on("request", (it) => {
    if (!it.url().startsWith(url) && !/^(data|blob):/.test(it.url())) outside.push(it.url());
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (it) => ["error", "warning"].includes(it.type()) && errors.push(it.text()));
  await page.goto(url + hash);
  await analysed(page);
  const calm = () => {
    assert.deepEqual(outside, [], "no request leaves the page's own address");
    assert.deepEqual(errors, [], "the console is silent");
  };
  return { page, calm, close: () => context.close() };
}

/** Waits until the engine has spoken of the text as it stands: the page says "N findings in …". */
export async function analysed(page) {
  await page.waitForFunction(() => /\d+ findings? in \d+ file/.test(document.querySelector("#status")?.textContent ?? ""), undefined, { timeout: 20_000 });
}

/** What the list shows: `CODE path:line` for every row. */
export function listed(page) {
  return page.$$eval(".finding", (rows) =>
    rows.map((row) => `${row.dataset.code} ${row.querySelector(".finding-meta .place").textContent}`));
}

/** Waits until the list is as wanted, or fails with what it shows instead. */
export async function findings(page, wanted) {
  const end = Date.now() + 15_000;
  let rows;
  do {
    rows = await listed(page);
    if (wanted(rows)) return rows;
    await new Promise((done) => setTimeout(done, 50));
  } while (Date.now() < end);
  assert.fail(`the list did not become what it should: ${wanted}\nit shows:\n${rows.join("\n")}`);
}

/** Adds a file with a text, as a person does: a new tab, and a paste into it. */
export async function addFile(page, text) {
  await page.click("#add-button");
  await paste(page, text);
}

/** Puts text into the open editor as one paste does, in the place of what is there. */
export async function paste(page, text) {
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+a");
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    document.querySelector(".cm-content").dispatchEvent(
      new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);
}

/** Drops files and folders of this machine onto the page, as a file manager does. */
export async function dropFromDisk(page, paths) {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    await session.send("Input.dispatchDragEvent", { type, x: 600, y: 400, data });
  }
}

/** Chooses files in the dialog for one's own files. */
export async function choose(page, files) {
  await page.click("#bring-button");
  await page.setInputFiles("#file-input", files);
}

/** Pastes onto the page itself, with nothing in particular focused. */
export async function pasteOnPage(page, text) {
  await page.evaluate((text) => {
    document.activeElement?.blur();
    const data = new DataTransfer();
    data.setData("text/plain", text);
    document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);
}

/** Returns the projects that the browser keeps, once everything is written that the page has asked for. */
export function keptProjects(page) {
  return page.evaluate(() => new Promise((done) => {
    const opening = indexedDB.open("plimsoll-projects", 1);
    opening.onsuccess = () => {
      const reading = opening.result.transaction("project").objectStore("project").getAll();
      reading.onsuccess = () => {
        opening.result.close();
        done(reading.result);
      };
    };
  }));
}

/** Waits until the browser keeps a project that shows this file, with a text that holds some words. */
export async function kept(page, path, words = "") {
  const end = Date.now() + 15_000;
  // Not by `waitForFunction`, which takes a promise for an answer.
  while (Date.now() < end) {
    const all = await keptProjects(page);
    if (all.some(({ active, files }) => active === path && files.some((it) => it.text.includes(words)))) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail(`the browser does not keep ${path} with ${JSON.stringify(words)}`);
}

/** Returns the paths of the files as the tabs show them. */
export function paths(page) {
  return page.$$eval("#files .file-name", (all) => all.map((it) => it.firstChild.textContent));
}

export async function axe(page) {
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve("axe-core/axe.min.js") });
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run({ runOnly: {
    type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  } }));
  // The rule is off unless it is asked for.
  assert.ok([...passes, ...violations].some((it) => it.id === "target-size"), "the size of targets is checked");
  return violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}
