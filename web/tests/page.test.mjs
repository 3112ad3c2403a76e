// What a person does on the page, done in a real browser with the real engine.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { rules } from "plimsoll";
import { analysed, addFile, findings, launch, listed, open, paste, serve } from "./harness.mjs";

const COMPOSE = `services:
  web:
    image: ghcr.io/acme/web:1.4.2
    environment:
      DATABASE_URL: postgres://app@db:5432/app
    depends_on: [db]
  db:
    image: postgres:16.4
    volumes: ["data:/var/lib/postgresql/data"]
    healthcheck:
      test: ["CMD-SHELL", "pg_isready -U app"]
volumes:
  data:
`;
const READY = "depends_on: { db: { condition: service_healthy } }";
const MANIFESTS = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: ghcr.io/acme/web:1.4.2
          ports: [{ containerPort: 8000 }]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: wbe }
  ports: [{ port: 80, targetPort: 8000 }]
`;

let server;
let browser;
before(async () => {
  server = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

/** A page with an empty project. */
async function empty() {
  const opened = await open(browser, server.url);
  await opened.page.click("#clear-button");
  await findings(opened.page, (it) => it.length === 0);
  return opened;
}

/** A page with the two files above. */
async function both() {
  const opened = await empty();
  await paste(opened.page, COMPOSE);
  await addFile(opened.page, MANIFESTS);
  await findings(opened.page, (it) => it.some((row) => row.startsWith("PLM404")));
  return opened;
}

const squiggles = (page) => page.$$eval(".cm-lintRange", (all) => all.map((it) => it.textContent));
const hash = (page, start) => page.waitForFunction((it) => location.hash.startsWith(it), start);

test("the first example is analysed when the page opens", async () => {
  const { page, calm, close } = await open(browser, server.url);
  assert.ok((await listed(page)).length > 5, "an example that shows something");
  assert.ok((await squiggles(page)).length > 0, "and shows it in the text");
  assert.equal(await page.locator("#files li").first().locator(".file-name").getAttribute("aria-current"), "true");
  await hash(page, "#example=");
  calm();
  await close();
});

test("two pasted files: findings with their lines, squiggles in their places", async () => {
  const { page, calm, close } = await both();
  const rows = await listed(page);
  assert.ok(rows.includes("PLM101 compose.yaml:6"), rows.join("\n"));
  assert.ok(rows.includes("PLM404 k8s/manifests.yaml:18"), rows.join("\n"));
  // The second file is shown, so its places are underlined.
  assert.ok((await squiggles(page)).some((it) => it.includes("wbe")), "the selector is underlined");
  await page.click('#files [aria-label="Close k8s/manifests.yaml"]');
  await findings(page, (it) => !it.some((row) => row.startsWith("PLM404")));
  assert.deepEqual((await squiggles(page)).filter((it) => it === "db"), ["db"], "the short depends_on is underlined");
  calm();
  await close();
});

test("typing the remedy makes the finding go away, and breaking it brings it back", async () => {
  const { page, calm, close } = await empty();
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
  const { page, calm, close } = await both();
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

test("a place leads to its file and range; a related place to another file", async () => {
  const { page, calm, close } = await both();
  await page.click('.finding[data-code="PLM101"] .place');
  assert.equal(await page.locator("#files [aria-current]").evaluate((it) => it.firstChild.textContent), "compose.yaml");
  assert.equal(await page.evaluate(() => getSelection().toString()), "db");
  assert.match(await page.locator(".cm-flash").innerText(), /depends_on/);
  calm();
  await close();
});

test("columns are code points: emoji before a place move neither underline, selection nor fix", async () => {
  const { page, calm, close } = await empty();
  const web = '  web: { labels: { "🚢🚢🚢": "🌊" }, image: "ghcr.io/acme/web:1.0", depends_on: [db] }';
  const db = '  db: { image: "postgres:16.4", healthcheck: { test: ["CMD", "pg_isready"] } }';
  await paste(page, `services:\n${web}\n${db}\n`);
  await findings(page, (it) => it.includes("PLM101 compose.yaml:2"));
  assert.deepEqual(await page.$$eval(".cm-line:nth-child(2) .cm-lintRange-warning", (all) => all.map((it) => it.textContent)), ["db"]);
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
  const { page, calm, close } = await both();
  await page.click("#files li:first-child .file-name");
  await paste(page, COMPOSE.replace("volumes:\n  data:", "volumes: {\n  data:"));
  await findings(page, (it) => it.some((row) => /^PLM001 compose\.yaml:/.test(row)) && it.includes("PLM404 k8s/manifests.yaml:18"));
  calm();
  await close();
});

test("files are added, renamed, closed, chosen and dropped", async () => {
  const { page, calm, close } = await both();
  const names = () => page.$$eval("#files .file-name", (all) => all.map((it) => it.firstChild.textContent));
  assert.deepEqual(await names(), ["compose.yaml", "k8s/manifests.yaml"]);
  await page.locator("#files .file-name").nth(1).press("F2");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("deploy/web.yaml");
  await page.keyboard.press("Enter");
  await findings(page, (it) => it.includes("PLM404 deploy/web.yaml:18"));
  await page.setInputFiles("#file-input", { name: "more.yaml", mimeType: "text/yaml", buffer: Buffer.from("a: [\n") });
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

test("the decision: six questions, evidence that leads somewhere, a person's answer wins", async () => {
  const { page, calm, close } = await open(browser, server.url);
  await page.click("#tab-decision");
  assert.equal(await page.locator(".question").count(), 6);
  assert.ok((await page.locator(".outcome").innerText()).length > 5);
  assert.ok(await page.locator(".checklist li").count() > 8, "both checklists");
  assert.ok(await page.locator(".table tbody tr").count() > 3, "the crossing table");
  const question = page.locator('.question[data-id="multi-node"]');
  const other = (await question.locator(".answer").innerText()) === "yes" ? "no" : "yes";
  await question.locator("summary").click();
  await question.locator("select").selectOption(other);
  await question.locator(".by").waitFor();
  assert.equal(await question.locator(".answer").innerText(), other);
  const place = page.locator(".evidence .place, .table .place").first();
  const path = (await place.textContent()).replace(/:\d+$/, "");
  await place.evaluate((it) => (it.closest("details") ?? {}).open = true);
  await place.click();
  assert.ok((await page.locator("#files [aria-current]").innerText()).startsWith(path));
  calm();
  await close();
});

test("a link carries the files and the answers, and nothing goes to the server", async () => {
  const { page, calm, close } = await both();
  await page.click("#tab-decision");
  await page.locator('[data-answer="downtime"]').selectOption("minutes");
  await page.click("#share-button");
  await hash(page, "#files=");
  const shared = new URL(page.url()).hash;
  const expected = await listed(page);
  const second = await open(browser, server.url, { hash: shared });
  assert.deepEqual(await listed(second.page), expected);
  assert.equal(await second.page.locator('[data-answer="downtime"]').inputValue(), "minutes");
  second.calm();
  await second.close();
  calm();
  await close();
  const damaged = await open(browser, server.url, { hash: shared.slice(0, -20) });
  assert.match(await damaged.page.locator("#toast").innerText(), /damaged/);
  await damaged.close();
});

test("every example opens, and is read without a syntax error", async () => {
  const { page, calm, close } = await open(browser, server.url);
  await page.click("#examples-button");
  const count = await page.locator("#gallery-list button").count();
  assert.ok(count >= 3);
  await page.keyboard.press("Escape");
  for (let index = 0; index < count; index += 1) {
    await page.click("#examples-button");
    const card = page.locator("#gallery-list button").nth(index);
    const files = (await card.locator(".card-files").innerText()).split(/\s+/);
    await card.click();
    await page.waitForFunction((it) => document.querySelectorAll("#files li").length === it, files.length);
    await analysed(page);
  }
  calm();
  await close();
});

test("the rules come from the engine, and their Bad opens in the playground", async () => {
  const { page, calm, close } = await open(browser, server.url);
  await page.click("#tab-rules");
  await page.waitForSelector(".rule-list");
  assert.deepEqual(await page.$$eval(".rule-list .severity", (all) => all.map((it) => it.textContent)), rules().map((it) => it.code));
  await page.fill(".rules-head input", "PLM101");
  await page.click(".rule-list button");
  await page.click("text=Open Bad in the playground");
  await findings(page, (it) => it.some((row) => row.startsWith("PLM101 ")));
  await page.click("text=Bring back what was here");
  await page.waitForFunction(() => document.querySelectorAll("#files li").length > 1);
  calm();
  await close();
});

test("a result for an older text is dropped", async () => {
  // Every answer of the engine comes 700 ms late, so that the text has changed when the first one is there.
  const slow = () => {
    globalThis.Worker = class extends Worker {
      set onmessage(listener) {
        super.onmessage = (event) => setTimeout(() => listener(event), 700);
      }
    };
  };
  const { page, calm, close } = await open(browser, server.url, { before: slow });
  await page.click("#clear-button");
  await findings(page, (it) => it.length === 0);
  await page.evaluate(() => {
    globalThis.seen = new Set();
    new MutationObserver(() => {
      for (const row of document.querySelectorAll(".finding")) globalThis.seen.add(row.dataset.code);
    }).observe(document.querySelector(".findings"), { childList: true });
  });
  await paste(page, COMPOSE);
  await page.waitForTimeout(350);
  await paste(page, "a: [\n");
  await findings(page, (it) => it.some((row) => row.startsWith("PLM001")));
  assert.deepEqual(await page.evaluate(() => [...globalThis.seen]), ["PLM001"]);
  calm();
  await close();
});

test("a link opened in the same tab replaces the project; one to a rule opens the rule", async () => {
  const { page, calm, close } = await both();
  await page.evaluate(() => (location.hash = "#rule=PLM404"));
  await page.waitForSelector(".rule");
  assert.match(await page.locator(".rule h2").innerText(), /^PLM404 /);
  assert.equal(await page.locator("#files li").count(), 2, "the files stay");
  await page.evaluate(() => (location.hash = "#example=single-server"));
  await page.waitForFunction(() => document.querySelector(".cm-content").textContent.includes("tickets"));
  calm();
  await close();
});

test("without its engine the page says so and stays an editor", async () => {
  const context = await browser.newContext({ serviceWorkers: "block" });
  const page = await context.newPage();
  await page.route("**/*.wasm", (route) => route.abort());
  await page.goto(server.url);
  await page.waitForFunction(() => /engine stopped/.test(document.querySelector("#status").textContent));
  await page.locator(".cm-content").click();
  await page.keyboard.type("still here");
  assert.match(await page.locator(".cm-content").innerText(), /still here/);
  await context.close();
});
