// What people do with results, mended: one application of several, filters, exports, the way back.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { analyze, render } from "plimsoll";
import { analysed, browser, choose, file, findings, inBrowser, link, open, paste, server } from "./harness.mjs";
import { both, COMPOSE, empty } from "./projects.mjs";

inBrowser();

const deployment = (name, replicas = 1) => `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: ${name} }\nspec: { replicas: ${replicas}, selector: { matchLabels: { app: ${name} } }, template: { metadata: { labels: { app: ${name} } }, spec: { containers: [{ name: a, image: "acme/${name}:1.0" }] } } }\n`;

test("what an answer changed is about the application that is shown", async () => {
  const files = [
    ["blog/compose.yaml", "services: { blog: { image: 'zeta/blog:1.0' } }\n"],
    ["shop/compose.yaml", COMPOSE],
    ["shop/k8s/web.yaml", [deployment("web", 3), deployment("api", 4), deployment("worker", 5)].join("---\n")],
  ];
  const { page, calm, close } = await open(browser, server.url, { hash: link([files, {}]) });
  await page.click("#tab-decision");
  const applications = page.locator("#decision label", { hasText: "Application" }).locator("select");
  await applications.waitFor();
  let compared = 0;
  for (const name of await applications.locator("option").allInnerTexts()) {
    await applications.selectOption(name);
    const before = await page.locator(".outcome").innerText();
    await page.locator('[data-answer="downtime"]').selectOption("none");
    await page.locator(".changes").waitFor();
    const after = await page.locator(".outcome").innerText();
    const said = await page.locator(".changes").innerText();
    assert.equal(/Outcome: (.*) → (.*)/.exec(said)?.slice(1).join() ?? `${before},${before}`, `${before},${after}`, name);
    compared += 1;
    await page.locator('[data-answer="downtime"]').selectOption("");
    await page.waitForFunction((text) => document.querySelector(".outcome").textContent === text, before);
  }
  assert.ok(compared >= 2);
  calm();
  await close();
});

test("filters end with the project that they were chosen for", async () => {
  const { page, calm, close } = await open(browser, server.url);
  await page.click(".more-filters summary");
  await page.locator("label", { hasText: "Family" }).locator("select").selectOption("PLM6");
  await page.click('.chip[data-severity="info"]');
  await page.click("#tab-map");
  await page.locator(".map label", { hasText: "Target" }).locator("select").selectOption("k8s");
  await page.locator(".map label", { hasText: "Pitfall" }).locator("select").selectOption("PLM2");
  await choose(page, file("compose.yaml", COMPOSE));
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  assert.equal(await page.locator("label", { hasText: "Family" }).locator("select").inputValue(), "");
  await page.click("#tab-map");
  await page.waitForSelector(".map .box");
  assert.deepEqual(await page.locator(".map select").evaluateAll((all) => all.map((it) => it.value)), ["", ""]);
  assert.ok(await page.locator(".map .mark").count() > 0);
  calm();
  await close();
});

test("the report as Markdown is the engine's own, and the record escapes what files say", async () => {
  const evil = `services:\n  "[click](http://evil.example) <img src=x>":\n    image: "a:latest"\n    depends_on: ["x | y"]\n  "x | y": { image: "postgres:latest" }\n`;
  const { page, calm, close } = await open(browser, server.url, { hash: link([[["a`b.yaml", evil], ["compose.yaml", evil]], {}]), acceptDownloads: true });
  const saved = async (selector) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
    return readFileSync(await download.path(), "utf8");
  };
  await page.click(".menu summary");
  const report = await saved("text=Report as Markdown");
  assert.equal(report, render(analyze([{ path: "a`b.yaml", text: evil }, { path: "compose.yaml", text: evil }]), "markdown"));
  await page.click("#tab-decision");
  const record = await saved("text=Save as a record");
  assert.match(record, /^# Decision: /);
  const outside = record.replaceAll(/``.*?``|`[^`]*`/g, "").replaceAll(/\\./g, "");
  assert.doesNotMatch(outside, /\]\(|<img|`/);
  calm();
  await close();
});

test("the menu closes after a choice and on Escape, which gives the focus back", async () => {
  const { page, calm, close } = await open(browser, server.url, { acceptDownloads: true });
  await page.click(".menu summary");
  await Promise.all([page.waitForEvent("download"), page.click("text=Report as SARIF")]);
  assert.equal(await page.locator(".menu[open]").count(), 0);
  await page.locator(".menu summary").press("Enter");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Copy as Markdown");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".menu[open]").count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Take with you");
  await page.keyboard.press("Enter");
  await page.click("#status");
  assert.equal(await page.locator(".menu[open]").count(), 0);
  calm();
  await close();
});

test("a reason made of blanks is none", async () => {
  const { page, calm, close } = await empty(browser, server.url);
  await paste(page, COMPOSE);
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  await page.locator('.finding[data-code="PLM101"] .finding-toggle').click();
  await page.locator('.finding[data-code="PLM101"] >> text=Ignore here…').click();
  await page.fill("#ignore input", "   ");
  await page.click("text=Write the comment");
  assert.ok(await page.locator("#ignore").isVisible());
  assert.doesNotMatch(await page.locator(".cm-content").innerText(), /plimsoll: ignore/);
  calm();
  await close();
});

test("a target in the root is called so", async () => {
  const { page, calm, close } = await empty(browser, server.url);
  await choose(page, [file("compose.yaml", COMPOSE), file("web.yaml", deployment("web"))]);
  await page.waitForFunction(() => document.querySelector("#files").textContent.includes("web.yaml"));
  await page.click("#tab-map");
  await page.waitForSelector(".map .box.workload");
  const words = (await page.locator(".map").innerText()) + (await page.locator(".map text").allTextContents()).join("\n");
  assert.match(words, /Cluster: the root/);
  assert.doesNotMatch(words, /: \.($|\n)/);
  calm();
  await close();
});

test("the browser's Back leads from a rule to where it was opened, and harms nothing", async () => {
  const { page, calm, close } = await both(browser, server.url);
  await page.waitForFunction(() => location.hash.startsWith("#files="));
  await page.locator('.finding[data-code="PLM404"] .code').click();
  await page.waitForSelector(".rule");
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+Home");
  await page.keyboard.insertText("# typed meanwhile\n");
  await page.goBack();
  await page.waitForFunction(() => document.querySelector("#tab-findings").ariaSelected === "true");
  await findings(page, (it) => it.includes("PLM404 k8s/manifests.yaml:19"));
  assert.match(await page.locator(".cm-content").innerText(), /typed meanwhile/);
  await page.goForward();
  await page.locator(".rule h2", { hasText: "PLM404" }).waitFor();
  await page.goBack();
  await page.click("#tab-rules");
  await page.locator(".rule-list button").first().click();
  await page.waitForSelector(".rule");
  await page.goBack();
  await page.waitForSelector(".rule-list");
  assert.equal(await page.locator("#files li").count(), 2);
  calm();
  await close();
});

test("the documentation has the colours that were chosen in the playground", async () => {
  const { page, calm, close } = await open(browser, server.url, { colorScheme: "light" });
  await page.selectOption("#theme", "dark");
  const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.goto(`${server.url}rules/`);
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), dark);
  calm();
  await close();
});

test("a page of the documentation that cannot be had offline says so", async () => {
  const { page, close } = await open(browser, server.url);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForFunction(() => navigator.serviceWorker.controller);
  await page.context().setOffline(true);
  await page.click("text=Rules and docs");
  await page.locator("h1", { hasText: "not kept for use without a connection" }).waitFor();
  await page.click("text=Open the playground");
  await analysed(page);
  await close();
});

test("a dialog gives the focus back to what opened it, however it closes", async () => {
  const { page, calm, close } = await open(browser, server.url);
  const focused = () => page.evaluate(() => document.activeElement.id);
  await page.locator("#examples-button").press("Enter");
  await page.waitForSelector("#gallery-list button");
  await page.keyboard.press("Escape");
  assert.equal(await focused(), "examples-button");
  await page.waitForFunction(() => !document.querySelector("dialog"));
  await page.keyboard.press("Enter");
  await page.locator("#gallery-list button").first().press("Enter");
  await page.waitForFunction(() => !document.querySelector("dialog"));
  assert.equal(await focused(), "examples-button");
  await page.locator("#bring-button").press("Enter");
  await page.fill("#bring textarea", COMPOSE);
  await page.locator("#bring .primary").press("Enter");
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  assert.equal(await focused(), "bring-button");
  // The dialog that is gone does not close the next one: its event has come when a task has run after the next picture.
  await page.keyboard.press("Enter");
  await page.locator("#bring").waitFor();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
  assert.ok(await page.locator("#bring").isVisible());
  calm();
  await close();
});
