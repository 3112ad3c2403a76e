// Both sides beside one another, and what each target gets.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { browser, dropFromDisk, inBrowser, open, paste, paths, server } from "./harness.mjs";
import { both, COMPOSE } from "./projects.mjs";

inBrowser();

/** Name of the file that the editor shows. */
const shown = (page) => page.locator("#files [aria-current]").evaluate((it) => it.firstChild.textContent);
/** Text of the line in which the caret is. */
const caretLine = (page) => page.locator(".cm-activeLine").textContent();

test("services stand beside their counterparts, and every place leads to its line", async () => {
  const { page, calm, close } = await open(browser, server.url);
  await page.click("#tab-compare");
  const worker = page.locator('[data-service="worker"]');
  const image = worker.locator('[data-aspect="image"]');
  assert.match(await image.innerText(), /drifted[\s\S]*shop-web:2\.14\.0[\s\S]*shop-web:2\.13\.2/);
  await image.locator(".place", { hasText: "k8s/worker.yaml" }).click();
  assert.equal(await shown(page), "k8s/worker.yaml");
  assert.match(await caretLine(page), /image: ghcr\.io\/harbour\/shop-web:2\.13\.2/);
  const web = page.locator('[data-service="web"]');
  assert.match(await web.locator('[data-aspect="command"]').innerText(), /lost[\s\S]*prisma migrate deploy/);
  assert.match(await web.locator(".to-write").innerText(), /depends_on\s+lost/);
  const db = page.locator('[data-service="db"]');
  assert.match(await db.innerText(), /no counterpart/);
  await db.locator(".finding-toggle").click();
  await db.locator(".to-write li", { hasText: "image" }).first().locator("summary").click();
  assert.match(await db.locator(".to-write pre").first().textContent(), /image: postgres:16\.4/);
  calm();
  await close();
});

test("the comparison follows the text, and is made only while it is shown", async () => {
  const listening = () => {
    globalThis.asked = [];
    globalThis.Worker = class extends Worker {
      postMessage(message) {
        globalThis.asked.push(...(message.parts ?? []));
        super.postMessage(message);
      }
    };
  };
  const { page, calm, close } = await both(browser, server.url, { before: listening });
  assert.deepEqual(await page.evaluate(() => globalThis.asked), []);
  await page.click("#tab-compare");
  const image = (state) => page.locator('[data-service="web"] [data-aspect="image"]', { hasText: state }).waitFor();
  await image("same");
  await page.locator("#files .file-name", { hasText: "compose.yaml" }).click();
  await paste(page, COMPOSE.replace("web:1.4.2", "web:1.5.0"));
  await image("drifted");
  await paste(page, COMPOSE);
  await image("same");
  assert.deepEqual([...new Set(await page.evaluate(() => globalThis.asked))], ["comparison"]);
  calm();
  await close();
});

test("an answer that arrives after the view was changed does not take the place of the next one", async () => {
  // Holds the comparison back until what each target gets is asked for, too.
  const late = () => {
    let held = [];
    globalThis.Worker = class extends Worker {
      postMessage(message) {
        super.postMessage(message);
        if (!message.parts?.includes("rendered")) return;
        for (const arrive of held) arrive();
        held = undefined;
      }
      set onmessage(listener) {
        super.onmessage = (event) => (held && event.data.answer?.comparison ? held.push(() => listener(event)) : listener(event));
      }
    };
  };
  const { page, calm, close } = await open(browser, server.url, { before: late });
  await page.click("#tab-compare");
  await page.click("text=What each target gets");
  await page.waitForSelector(".rendered-line");
  await page.click("text=Service by service");
  await page.waitForSelector(".compared-body");
  calm();
  await close();
});

test("a service whose image several workloads run says which", async () => {
  const { page, calm, close } = await both(browser, server.url);
  const pods = ["one", "two"].map((it) => `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: ${it} }\nspec: { selector: { matchLabels: { app: ${it} } }, template: { metadata: { labels: { app: ${it} } }, spec: { containers: [{ name: a, image: "ghcr.io/acme/web:1.4.2" }] } } }\n`);
  await paste(page, pods.join("---\n"));
  await page.locator("#files .file-name", { hasText: "compose.yaml" }).click();
  await paste(page, COMPOSE.replace("  web:", "  front:"));
  await page.click("#tab-compare");
  await page.locator('[data-service="front"] .finding-toggle').click();
  await page.locator('[data-service="front"]', { hasText: "Deployment one, Deployment two run its image" }).waitFor();
  calm();
  await close();
});

test("files without Compose, and files without a target, say what is missing", async () => {
  const { page, calm, close } = await open(browser, server.url, { hash: "#example=blog-on-a-cluster" });
  await page.click("#tab-compare");
  await page.locator("#compare", { hasText: "there is no Compose service" }).waitFor();
  await page.evaluate(() => (location.hash = "#example=single-server"));
  await page.waitForFunction(() => document.querySelector(".cm-content").textContent.includes("tickets"));
  await page.click("#tab-compare");
  await page.click("text=What each target gets");
  await page.locator("#compare", { hasText: "A Compose project is deployed as it is written" }).waitFor();
  calm();
  await close();
});

test("a chart: each line leads to its template and to the value behind it, and the caret marks the lines from its own", async () => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-chart-"));
  mkdirSync(join(folder, "chart/templates"), { recursive: true });
  const files = {
    "Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
    "values.yaml": "replicas: 3\n",
    "values-prod.yaml": "replicas: 5\n",
    "templates/web.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec:\n  replicas: {{ .Values.replicas }}\n",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, "chart", name), text);
  const { page, calm, close } = await open(browser, server.url);
  await dropFromDisk(page, [join(folder, "chart")]);
  await page.waitForFunction(() => document.querySelector("#files").textContent.includes("Chart.yaml"));
  await page.click("#tab-compare");
  await page.click("text=What each target gets");
  const line = page.locator(".rendered li", { hasText: "replicas: 3" });
  await line.locator(".rendered-line").click();
  assert.match(await shown(page), /web\.yaml$/);
  assert.match(await caretLine(page), /replicas: \{\{ \.Values\.replicas \}\}/);
  await line.locator(".place").click();
  assert.match(await shown(page), /values\.yaml$/);
  await page.locator(".rendered li[aria-current]", { hasText: "replicas: 3" }).waitFor();
  const targets = page.locator("#compare label", { hasText: "Target" }).locator("select");
  const options = await targets.locator("option").evaluateAll((all) => all.map((it) => [it.value, it.textContent]));
  const [production] = options.find(([, text]) => text.includes("production"));
  await targets.selectOption(production);
  await page.locator(".rendered li", { hasText: "replicas: 5" }).locator(".place", { hasText: "values-prod.yaml:1" }).waitFor();
  calm();
  await close();
  rmSync(folder, { recursive: true, force: true });
});

test("an overlay: a patched line leads to the patch; arrow keys move through the lines, Enter goes to the place", async () => {
  const { page, calm, close } = await open(browser, server.url, { hash: "#example=shop-in-overlays" });
  assert.ok((await paths(page)).length > 5);
  await page.click("#tab-compare");
  await page.click("text=What each target gets");
  await page.waitForSelector(".rendered-line");
  await page.locator(".rendered-line[tabindex='0']").focus();
  const focused = () => page.evaluate(() => document.activeElement.textContent);
  await page.keyboard.press("ArrowDown");
  assert.match(await focused(), /^apiVersion: /);
  await page.keyboard.press("End");
  const last = await focused();
  await page.keyboard.press("ArrowUp");
  assert.notEqual(await focused(), last);
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  assert.match(await page.evaluate(() => document.activeElement.className), /cm-content/);
  await page.locator(".rendered-line", { hasText: "cpu: 500m" }).click();
  assert.match(await shown(page), /resources\.yaml$/);
  assert.match(await caretLine(page), /requests: \{cpu: 500m/);
  await page.locator(".rendered-line", { hasText: "shop/web:4.7.1" }).click();
  assert.match(await caretLine(page), /newTag: 4\.7\.1/);
  calm();
  await close();
});
