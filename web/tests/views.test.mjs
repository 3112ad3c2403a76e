// What people do with results: fix, ignore, take along, read the map, decide, choose the looks.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { strFromU8, unzipSync } from "fflate";
import { addFile, analysed, browser, findings, inBrowser, listed, open, paste, paths, server } from "./harness.mjs";
import { both, COMPOSE, empty } from "./projects.mjs";

inBrowser();

/** Clicks something that downloads, and returns the file's name and bytes. */
async function downloaded(page, selector) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

/** Chooses something in the menu that downloads. */
async function fromMenu(page, selector) {
  await page.click(".menu summary");
  return downloaded(page, selector);
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

test("findings are filtered by severity and certainty, and grouped by pitfall and target", async () => {
  const { page, calm, close } = await open(browser, server.url);
  const all = await listed(page);
  const infos = await page.locator(".finding.info").count();
  assert.ok(infos > 0 && infos < all.length, String(infos));
  await page.click('.chip[data-severity="info"]');
  await findings(page, (it) => it.length === all.length - infos);
  assert.equal(await page.locator(".finding.info").count(), 0);
  await page.click('.chip[data-severity="info"]');
  await page.click(".more-filters summary");
  await page.locator("label", { hasText: "Sure" }).locator("select").selectOption("certain");
  const certain = await findings(page, (it) => it.length < all.length);
  await page.locator("label", { hasText: "Sure" }).locator("select").selectOption("likely");
  await findings(page, (it) => it.length > certain.length && it.length < all.length);
  await page.locator("label", { hasText: "Sure" }).locator("select").selectOption("");
  const titles = () => page.$$eval(".group-title", (them) => them.map((it) => it.firstChild.textContent.trim()));
  await page.locator("label", { hasText: "Group by" }).locator("select").selectOption("pitfall");
  await page.locator(".group-title", { hasText: "Networking" }).waitFor();
  assert.ok((await titles()).includes("Migrations"));
  await page.locator("label", { hasText: "Group by" }).locator("select").selectOption("target");
  await page.locator(".group-title", { hasText: "k8s" }).waitFor();
  assert.ok((await titles()).length >= 2, String(await titles()));
  assert.equal((await listed(page)).length, all.length);
  calm();
  await close();
});

test("caret and list follow each other", async () => {
  const { page, calm, close } = await empty(browser, server.url);
  const services = Array.from({ length: 90 }, (_, index) => `  s${String(index).padStart(2, "0")}:\n    image: "acme/s${index}:1.0"\n    depnds_on: [db]\n`).join("");
  await paste(page, `services:\n${services}`);
  await findings(page, (it) => it.length >= 60);
  await page.locator(".cm-content").focus();
  await page.keyboard.press("Control+End");
  await page.keyboard.press("ArrowUp");
  const current = page.locator(".finding[aria-current]");
  await current.locator(".place", { hasText: "compose.yaml:271" }).waitFor();
  await page.waitForFunction(() => {
    const [row, panel] = [".finding[aria-current] .finding-toggle", "#findings"].map((it) => document.querySelector(it).getBoundingClientRect());
    return row.top >= panel.top && row.bottom <= panel.bottom;
  });
  assert.equal(await page.evaluate(() => document.scrollingElement.scrollTop), 0, "and nothing else is");
  const scroll = () => page.locator("#findings").evaluate((it) => it.scrollTop);
  await page.locator("#findings").evaluate((it) => (it.scrollTop = 0));
  await page.locator(".finding", { hasText: "s03" }).first().locator(".place").click();
  assert.match(await page.locator(".cm-activeLine").innerText(), /depnds_on/);
  await page.locator('.finding[aria-current] >> text=s03').first().waitFor();
  assert.equal(await scroll(), 0, "the list stays where somebody clicks");
  calm();
  await close();
});

test("settings are written into plimsoll.yaml, and hold at once", async () => {
  const { page, calm, close } = await empty(browser, server.url);
  await paste(page, COMPOSE);
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  await page.click("text=Settings");
  const dialog = page.locator("#settings");
  await dialog.locator("label", { hasText: "PLM101" }).locator("select").selectOption("error");
  await dialog.locator("label", { hasText: "CPUs" }).locator("input").fill("4");
  await dialog.locator("label", { hasText: "Memory" }).locator("input").fill("8GiB");
  await dialog.locator("label", { hasText: "Compose files" }).locator("select").selectOption("production");
  await dialog.locator("label", { hasText: "Kubernetes" }).locator("input").fill("newest");
  await dialog.locator("label", { hasText: "Kubernetes" }).locator("input").press("Tab");
  await page.keyboard.press("Escape");
  await page.locator('.finding.error[data-code="PLM101"]').waitFor();
  assert.ok(!(await listed(page)).some((it) => it.startsWith("PLM008")), "every setting makes sense");
  const lines = () => page.locator(".cm-line").allInnerTexts();
  assert.deepEqual((await lines()).filter((it) => it.trim()), ["rules:", "  PLM101: error", "server: { cpus: 4, memory: 8GiB }", "role: production"]);
  await page.click("text=Settings");
  await dialog.locator("label", { hasText: "PLM101" }).locator("select").selectOption("");
  await page.keyboard.press("Escape");
  await page.locator('.finding[data-code="PLM101"]:not(.error)').waitFor();
  await page.click("#undo-button");
  await page.locator('.finding.error[data-code="PLM101"]').waitFor();
  calm();
  await close();
});

test("findings are copied as Markdown, and the fixed files are taken along", async () => {
  const { page, calm, close } = await open(browser, server.url, { acceptDownloads: true, permissions: ["clipboard-read", "clipboard-write"] });
  await page.click(".menu summary");
  await page.click("text=Copy as Markdown");
  await page.locator("#toast", { hasText: "Copied" }).waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^### Plimsoll: 7 errors, 7 warnings[\s\S]*\[PLM401\]/);
  await page.click("#fix-all");
  const { bytes } = await downloaded(page, "text=Save the fixed files");
  const files = unzipSync(new Uint8Array(bytes));
  assert.equal(Object.keys(files).length, (await paths(page)).length);
  const removed = await page.locator("#fixes .diff .added").allInnerTexts();
  const text = strFromU8(files["compose.yaml"]);
  for (const line of removed) assert.ok(text.includes(line.replace(/^\+ /, "").trimEnd()), line);
  await page.keyboard.press("Escape");
  assert.ok(!(await page.locator(".cm-content").innerText()).includes(removed[0].slice(2).trim()), "the open files are as they were");
  calm();
  await close();
});

test("the report, the files and the decision can be taken along", async () => {
  const { page, calm, close } = await open(browser, server.url, { acceptDownloads: true });
  const report = await fromMenu(page, "text=Report as JSON");
  assert.equal(JSON.parse(report.bytes).findings.length, (await listed(page)).length);
  const sarif = await fromMenu(page, "text=Report as SARIF");
  const { version, runs } = JSON.parse(sarif.bytes);
  assert.equal(version, "2.1.0");
  assert.deepEqual(runs[0].results.map((it) => it.ruleId).sort(), JSON.parse(report.bytes).findings.map((it) => it.code).sort());
  const words = await fromMenu(page, "text=Report as Markdown");
  assert.match(words.bytes.toString(), /^### Plimsoll: 7 errors, 7 warnings[\s\S]*\[PLM401\]\S* `compose\.yaml:9`/);
  const zip = await fromMenu(page, "text=Files as they are now");
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

test("the map: targets, drift and reasons, a click goes to the line, and one pitfall alone", async () => {
  const { page, calm, close } = await open(browser, server.url);
  await page.click("#tab-map");
  await page.waitForSelector(".map .box");
  assert.match((await page.locator(".map .caption").allTextContents()).join(), /Compose: .*,Cluster: k8s/);
  const titles = await page.$$eval(".map .line title", (all) => all.map((it) => it.textContent));
  assert.ok(titles.some((it) => /^waits for, compose\.yaml:14/.test(it)), titles.join("\n"));
  assert.ok(titles.some((it) => /they differ, worst: error/.test(it)));
  const stroke = (selector) => page.locator(selector).first().evaluate((it) => getComputedStyle(it).stroke);
  assert.equal(await stroke(".map .line.counterpart.error .thin"), await stroke(".map .box.error rect"));
  await page.locator('.map .box[aria-label^="search service"]').click();
  assert.match(await page.locator(".cm-activeLine").innerText(), /^\s*search:/);
  await page.locator(".map .line title", { hasText: "waits for, compose.yaml:14" }).first().evaluate((it) => it.parentElement.dispatchEvent(new MouseEvent("click", { bubbles: true })));
  assert.match(await page.locator(".cm-activeLine").innerText(), /depends_on/);
  const marked = () => page.locator(".map .mark").count();
  const before = await marked();
  await page.locator(".map label", { hasText: "Pitfall" }).locator("select").selectOption("PLM2");
  await page.waitForFunction((count) => document.querySelectorAll(".map .mark").length < count, before);
  assert.ok(await marked() > 0);
  const deployment = (name) => `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: ${name} }\nspec: { selector: { matchLabels: { app: ${name} } }, template: { metadata: { labels: { app: ${name} } }, spec: { containers: [{ name: a, image: "acme/${name}:1" }] } } }\n`;
  const files = [["k8s/web.yaml", deployment("web")], ["jobs/mail.yaml", deployment("mail")]];
  await page.evaluate((it) => (location.hash = `#files=${it}`), deflateRawSync(JSON.stringify([files, {}])).toString("base64url"));
  await page.waitForFunction(() => document.querySelector("#files").textContent.includes("mail.yaml"));
  await page.click("#tab-map");
  await page.waitForFunction(() => document.querySelectorAll(".map .box").length === 2);
  assert.deepEqual((await page.locator(".map .frame text").allTextContents()).sort(), ["jobs", "k8s"]);
  await page.click(".in-words summary");
  assert.match(await page.locator(".in-words").innerText(), /workload mail .*in jobs/);
  calm();
  await close();
});

test("a map of 40 objects can be read: every name in full, no box over another, letters of ten pixels", async () => {
  const { page, calm, close } = await empty(browser, server.url, { viewport: { width: 1440, height: 900 } });
  const service = (index) => `  part-${index}:\n    image: "acme/part-${index}:1.0"\n    depends_on: [part-${Math.floor(index / 2)}]\n    volumes: ["data-${index % 10}:/data"]\n`;
  const volumes = Array.from({ length: 10 }, (_, index) => `  data-${index}: {}\n`).join("");
  await paste(page, `services:\n${Array.from({ length: 30 }, (_, index) => service(index + 1)).join("").replace("part-0]", "part-2]")}volumes:\n${volumes}`);
  await analysed(page);
  await page.click("#tab-map");
  await page.waitForFunction(() => document.querySelectorAll(".map .box").length === 40);
  const boxes = await page.$$eval(".map .box rect", (all) => all.map((it) => it.getBoundingClientRect().toJSON()));
  for (const a of boxes) for (const b of boxes) {
    assert.ok(a === b || a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top, JSON.stringify([a, b]));
  }
  assert.deepEqual((await page.locator(".map .label").allTextContents()).filter((it) => it.endsWith("…")), []);
  const letters = await page.locator(".map .label").first().evaluate((it) => parseFloat(getComputedStyle(it).fontSize) * it.ownerSVGElement.getScreenCTM().a);
  assert.ok(letters >= 10, String(letters));
  calm();
  await close();
});

test("a map of 42 objects on two sides can be read, and nothing of it is cut off", async () => {
  const { page, calm, close } = await empty(browser, server.url, { viewport: { width: 1440, height: 900 } });
  const service = (index) => `  part-${index}:\n    image: "acme/part-${index}:1.0"\n    depends_on: [part-${Math.floor(index / 2)}]\n    volumes: ["data-${index % 4}:/data"]\n`;
  const workload = (index) => `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: part-${index}, namespace: shop }\nspec: { selector: { matchLabels: { app: part-${index} } }, template: { metadata: { labels: { app: part-${index} } }, spec: { containers: [{ name: a, image: "acme/part-${index}:1.0", envFrom: [{ configMapRef: { name: settings-${index % 5} } }] }] } } }\n---\napiVersion: v1\nkind: Service\nmetadata: { name: part-${index}, namespace: shop }\nspec: { selector: { app: part-${index} }, ports: [{ port: 80 }] }\n`;
  const numbers = Array.from({ length: 11 }, (_, index) => index + 1);
  await paste(page, `services:\n${numbers.map(service).join("").replace("part-0]", "part-11]")}volumes:\n${[0, 1, 2, 3].map((it) => `  data-${it}: {}\n`).join("")}`);
  await addFile(page, numbers.map(workload).join("---\n"));
  await page.click("#tab-map");
  await page.waitForFunction(() => document.querySelectorAll(".map .box").length === 42);
  const boxes = await page.$$eval(".map .box rect", (all) => all.map((it) => it.getBoundingClientRect().toJSON()));
  for (const a of boxes) for (const b of boxes) {
    assert.ok(a === b || a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top, JSON.stringify([a, b]));
  }
  assert.deepEqual((await page.locator(".map .label").allTextContents()).filter((it) => it.endsWith("…")), []);
  const letters = await page.locator(".map .label").first().evaluate((it) => parseFloat(getComputedStyle(it).fontSize) * it.ownerSVGElement.getScreenCTM().a);
  assert.ok(letters >= 10, String(letters));
  assert.equal(await page.locator(".map-box").evaluate((it) => it.scrollWidth - it.clientWidth), 0, "the cluster is in view");
  const lines = await page.$$eval(".map .line .thin", (all) => all.map((it) => it.getBoundingClientRect().toJSON()));
  const map = await page.locator(".map svg").evaluate((it) => it.getBoundingClientRect().toJSON());
  assert.ok(lines.every((it) => it.left >= map.left && it.right <= map.right), "no line leaves the picture");
  calm();
  await close();
});

test("nothing jumps while the page opens, and nothing moves for people who want less motion", async () => {
  const watching = () => {
    globalThis.shifts = [];
    new PerformanceObserver((list) => globalThis.shifts.push(...list.getEntries().filter((it) => !it.hadRecentInput).map((it) =>
      [it.value, ...it.sources.map(({ node }) => node?.className || node?.nodeName)]))).observe({ type: "layout-shift", buffered: true });
  };
  for (const viewport of [{ width: 1280, height: 800 }, { width: 380, height: 780 }]) {
    const { page, calm, close } = await open(browser, server.url, { before: watching, reducedMotion: "reduce", viewport });
    await page.waitForFunction(() => location.hash.startsWith("#example="));
    const shifts = await page.evaluate(() => globalThis.shifts);
    const sum = shifts.reduce((total, [value]) => total + value, 0);
    assert.ok(sum < 0.05, JSON.stringify(shifts));
    const moving = await page.evaluate(() => [...document.querySelectorAll("#app, #app *")].filter((it) => [null, "::before", "::after"].some((part) =>
      parseFloat(getComputedStyle(it, part).transitionDuration) > 0)).map((it) => it.className));
    assert.deepEqual(moving, []);
    calm();
    await close();
  }
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

test("at every width the first screen says its words in full", async () => {
  for (const width of [1600, 1181, 1180, 1000, 861, 860, 521, 380]) {
    const { page, calm, close } = await open(browser, server.url, { viewport: { width, height: 800 } });
    const cut = await page.$$eval("header *, #panels *, #status, .filters *, .toolbar > *", (all) => all.filter((it) => {
      const { left, right } = it.getBoundingClientRect();
      // What clips its content is as wide as the part that is seen.
      const clips = it.closest(".results, header").getBoundingClientRect();
      return it.checkVisibility({ checkVisibilityCSS: true }) && !it.closest("svg, .visually-hidden") && (it.scrollWidth > it.clientWidth + 1 && it.clientWidth > 0 || left < clips.left - 1 || right > clips.right + 1);
    }).map((it) => it.id || it.className || it.textContent));
    assert.deepEqual(cut, [], `${width} wide`);
    assert.ok(await page.locator("header").evaluate((it) => it.getBoundingClientRect().height) < 170, `${width} wide`);
    calm();
    await close();
  }
});

test("nothing leaves the browser: every panel asks for files of the build alone, and the policy forbids the rest", async () => {
  const dist = fileURLToPath(new URL("../dist/", import.meta.url));
  // The browser asks for the icon again whenever the address changes.
  const own = new Set(["favicon.svg", ...readdirSync(join(dist, "assets")).map((it) => `assets/${it}`)].map((it) => server.url + it));
  const { page, close } = await open(browser, server.url, { permissions: ["clipboard-read", "clipboard-write"], acceptDownloads: true });
  // The worker for use without a connection fetches every file of the build once.
  await page.evaluate(() => navigator.serviceWorker.ready);
  const asked = [];
  page.context().on("request", (it) => !/^(data|blob):/.test(it.url()) && asked.push(it));
  page.on("websocket", (it) => asked.push({ url: () => it.url(), method: () => "socket" }));
  await paste(page, COMPOSE);
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  await page.locator(".finding-toggle").first().click();
  await page.click("#fix-all");
  await page.waitForSelector("#fixes .diff");
  await page.keyboard.press("Escape");
  for (const choice of ["Copy as Markdown", "Report as JSON", "Report as SARIF", "Files as they are now"]) {
    await page.click(".menu summary");
    await page.click(`text=${choice}`);
  }
  await page.click("#tab-compare");
  await page.waitForSelector(".compared");
  await page.click("text=What each target gets");
  await page.locator("#compare", { hasText: "Nothing to render" }).waitFor();
  await page.click("#tab-decision");
  await page.locator(".asks button").first().click();
  await page.locator(".given").waitFor();
  await page.click("#tab-map");
  await page.waitForSelector(".map .box");
  await page.click("text=Save PNG");
  await page.click("#tab-rules");
  await page.locator(".rule-list button").first().click();
  await page.waitForSelector(".rule");
  await page.click("#share-button");
  await page.click("#examples-button");
  await page.locator("#gallery-list button", { hasText: "overlays" }).first().click();
  await analysed(page);
  await page.waitForFunction(() => location.hash.startsWith("#example="));
  assert.deepEqual(asked.filter((it) => it.method() !== "GET" || !own.has(it.url())).map((it) => `${it.method()} ${it.url()}`), []);
  assert.ok(asked.length > 0, "the map and the second engine are fetched when they are needed");
  const refused = await page.evaluate(() => Promise.all([
    fetch("https://example.com/?secret").then(() => "sent", () => "refused"),
    new Promise((done) => {
      document.addEventListener("securitypolicyviolation", () => done("refused"));
      new Image().src = "https://example.com/secret.png";
    }),
  ]));
  assert.deepEqual(refused, ["refused", "refused"]);
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
