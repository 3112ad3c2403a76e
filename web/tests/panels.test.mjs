// The decision, links, examples and rules, and what happens when the engine is late or missing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { rules } from "plimsoll";
import { analysed, browser, findings, inBrowser, link, listed, open, paste, server } from "./harness.mjs";
import { both, COMPOSE } from "./projects.mjs";

inBrowser();

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

test("what an answer changed is not told of another project, nor of a decision that comes later", async () => {
  // Holds back the reports of the engine while the test wants it to.
  const holding = () => {
    globalThis.held = undefined;
    globalThis.Worker = class extends Worker {
      postMessage(message) {
        if (globalThis.held && message.kind === "report") globalThis.held.push(() => super.postMessage(message));
        else super.postMessage(message);
      }
    };
  };
  const { page, calm, close } = await open(browser, server.url, { before: holding });
  const holdAndAnswer = async () => {
    await page.evaluate(() => (globalThis.held = []));
    await page.locator('[data-answer="downtime"]').selectOption("none");
    await page.waitForFunction(() => globalThis.held.length === 1);
  };
  const release = () => page.evaluate(() => {
    const { held } = globalThis;
    globalThis.held = undefined;
    for (const send of held) send();
  });
  await page.click("#tab-decision");
  await holdAndAnswer();
  await page.evaluate((hash) => (location.hash = hash), link([[["mine.yaml", "services: { a: { image: nginx } }\n"]], {}]));
  await page.locator("#files .file-name", { hasText: "mine.yaml" }).waitFor();
  await release();
  await page.locator("#status", { hasText: "in 1 file," }).waitFor();
  await page.waitForFunction(() => document.querySelector('[data-answer="downtime"]').value === "");
  assert.equal(await page.locator(".changes").count(), 0);
  await holdAndAnswer();
  await page.click("#tab-findings");
  await paste(page, "services: { a: { image: nginx }, b: { image: postgres } }\n");
  await release();
  await findings(page, (it) => it.some((row) => row.startsWith("PLM7")));
  await page.click("#tab-decision");
  await page.locator(".verdict").waitFor();
  const count = await page.locator("#count").innerText();
  await paste(page, "services: { a: { image: nginx } }\n");
  await page.waitForFunction((count) => document.querySelector("#count").textContent !== count, count);
  assert.equal(await page.locator(".changes").count(), 0);
  calm();
  await close();
});

test("a link carries the files and the answers, and nothing goes to the server", async () => {
  const { page, calm, close } = await both(browser, server.url);
  await page.click("#tab-decision");
  await page.locator('[data-answer="downtime"]').selectOption("minutes");
  await page.click("#share-button");
  await page.waitForFunction(() => location.hash.startsWith("#files="));
  const shared = new URL(page.url()).hash;
  const expected = await listed(page);
  const second = await open(browser, server.url, { hash: shared });
  assert.deepEqual(await listed(second.page), expected);
  await second.page.click("#tab-decision");
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
  await page.click("#undo-button");
  await page.waitForFunction(() => document.querySelectorAll("#files li").length > 1);
  calm();
  await close();
});

test("a result for an older text is dropped", async () => {
  // Answers of the engine are held back while the test says so, so that the text has changed when they arrive.
  const slow = () => {
    globalThis.held = undefined;
    globalThis.Worker = class extends Worker {
      set onmessage(listener) {
        super.onmessage = (event) => (globalThis.held ? globalThis.held.push(() => listener(event)) : listener(event));
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
  await page.evaluate(() => (globalThis.held = []));
  await paste(page, COMPOSE);
  await page.waitForFunction(() => globalThis.held.length > 0);
  await paste(page, "x-a: [\n");
  await page.evaluate(() => {
    const late = globalThis.held;
    globalThis.held = undefined;
    for (const arrive of late) arrive();
  });
  await findings(page, (it) => it.some((row) => row.startsWith("PLM001")));
  assert.deepEqual(await page.evaluate(() => [...globalThis.seen]), ["PLM001"]);
  calm();
  await close();
});

test("a link opened in the same tab replaces the project; one to a rule opens the rule", async () => {
  const { page, calm, close } = await both(browser, server.url);
  await page.evaluate(() => (location.hash = "#rule=PLM404"));
  await page.waitForSelector(".rule");
  assert.match(await page.locator(".rule h2").innerText(), /^PLM404 /);
  assert.equal(await page.locator("#files li").count(), 2, "the files stay");
  await page.evaluate(() => (location.hash = "#example=single-server"));
  await page.waitForFunction(() => document.querySelector(".cm-content").textContent.includes("tickets"));
  calm();
  await close();
});
