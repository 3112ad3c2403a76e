// For everyone: no violation that axe-core can find, the keyboard alone, narrow windows, no network.
import assert from "node:assert/strict";
import { test } from "node:test";
import { analysed, axe, browser, choose, findings, inBrowser, open, server } from "./harness.mjs";
import { COMPOSE } from "./projects.mjs";

inBrowser();

for (const [colorScheme, width] of [["light", 1280], ["dark", 1280], ["light", 380], ["dark", 380]]) {
  test(`axe finds nothing: ${colorScheme}, ${width} wide`, async () => {
    // The policy of the page keeps axe itself out; the other tests run with it.
    const { page, close } = await open(browser, server.url, { colorScheme, viewport: { width, height: 800 }, bypassCSP: true });
    await page.locator('.finding:has(.has-fix) .finding-toggle').first().click();
    assert.deepEqual(await axe(page), [], "findings");
    await page.click("#tab-compare");
    await page.waitForSelector(".compared-body");
    for (const summary of await page.locator(".to-write summary").all()) await summary.click();
    assert.deepEqual(await axe(page), [], "services side by side");
    await page.click("text=What each target gets");
    await page.waitForSelector(".rendered-line");
    assert.deepEqual(await axe(page), [], "what each target gets");
    await page.click("#tab-decision");
    for (const summary of await page.locator(".question summary").all()) await summary.click();
    assert.deepEqual(await axe(page), [], "decision");
    await page.click("#tab-map");
    await page.waitForSelector(".map svg");
    await page.click(".in-words summary");
    assert.deepEqual(await axe(page), [], "map");
    await page.click("#tab-rules");
    await page.waitForSelector(".rule-list");
    assert.deepEqual(await axe(page), [], "rules");
    await page.locator(".rule-list button").last().click();
    await page.waitForSelector(".rule");
    assert.deepEqual(await axe(page), [], "a rule");
    for (const name of ["bring", "examples"]) {
      await page.click(`#${name}-button`);
      assert.deepEqual(await axe(page), [], name);
      await page.keyboard.press("Escape");
    }
    await page.click("#tab-findings");
    await page.locator(".finding >> text=Ignore here…").first().click();
    assert.deepEqual(await axe(page), [], "ignoring");
    await page.keyboard.press("Escape");
    await page.click("#fix-all");
    await page.waitForSelector("#fixes .diff");
    assert.deepEqual(await axe(page), [], "all fixes");
    await page.keyboard.press("Escape");
    await page.click("footer >> text=Keys");
    assert.deepEqual(await axe(page), [], "keys");
    await page.keyboard.press("Escape");
    await page.click("text=Settings");
    assert.deepEqual(await axe(page), [], "settings");
    await page.keyboard.press("Escape");
    await page.click(".more-filters summary");
    await page.click(".menu summary");
    assert.deepEqual(await axe(page), [], "menus");
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing sticks out");
    await page.click("#examples-button");
    await page.locator("#gallery-list button", { hasText: "overlays" }).first().click();
    if (width < 860) await page.click(".view-switch >> text=Files");
    await page.locator(".files.tree").waitFor();
    await page.locator("#toast.shown button").waitFor();
    assert.deepEqual(await axe(page), [], "a tree of files, and a message");
    await page.click("#clear-button");
    const own = { name: "a.yaml", mimeType: "text/yaml", buffer: Buffer.from("a: 1\n") };
    await choose(page, own);
    await page.waitForFunction(() => document.querySelector("#files").textContent.includes("a.yaml"));
    await choose(page, own);
    await page.locator("#question").waitFor();
    assert.deepEqual(await axe(page), [], "a question");
    await page.keyboard.press("Escape");
    await page.click("#clear-button");
    await choose(page, { name: "large.yaml", mimeType: "text/yaml", buffer: Buffer.from("# a line that says nothing\n".repeat(130_000)) });
    await page.locator(".notice").waitFor();
    assert.deepEqual(await axe(page), [], "a notice");
    await close();
  });
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing in the documentation: ${colorScheme}`, async () => {
    const context = await browser.newContext({ colorScheme, viewport: { width: 380, height: 800 }, bypassCSP: true });
    const page = await context.newPage();
    for (const path of ["rules/", "rules/PLM404-selector-matches-nothing/", "docs/configuration/"]) {
      const answer = await page.goto(server.url + path);
      assert.equal(answer.status(), 200, path);
      assert.deepEqual(await axe(page), [], path);
    }
    await context.close();
  });
}

test("the keyboard alone reaches a finding, opens it and goes to its place", async () => {
  const { page, calm, close } = await open(browser, server.url);
  const focused = () => page.evaluate(() => document.activeElement?.className ?? "");
  await page.locator(".cm-content").focus();
  for (let presses = 0; presses < 12 && !(await focused()).includes("finding-toggle"); presses += 1) await page.keyboard.press("Tab");
  assert.match(await focused(), /finding-toggle/, "Tab leaves the editor and arrives at the list");
  assert.equal(await page.locator(".finding-toggle").first().getAttribute("aria-expanded"), "true", "the worst finding is unfolded");
  await page.keyboard.press("Enter");
  await page.waitForSelector('.finding:first-child .finding-toggle[aria-expanded="false"]');
  await page.keyboard.press("Enter");
  await page.waitForSelector('.finding-toggle[aria-expanded="true"]');
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  assert.match(await focused(), /place/);
  await page.keyboard.press("Enter");
  assert.match(await focused(), /cm-content/);
  await page.locator("#tab-findings").focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("#compare").isVisible(), true);
  calm();
  await close();
});

test("the whole way by the keyboard alone: bring a text, fix it, read the rule, the comparison, the map, and answer", async () => {
  const { page, calm, close } = await open(browser, server.url);
  /** Presses Tab until a control that matches has the focus, as somebody without a pointer does. */
  const tabTo = async (selector) => {
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((it) => document.activeElement.matches(it), selector)) return;
    }
    assert.fail(`Tab does not lead to ${selector}`);
  };
  await tabTo("#bring-button");
  await page.keyboard.press("Enter");
  await tabTo("#bring textarea");
  await page.keyboard.insertText(COMPOSE);
  await tabTo("#bring .primary");
  await page.keyboard.press("Enter");
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  await tabTo("#files .file-name");
  await tabTo('.finding[data-code="PLM101"] .finding-toggle');
  await page.keyboard.press("Enter");
  await tabTo('.finding[data-code="PLM101"] .fix button');
  await page.keyboard.press("Enter");
  await findings(page, (it) => !it.some((row) => row.startsWith("PLM101")));
  await page.keyboard.press("Control+z");
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  await tabTo('.finding[data-code="PLM101"] .code');
  await page.keyboard.press("Enter");
  await page.locator(".rule h2", { hasText: "PLM101" }).waitFor();
  await page.waitForFunction(() => document.activeElement.matches(".rule h2"));
  for (let presses = 0; presses < 3; presses += 1) await page.keyboard.press("Shift+Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "tab-rules");
  await page.keyboard.press("ArrowLeft");
  await tabTo(".map .box");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  assert.match(await page.evaluate(() => document.activeElement.className), /cm-content/);
  await tabTo("#tab-map");
  await page.keyboard.press("ArrowLeft");
  await tabTo(".asks button");
  await page.keyboard.press("Enter");
  await page.locator(".changes").waitFor();
  await tabTo(".given button");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => !document.querySelector(".given"));
  await page.keyboard.press("Shift+Tab");
  await tabTo("footer button");
  calm();
  await close();
});

test("after one visit the page opens without a network", async () => {
  const { page, close } = await open(browser, server.url);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.context().setOffline(true);
  await page.reload();
  await analysed(page);
  await findings(page, (it) => it.length > 0);
  await close();
});
