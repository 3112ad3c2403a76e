// What people do with results: fix, ignore, take along, read the map, decide, choose the looks.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { strFromU8, unzipSync } from "fflate";
import { analysed, findings, launch, listed, open, paste, paths, serve } from "./harness.mjs";
import { both, COMPOSE, empty } from "./projects.mjs";

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

/** Clicks something that downloads, and returns the file's name and bytes. */
async function downloaded(page, selector) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

test("all safe fixes are shown as a diff, applied as one step, and undone as one", async () => {
  const { page, calm, close } = await open(browser, server.url);
  const before = await listed(page);
  await page.click("#fix-all");
  const dialog = page.locator("#fixes");
  await dialog.locator(".diff .added").first().waitFor();
  assert.match(await dialog.locator("h2").innerText(), /Safe fixes in 1 file/);
  await dialog.locator("text=Apply all").click();
  await findings(page, (it) => it.length > 0 && !it.some((row) => row.startsWith("PLM102")));
  await page.click("#toast button");
  await findings(page, (it) => it.join() === before.join());
  calm();
  await close();
});

test("a finding is ignored here with a reason, in a comment that the engine honours", async () => {
  const { page, calm, close } = await empty(browser, server.url);
  await paste(page, COMPOSE);
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  await page.locator('.finding[data-code="PLM101"] .finding-toggle').click();
  await page.locator('.finding[data-code="PLM101"] >> text=Ignore here…').click();
  await page.fill("#ignore input", "the app retries");
  await page.click("text=Write the comment");
  await findings(page, (it) => !it.some((row) => /^PLM(101|006)/.test(row)));
  assert.match(await page.locator(".cm-content").innerText(), / {4}# plimsoll: ignore PLM101 -- the app retries/);
  await page.locator('.finding[data-code="PLM802"] .finding-toggle').click();
  await page.click("text=Switch PLM802 off");
  await findings(page, (it) => !it.some((row) => row.startsWith("PLM802")));
  assert.ok((await paths(page)).includes("plimsoll.yaml"));
  calm();
  await close();
});

test("findings are filtered by words and family, and grouped by file", async () => {
  const { page, calm, close } = await open(browser, server.url);
  const all = await listed(page);
  await page.click(".more-filters summary");
  await page.fill('[aria-label="Filter by words"]', "worker");
  const some = await findings(page, (it) => it.length < all.length);
  assert.ok(some.length > 0);
  await page.fill('[aria-label="Filter by words"]', "");
  await page.locator("label", { hasText: "Family" }).locator("select").selectOption("PLM6");
  await findings(page, (it) => it.length > 0 && it.every((row) => row.startsWith("PLM6")));
  await page.locator("label", { hasText: "Family" }).locator("select").selectOption("");
  await page.locator("label", { hasText: "Group by" }).locator("select").selectOption("file");
  await page.locator(".group-title", { hasText: "k8s/web.yaml" }).waitFor();
  assert.equal((await listed(page)).length, all.length);
  calm();
  await close();
});

test("the report, the files and the decision can be taken along", async () => {
  const { page, calm, close } = await open(browser, server.url, { acceptDownloads: true });
  await page.click(".menu summary");
  const report = await downloaded(page, "text=Report as JSON");
  assert.equal(JSON.parse(report.bytes).findings.length, (await listed(page)).length);
  const sarif = await downloaded(page, "text=Report as SARIF");
  const { version, runs } = JSON.parse(sarif.bytes);
  assert.equal(version, "2.1.0");
  assert.deepEqual(runs[0].results.map((it) => it.ruleId).sort(), JSON.parse(report.bytes).findings.map((it) => it.code).sort());
  const words = await downloaded(page, "text=Report as Markdown");
  assert.match(words.bytes.toString(), /^# Plimsoll: 28 findings[\s\S]*\*\*PLM401\*\* `compose\.yaml:9`/);
  const zip = await downloaded(page, "text=Files as they are now");
  assert.match(strFromU8(unzipSync(new Uint8Array(zip.bytes))["compose.yaml"]), /^# The shop/);
  await page.click("#tab-decision");
  const record = await downloaded(page, "text=Save as a record");
  assert.equal(record.name, "decision.md");
  assert.match(record.bytes.toString(), /^# Decision: [\s\S]*## Verdict[\s\S]*## What would change this/);
  calm();
  await close();
});

test("an answer changes the verdict at once and says what changed", async () => {
  const { page, calm, close } = await open(browser, server.url);
  await page.click("#tab-decision");
  const before = await page.locator(".outcome").innerText();
  assert.ok(await page.locator(".asks .plain li").count() <= 2);
  await page.locator(".asks button", { hasText: "Tolerable downtime: none" }).click();
  await page.locator(".changes", { hasText: "Outcome" }).waitFor();
  assert.notEqual(await page.locator(".outcome").innerText(), before);
  await page.click('.given button');
  await page.waitForFunction((text) => document.querySelector(".outcome").textContent === text, before);
  calm();
  await close();
});

test("the map: both sides, joined, coloured, led by keys, in words, and as a file", async () => {
  const { page, calm, close } = await open(browser, server.url, { acceptDownloads: true });
  await page.click("#tab-map");
  await page.waitForSelector(".map .box");
  const x = (selector) => page.locator(selector).first().evaluate((it) => it.getBoundingClientRect().left);
  assert.ok(await x(".map .box.service") < await x(".map .box.workload"), "Compose is on the left");
  assert.ok(await page.locator(".map .line.counterpart").count() >= 3);
  await page.locator('.map .box.service.error[aria-label^="web service"]').focus();
  await page.keyboard.press("ArrowRight");
  assert.notEqual(await page.evaluate(() => document.activeElement.getAttribute("aria-label")?.startsWith("web service")), true);
  await page.locator('.map .box[aria-label^="worker workload"]').focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => getSelection().toString()), "worker");
  assert.equal(await page.locator("#files [aria-current]").evaluate((it) => it.firstChild.textContent), "k8s/worker.yaml");
  await page.click(".in-words summary");
  assert.match(await page.locator(".in-words").innerText(), /Compose service web[\s\S]*is in the cluster as web/);
  await page.locator(".map label", { hasText: "Target" }).locator("select").selectOption("k8s");
  await page.waitForFunction(() => !document.querySelector(".map .box.service"));
  const svg = await downloaded(page, "text=Save SVG");
  assert.match(svg.bytes.toString(), /^<svg[\s\S]*worker/);
  const png = await downloaded(page, "text=Save PNG");
  assert.equal(png.bytes.subarray(1, 4).toString(), "PNG");
  calm();
  await close();
});

test("a map of hundreds of objects starts in families and opens on demand", async () => {
  const { page, calm, close } = await empty(browser, server.url);
  const pods = Array.from({ length: 400 }, (_, index) => `apiVersion: v1\nkind: Service\nmetadata: { name: s${index} }\nspec: { selector: { app: s${index} }, ports: [{ port: 80 }] }\n`);
  await paste(page, pods.join("---\n"));
  await analysed(page);
  await page.waitForFunction(() => /manifests/.test(document.querySelector("#files").textContent));
  await page.click("#tab-map");
  await page.locator(".map .box", { hasText: "400 Services" }).waitFor();
  assert.ok(await page.locator(".map .box").count() < 10);
  await page.locator(".map .box", { hasText: "400 Services" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".map .box").length === 400);
  calm();
  await close();
});

test("more than six files are a tree of folders", async () => {
  const { page, calm, close } = await both(browser, server.url);
  for (let index = 0; index < 6; index += 1) await page.click("#add-button");
  await page.waitForSelector(".files.tree");
  assert.deepEqual(await page.$$eval(".files .folder", (all) => all.map((it) => it.textContent)), ["k8s/"]);
  await page.locator("#files .file-name", { hasText: "manifests.yaml" }).click();
  await page.waitForFunction(() => document.querySelector(".cm-content").textContent.includes("wbe"));
  calm();
  await close();
});

test("light and dark are a choice that stays, and the splitter moves by keys", async () => {
  const { page, calm, close } = await open(browser, server.url, { colorScheme: "light" });
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await paper();
  await page.selectOption("#theme", "dark");
  assert.notEqual(await paper(), light);
  const width = () => page.locator(".edit").evaluate((it) => it.getBoundingClientRect().width);
  const wide = await width();
  await page.locator(".splitter").focus();
  await page.keyboard.press("ArrowLeft");
  await page.waitForFunction((before) => document.querySelector(".edit").getBoundingClientRect().width < before - 20, wide);
  await page.reload();
  await analysed(page);
  assert.notEqual(await paper(), light);
  assert.ok(await width() < wide - 20);
  calm();
  await close();
});

test("a phone shows the results first, and a place leads to the file", async () => {
  const { page, calm, close } = await open(browser, server.url, { viewport: { width: 380, height: 780 } });
  assert.ok(await page.locator(".finding").first().isVisible());
  assert.ok(!(await page.locator("#editor").isVisible()));
  await page.locator(".finding .finding-meta .place").first().click();
  await page.locator("#editor").waitFor();
  assert.ok(await page.locator(".cm-flash").isVisible());
  assert.match(await page.evaluate(() => document.activeElement.className), /cm-content/);
  calm();
  await close();
});

test("nothing leaves the browser: the policy forbids it, and nothing is asked for once the page is there", async () => {
  const { page, close } = await open(browser, server.url);
  const asked = [];
  page.on("request", (it) => !/^(data|blob):/.test(it.url()) && asked.push(it.url().replace(server.url, "")));
  await paste(page, COMPOSE);
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  await page.click("#tab-decision");
  await page.waitForSelector(".outcome");
  assert.deepEqual(asked.filter((it) => !it.startsWith("assets/") && it !== "" && !/^(offline\.js|favicon|icon|manifest)/.test(it)), []);
  const sent = await page.evaluate(() => fetch("https://example.com/?secret").then(() => "sent", () => "refused"));
  assert.equal(sent, "refused");
  await close();
});

test("the page can be installed", async () => {
  const { page, close } = await open(browser, server.url);
  await page.evaluate(() => navigator.serviceWorker.ready);
  const session = await page.context().newCDPSession(page);
  const { errors, data } = await session.send("Page.getAppManifest");
  assert.deepEqual(errors, []);
  assert.equal(JSON.parse(data).display, "standalone");
  const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
  assert.deepEqual(installabilityErrors.map((it) => it.errorId).filter((it) => it !== "in-incognito"), []);
  await close();
});
