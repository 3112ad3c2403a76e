// For everyone: no violation that axe-core can find, the keyboard alone, narrow windows, no network.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { analysed, axe, findings, launch, open, serve } from "./harness.mjs";

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
    await page.click(".menu summary");
    await page.click(".more-filters summary");
    assert.deepEqual(await axe(page), [], "menus");
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing sticks out");
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

test("after one visit the page opens without a network", async () => {
  const { page, close } = await open(browser, server.url);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.context().setOffline(true);
  await page.reload();
  await analysed(page);
  await findings(page, (it) => it.length > 0);
  await close();
});
