// Files, text and findings: what a person does in the editor, with the real engine in a real browser.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { browser, choose, dropFromDisk, file, findings, inBrowser, listed, open, paste, server } from "./harness.mjs";
import { both, COMPOSE, empty, READY } from "./projects.mjs";

const CHART_TEMPLATE = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-web
spec:
  selector:
    matchLabels: { app: web }
  template:
    metadata:
      labels: { app: web }
    spec:
      containers:
        - image: "acme/web:{{ .Values.image.tag }}"
          name: web
`;

inBrowser();

/** The underlined texts, of one line or all. */
const squiggles = (page, line) =>
  page.$$eval(`.cm-line${line ? `:nth-child(${line})` : ""} .cm-lintRange`, (all) => all.map((it) => it.textContent));

test("the first example is analysed when the page opens", async () => {
  const { page, calm, close } = await open(browser, server.url);
  assert.ok((await listed(page)).length > 5, "an example that shows something");
  assert.ok((await squiggles(page)).length > 0, "and shows it in the text");
  assert.equal(await page.locator("#files li").first().locator(".file-name").getAttribute("aria-current"), "true");
  await page.waitForFunction(() => location.hash.startsWith("#example="));
  calm();
  await close();
});

test("two pasted files: findings with their lines, squiggles in their places", async () => {
  const { page, calm, close } = await both(browser, server.url);
  const rows = await listed(page);
  assert.ok(rows.includes("PLM101 compose.yaml:6"), rows.join("\n"));
  assert.ok(rows.includes("PLM404 k8s/manifests.yaml:18"), rows.join("\n"));
  // The second file is shown, so its places are underlined.
  assert.ok((await squiggles(page)).some((it) => it.includes("wbe")), "the selector is underlined");
  await page.click('#files [aria-label="Close k8s/manifests.yaml"]');
  await findings(page, (it) => !it.some((row) => row.startsWith("PLM404")));
  assert.ok((await squiggles(page, 6)).includes("db"), "the short depends_on is underlined");
  calm();
  await close();
});

test("a dropped chart folder is rendered, by the engine that is fetched for it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-chart-"));
  const write = (name, text) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  write("shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n");
  write("shop/values.yaml", "image:\n  tag: latest\n");
  write("shop/templates/web.yaml", CHART_TEMPLATE);
  const { page, calm, close } = await empty(browser, server.url);
  const engines = [];
  page.on("request", (it) => it.url().endsWith(".wasm") && engines.push(it.url().split("/").pop()));
  await dropFromDisk(page, [join(folder, "shop")]);
  const rows = await findings(page, (it) => it.includes("PLM801 values.yaml:2"));
  assert.ok(rows.length > 0);
  assert.ok(engines.some((it) => it.startsWith("plimsoll_targets")), `fetched: ${engines}`);
  calm();
  await close();
  rmSync(folder, { recursive: true });
});

test("typing the remedy makes the finding go away, and breaking it brings it back", async () => {
  const { page, calm, close } = await empty(browser, server.url);
  await paste(page, COMPOSE);
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  await page.click('.finding[data-code="PLM101"] .place');
  await page.keyboard.press("End");
  await page.keyboard.press("Shift+Home");
  await page.keyboard.type(`    ${READY}`, { delay: 5 });
  await findings(page, (it) => !it.some((row) => row.startsWith("PLM101")));
  await paste(page, COMPOSE);
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  calm();
  await close();
});

test("a fix is shown, applied, and taken back", async () => {
  const { page, calm, close } = await both(browser, server.url);
  const row = page.locator('.finding[data-code="PLM404"]');
  await row.locator(".finding-toggle").click();
  assert.match(await row.locator(".finding-body").innerText(), /Why it matters[\s\S]*What helps/);
  assert.match(await row.locator(".diff .removed").first().innerText(), /wbe/);
  await row.locator(".fix button").first().click();
  await findings(page, (it) => !it.some((found) => found.startsWith("PLM404")));
  await page.keyboard.press("Control+z");
  await findings(page, (it) => it.includes("PLM404 k8s/manifests.yaml:18"));
  calm();
  await close();
});

test("a place leads to its file and range", async () => {
  const { page, calm, close } = await both(browser, server.url);
  await page.click('.finding[data-code="PLM101"] .place');
  assert.equal(await page.locator("#files [aria-current]").evaluate((it) => it.firstChild.textContent), "compose.yaml");
  assert.equal(await page.evaluate(() => getSelection().toString()), "db");
  assert.match(await page.locator(".cm-flash").innerText(), /depends_on/);
  calm();
  await close();
});

test("a related place leads to the other side's file; a command can be copied", async () => {
  const { page, calm, close } = await open(browser, server.url, { permissions: ["clipboard-read", "clipboard-write"] });
  // The shop's worker runs another image in the cluster than in Compose.
  const drift = page.locator('.finding[data-code="PLM313"]');
  await drift.locator(".finding-toggle").click();
  await drift.locator(".related .place", { hasText: "k8s/worker.yaml" }).click();
  assert.equal(await page.locator("#files [aria-current]").evaluate((it) => it.firstChild.textContent), "k8s/worker.yaml");
  assert.match(await page.locator(".cm-flash").innerText(), /shop-web:2\.13\.2/);
  const check = page.locator('.finding[data-code="PLM102"]').first();
  await check.locator(".finding-toggle").click();
  await check.locator(".command button").first().click();
  await check.getByText("Copied").waitFor();
  const command = await check.locator(".command code").first().innerText();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), command);
  assert.match(command, /^docker /);
  calm();
  await close();
});

test("pointing at an underlined text tells the finding", async () => {
  const { page, calm, close } = await both(browser, server.url);
  await page.locator(".cm-lintRange-error", { hasText: "wbe" }).first().hover();
  const tooltip = page.locator(".cm-tooltip .cm-diagnostic", { hasText: "PLM404" });
  await tooltip.waitFor();
  assert.equal((await tooltip.innerText()).split("PLM404").length, 2, "the rule is named once");
  await tooltip.locator(".cm-diagnosticAction").first().click();
  await findings(page, (it) => !it.some((row) => row.startsWith("PLM404")));
  calm();
  await close();
});

test("pointing at a word tells what is known of it, beside the finding and not twice", async () => {
  const { page, calm, close } = await both(browser, server.url);
  await page.click('#files [aria-label="Close k8s/manifests.yaml"]');
  await findings(page, (it) => !it.some((row) => row.startsWith("PLM404")));
  /** Points at a text of a line of the editor. */
  const point = async (line, text) => {
    await page.mouse.move(0, 0);
    await page.locator(".cm-tooltip").waitFor({ state: "detached" });
    const at = await page.locator(`.cm-line:nth-child(${line})`).evaluate((element, wanted) => {
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const start = node.data.indexOf(wanted);
        if (start < 0) continue;
        const range = new Range();
        range.setStart(node, start);
        range.setEnd(node, start + wanted.length);
        const { left, top, width, height } = range.getBoundingClientRect();
        return { x: left + width / 2, y: top + height / 2 };
      }
      throw new Error(`${wanted} is not in ${element.textContent}`);
    }, text);
    await page.mouse.move(at.x, at.y);
    await page.mouse.move(at.x + 1, at.y);
    return at;
  };
  const known = page.locator(".cm-tooltip .cm-known");
  await point(8, "postgres");
  await known.waitFor();
  assert.match(await known.innerText(), /^PostgreSQL 16\s+PostgreSQL 16 is maintained until .*listens on 5432/s);
  // A finding is told once, by its own part of the tooltip.
  await point(6, "db");
  await known.waitFor();
  const tooltip = page.locator(".cm-tooltip-hover");
  const told = await tooltip.innerText();
  assert.equal(told.split("PLM101").length, 2);
  assert.ok(told.indexOf("PLM101") < told.indexOf("Service db"), "the finding comes first");
  assert.match(await known.innerText(), /^Service db/);
  await point(1, "services");
  await page.waitForTimeout(800);
  assert.equal(await known.count(), 0, "nothing is known of a key");

  const arrives = (line) => page.waitForFunction((line) => document.querySelector(".cm-flash.cm-activeLine")?.textContent === line, line);
  const { x, y } = await point(6, "db");
  await page.keyboard.down("Control");
  await page.mouse.click(x, y);
  await page.keyboard.up("Control");
  await arrives("  db:");
  await point(9, "data");
  await page.mouse.down();
  await page.mouse.up();
  await page.keyboard.press("F12");
  await arrives("  data:");
  calm();
  await close();
});

test("a definition in another file is shown there, behind emoji and Windows line ends too", async () => {
  const { page, calm, close } = await empty(browser, server.url);
  const map = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { MODE: fast }\n";
  const pod = '# 🚢\r\napiVersion: v1\r\nkind: Pod\r\nmetadata: { name: web, labels: { a: "🚢" } }\r\nspec:\r\n  containers:\r\n    - name: web\r\n      image: acme/web:1\r\n      envFrom: [{ configMapRef: { name: settings } }]\r\n';
  await choose(page, [file("map.yaml", map), file("pod.yaml", pod)]);
  await findings(page, (it) => it.some((row) => row.includes("pod.yaml")));
  await page.locator("#files .file-name", { hasText: "pod.yaml" }).click();
  await page.locator(".cm-line", { hasText: "configMapRef" }).click();
  await page.keyboard.press("End");
  for (let step = 0; step < 6; step += 1) await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("F12");
  await page.waitForSelector(".cm-flash");
  assert.match(await page.locator(".cm-flash").innerText(), /name: settings/);
  assert.equal(await page.locator("#files [aria-current]").evaluate((it) => it.firstChild.textContent), "map.yaml");
  calm();
  await close();
});

test("columns are code points: emoji before a place move neither underline, selection nor fix", async () => {
  const { page, calm, close } = await empty(browser, server.url);
  const web = '  web: { labels: { "🚢🚢🚢": "🌊" }, image: "ghcr.io/acme/web:1.0", depends_on: [db] }';
  const db = '  db: { image: "postgres:16.4", healthcheck: { test: ["CMD", "pg_isready"] } }';
  await paste(page, `services:\n${web}\n${db}\n`);
  await findings(page, (it) => it.includes("PLM101 compose.yaml:2"));
  assert.ok((await squiggles(page, 2)).includes("db"), (await squiggles(page, 2)).join("|"));
  const row = page.locator('.finding[data-code="PLM101"]');
  await row.locator(".place").click();
  assert.equal(await page.evaluate(() => getSelection().toString()), "db");
  await row.locator(".finding-toggle").click();
  await row.locator(".fix button").first().click();
  await findings(page, (it) => !it.some((found) => /^PLM(001|101) /.test(found)));
  const text = await page.locator(".cm-content").innerText();
  assert.ok(text.includes(web.slice(0, web.indexOf("[db]"))), text);
  assert.match(text, /service_healthy/);
  calm();
  await close();
});

test("a broken file says where, and everything else goes on", async () => {
  const { page, calm, close } = await both(browser, server.url);
  await page.click("#files li:first-child .file-name");
  await paste(page, COMPOSE.replace("volumes:\n  data:", "volumes: {\n  data:"));
  await findings(page, (it) => it.some((row) => /^PLM001 compose\.yaml:/.test(row)) && it.includes("PLM404 k8s/manifests.yaml:18"));
  calm();
  await close();
});

test("files are added, renamed, closed, chosen and dropped", async () => {
  const { page, calm, close } = await both(browser, server.url);
  const names = () => page.$$eval("#files .file-name", (all) => all.map((it) => it.firstChild.textContent));
  assert.deepEqual(await names(), ["compose.yaml", "k8s/manifests.yaml"]);
  await page.locator("#files .file-name").nth(1).press("F2");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("deploy/web.yaml");
  await page.keyboard.press("Enter");
  await findings(page, (it) => it.includes("PLM404 deploy/web.yaml:18"));
  await choose(page, { name: "more.yaml", mimeType: "text/yaml", buffer: Buffer.from("a: [\n") });
  await findings(page, (it) => it.some((row) => row.startsWith("PLM001 more.yaml:")));
  await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["b: {\n"], "dropped.yaml"));
    document.querySelector(".cm-content").dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  });
  await findings(page, (it) => it.some((row) => row.startsWith("PLM001 dropped.yaml:")));
  assert.deepEqual(await names(), ["compose.yaml", "deploy/web.yaml", "more.yaml", "dropped.yaml"]);
  for (const name of ["dropped.yaml", "more.yaml", "deploy/web.yaml"]) await page.click(`#files [aria-label="Close ${name}"]`);
  await findings(page, (it) => it.length > 0 && it.every((row) => row.includes(" compose.yaml:")));
  calm();
  await close();
});
