// What went wrong once for people with files of their own, each in a real browser.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { strToU8, zipSync } from "fflate";
import { analysed, browser, choose, dropFromDisk, file, findings, inBrowser, kept, link, open, paste, pasteOnPage, paths, server, toast } from "./harness.mjs";
import { both, COMPOSE, empty } from "./projects.mjs";

inBrowser();

test("the landing page is as high as its window", async () => {
  const { page, calm, close } = await open(browser, server.url, { viewport: { width: 1440, height: 900 } });
  for (const tab of ["findings", "compare", "decision", "map", "rules"]) {
    await page.click(`#tab-${tab}`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollHeight), 900, tab);
  }
  assert.ok(await page.locator("footer").isVisible());
  calm();
  await close();
});

test("own files take the place of an untouched example, and undo brings it back", async () => {
  const { page, calm, close } = await open(browser, server.url);
  const example = await paths(page);
  await choose(page, [file("compose.yaml", COMPOSE), file(".env", "A=1\n")]);
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  assert.deepEqual((await paths(page)).sort(), [".env", "compose.yaml"]);
  assert.match(await toast(page), /in the place of the example/);
  await page.click("#toast button");
  await page.waitForFunction((count) => document.querySelectorAll("#files .file-name").length === count, example.length);
  assert.deepEqual(await paths(page), example);
  calm();
  await close();
});

test("a name that is taken asks: replace, keep both, or leave it", async () => {
  const { page, calm, close } = await both(browser, server.url);
  const again = file("compose.yaml", COMPOSE.replace("[db]", "[db] # changed"));
  await choose(page, [again]);
  await page.click("#question >> text=Cancel");
  assert.deepEqual(await paths(page), ["compose.yaml", "k8s/manifests.yaml"]);
  await choose(page, [again]);
  await page.click("#question >> text=Keep both");
  await page.waitForFunction(() => document.querySelectorAll("#files .file-name").length === 3);
  assert.deepEqual(await paths(page), ["compose.yaml", "k8s/manifests.yaml", "compose-2.yaml"]);
  await choose(page, [again]);
  await page.click("#question >> text=Replace");
  await page.waitForFunction(() => document.querySelector(".cm-content").textContent.includes("# changed"));
  await page.click("#toast button");
  await page.click("#files .file-name >> nth=0");
  assert.ok(!(await page.locator(".cm-content").innerText()).includes("# changed"), "undo brings the old text back");
  calm();
  await close();
});

test("a large folder is filtered before it is counted, and says what it left out", async () => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-drop-"));
  mkdirSync(join(folder, "shop/photos"), { recursive: true });
  for (let index = 0; index < 588; index += 1) writeFileSync(join(folder, `shop/photos/${index}.jpg`), "x");
  for (let index = 0; index < 12; index += 1) writeFileSync(join(folder, `shop/z${index}.yaml`), `services:\n  s${index}: { image: "nginx:1.27" }\n`);
  const { page, calm, close } = await open(browser, server.url);
  await dropFromDisk(page, [join(folder, "shop")]);
  await page.waitForFunction(() => document.querySelectorAll("#files .file-name").length === 12);
  assert.match(await toast(page), /12 read, 588 skipped \(not text\)/);
  calm();
  await close();
  rmSync(folder, { recursive: true });
});

test("a .zip is opened, and so is a folder that is chosen", async () => {
  const { page, calm, close } = await open(browser, server.url);
  const zip = zipSync({ "shop/compose.yaml": strToU8(COMPOSE), "shop/logo.png": new Uint8Array([0, 1]), "shop/k8s/a.yaml": strToU8("kind: Pod\n") });
  await choose(page, { name: "shop.zip", mimeType: "application/zip", buffer: Buffer.from(zip) });
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  assert.deepEqual((await paths(page)).sort(), ["compose.yaml", "k8s/a.yaml"]);
  assert.match(await toast(page), /2 read, 1 skipped/);
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-folder-"));
  writeFileSync(join(folder, "other.yaml"), COMPOSE);
  await page.click("#bring-button");
  await page.setInputFiles("#folder-input", folder);
  await page.waitForFunction(() => document.querySelectorAll("#files .file-name").length === 3);
  assert.ok((await paths(page)).includes("other.yaml"));
  calm();
  await close();
  rmSync(folder, { recursive: true });
});

test("pasting onto the page opens the text; pasting over the example's first file leaves nothing of the example", async () => {
  const { page, calm, close } = await open(browser, server.url);
  await pasteOnPage(page, COMPOSE);
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  assert.deepEqual(await paths(page), ["compose.yaml"]);
  await page.click("#toast button");
  await page.waitForFunction(() => document.querySelectorAll("#files .file-name").length > 3);
  await analysed(page);
  await paste(page, COMPOSE);
  await findings(page, (it) => it.length > 0 && it.every((row) => row.includes(" compose.yaml:")));
  assert.deepEqual(await paths(page), ["compose.yaml"]);
  calm();
  await close();
});

test("a link with parts that are wrong opens with the rest, and the engine goes on at every key", async () => {
  const hash = link([[["compose.yaml", COMPOSE], ["compose.yaml", "x"], [1, 2], ["../", "x"]], { "one-server": "yes", downtime: "sometimes", gone: "yes" }]);
  const { page, calm, close } = await open(browser, server.url, { hash });
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  assert.match(await toast(page), /2 files that could not be read, 1 file with a name that another file has, 2 answers that this version does not know/);
  await paste(page, `# one more line\n${COMPOSE}`);
  await findings(page, (it) => it.includes("PLM101 compose.yaml:7"));
  assert.equal(await page.locator(".notice").count(), 0);
  calm();
  await close();
});

test("an over-large part of a link is left out, and no key makes a new engine", async () => {
  const counting = () => {
    globalThis.engines = 0;
    globalThis.Worker = class extends Worker {
      constructor(...rest) {
        super(...rest);
        globalThis.engines += 1;
      }
    };
  };
  const hash = link([[["compose.yaml", COMPOSE], ["large.yaml", "a".repeat(6_000_000)]], { downtime: "sometimes" }]);
  const { page, calm, close } = await open(browser, server.url, { hash, before: counting });
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  assert.match(await toast(page), /1 file beyond what a link may hold, 1 answer that this version does not know/);
  await page.locator(".cm-content").focus();
  await page.keyboard.press("Control+Home");
  for (let line = 7; line < 10; line += 1) {
    await page.keyboard.press("Enter");
    await findings(page, (it) => it.includes(`PLM101 compose.yaml:${line}`));
  }
  assert.equal(await page.evaluate(() => globalThis.engines), 1);
  calm();
  await close();
});

test("a link with 2,000 equal names opens, and one that inflates without end is refused", async () => {
  const many = Array.from({ length: 2000 }, () => ["compose.yaml", COMPOSE]);
  const { page, close } = await open(browser, server.url, { hash: link([many, {}]) });
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  assert.match(await toast(page), /1,999 files with a name/);
  await close();
  const bomb = await open(browser, server.url, { hash: link([[["compose.yaml", "a".repeat(60_000_000)]], {}]) });
  assert.match(await toast(bomb.page), /holds more than this page can read/);
  await bomb.close();
});

test("work is kept: over 100 KB, after a reload at once, and a closed file comes back", async () => {
  const { page, calm, close } = await empty(browser, server.url);
  const long = COMPOSE + Array.from({ length: 9000 }, (_, index) => `# line ${index} ${Math.imul(index, 2654435761)}\n`).join("");
  await paste(page, long);
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  await page.keyboard.press("Control+Home");
  await page.keyboard.type("# mine\n");
  await page.reload();
  await findings(page, (it) => it.includes("PLM101 compose.yaml:7"));
  assert.match(await page.locator(".cm-line").first().innerText(), /# mine/);
  await page.click('#files [aria-label="Close compose.yaml"]');
  await findings(page, (it) => !it.some((row) => row.startsWith("PLM101")));
  await page.click("#undo-button");
  await findings(page, (it) => it.includes("PLM101 compose.yaml:7"));
  calm();
  await close();
});

test("a hidden panel is not built while somebody types, and long lists are built as far as they are seen", async () => {
  const { page, calm, close } = await empty(browser, server.url);
  const services = Array.from({ length: 400 }, (_, index) => `  s${index}:\n    image: "acme/s${index}:1.0"\n    depnds_on: [db]\n`).join("");
  await paste(page, `services:\n${services}`);
  await findings(page, (it) => it.length >= 60);
  assert.equal(await page.locator("#decision *").count(), 0, "nothing of the decision is built yet");
  assert.ok(await page.locator(".finding").count() <= 120, "only the first rows are built");
  const before = await page.locator("#findings").evaluate((it) => it.querySelector(".finding"));
  assert.ok(before !== null);
  await page.locator(".finding").first().evaluate((it) => (it.dataset.mark = "kept"));
  await page.locator(".cm-content").focus();
  await page.keyboard.press("Control+Home");
  await page.keyboard.type("# a line above\n");
  await page.waitForFunction(() => document.querySelector(".finding .finding-meta .place").textContent.endsWith(":5"));
  assert.equal(await page.locator(".finding").first().evaluate((it) => it.dataset.mark), "kept", "the row that moved is the same row");
  const built = await page.locator(".finding").count();
  await page.locator("#findings .more").scrollIntoViewIfNeeded();
  await page.waitForFunction((count) => document.querySelectorAll(".finding").length > count, built);
  calm();
  await close();
});

test("an engine that does not arrive: the page says so, keeps the text, and tries again when asked", async () => {
  const context = await browser.newContext({ serviceWorkers: "block" });
  const page = await context.newPage();
  await page.route("**/*.wasm", (route) => route.abort());
  await page.goto(server.url);
  await page.locator(".notice", { hasText: "The engine has not arrived" }).waitFor();
  await page.locator(".cm-content").click();
  await page.keyboard.type("# still here\n");
  assert.match(await page.locator(".cm-content").innerText(), /still here/);
  await page.unroute("**/*.wasm");
  await page.click("text=Try again");
  await analysed(page);
  assert.equal(await page.locator(".notice").count(), 0);
  await context.close();
});

test("an engine whose script does not arrive, and a first visit that goes offline: the page says which, and goes on by itself", async () => {
  for (const missing of ["**/worker-*.js", "**/*.wasm"]) {
    const context = await browser.newContext({ serviceWorkers: "block" });
    const page = await context.newPage();
    await page.route(missing, async (route) => {
      await context.setOffline(true);
      await route.abort();
    });
    await page.goto(server.url);
    await page.locator(".notice", { hasText: "This browser is offline, and this page was not here before" }).waitFor();
    await page.locator(".cm-content").click();
    await page.keyboard.type("# still here\n");
    await page.unroute(missing);
    await context.setOffline(false);
    await analysed(page);
    assert.equal(await page.locator(".notice").count(), 0);
    assert.match(await page.locator(".cm-content").innerText(), /still here/);
    await context.close();
  }
});

test("an engine that fails on a text says so, and goes on with the next one", async () => {
  // Answers in the place of the engine: a failure whenever a text holds the word.
  const failing = () => {
    globalThis.Worker = class extends Worker {
      postMessage(message) {
        if (JSON.stringify(message).includes("trip-the-engine")) {
          setTimeout(() => this.onmessage({ data: { id: message.id, failure: "unreachable", trouble: "failed" } }));
        } else super.postMessage(message);
      }
    };
  };
  const { page, close } = await open(browser, server.url, { before: failing });
  await page.click("#clear-button");
  await paste(page, "trip-the-engine: 1\n");
  await page.locator(".notice", { hasText: "The engine failed on these files" }).waitFor();
  assert.match(await page.locator(".cm-content").innerText(), /trip-the-engine/);
  await paste(page, COMPOSE);
  await findings(page, (it) => it.some((row) => row.startsWith("PLM101")));
  assert.equal(await page.locator(".notice").count(), 0);
  await close();
});

test("five megabytes are refused in words, and checked when somebody insists", async () => {
  const { page, close } = await empty(browser, server.url);
  await choose(page, file("large.yaml", COMPOSE + "# a line that says nothing\n".repeat(180_000)));
  await page.locator(".notice", { hasText: "These files hold 4.9 MB" }).waitFor();
  await page.click("text=Check anyway");
  await findings(page, (it) => it.some((row) => row.startsWith("PLM101")));
  await close();
});

test("a panel that cannot be shown says so, and the others go on", async () => {
  const broken = () => {
    globalThis.Worker = class extends Worker {
      set onmessage(listener) {
        super.onmessage = (event) => {
          const decision = event.data.answer?.decision ?? event.data.answer?.parts?.decision;
          if (decision) decision.checklists = null;
          listener(event);
        };
      }
    };
  };
  const { page, close } = await open(browser, server.url, { before: broken });
  await page.click("#tab-decision");
  await page.locator("#decision .failure", { hasText: "could not be shown" }).waitFor();
  await page.click("#tab-findings");
  await findings(page, (it) => it.length > 5);
  await close();
});

test("a page whose script does not arrive says so", async () => {
  const context = await browser.newContext({ serviceWorkers: "block" });
  const page = await context.newPage();
  await page.route("**/*.js", (route) => route.abort());
  await page.goto(server.url);
  assert.match(await page.locator("#app").innerText(), /a part of the page did not arrive/);
  await context.close();
});

test("a reload goes on where somebody was, and opens no link of its own again", async () => {
  const { page, calm, close } = await both(browser, server.url);
  await page.waitForFunction(() => location.hash.startsWith("#files="));
  await page.click("#files .file-name >> nth=0");
  await kept(page, "compose.yaml");
  await page.click("#files .file-name >> nth=1");
  await kept(page, "k8s/manifests.yaml");
  await page.reload();
  await findings(page, (it) => it.some((row) => row.startsWith("PLM404")));
  assert.equal(await page.locator("#undo-button").isVisible(), false);
  assert.equal(await page.locator("#files [aria-current]").evaluate((it) => it.firstChild.textContent), "k8s/manifests.yaml");
  calm();
  await close();
});

test("without JavaScript the page says what to do instead", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(server.url);
  assert.match(await page.locator("noscript").innerText(), /needs JavaScript[\s\S]*plimsoll check/);
  await context.close();
});

test("answering keeps the verdict in view and the focus on the page", async () => {
  const { page, calm, close } = await open(browser, server.url);
  await page.click("#tab-decision");
  const select = page.locator('[data-answer="downtime"]');
  await select.scrollIntoViewIfNeeded();
  const scroll = await page.locator("#decision").evaluate((it) => it.scrollTop);
  assert.ok(scroll > 100);
  await select.focus();
  await select.selectOption("none");
  await page.locator(".changes").waitFor();
  const after = await page.locator("#decision").evaluate((it) => it.scrollTop);
  assert.ok(Math.abs(after - scroll) < 260, `from ${scroll} to ${after}`);
  assert.equal(await page.evaluate(() => document.activeElement.dataset.answer), "downtime");
  const top = (selector) => page.locator(selector).evaluate((it) => it.getBoundingClientRect().top);
  assert.ok(Math.abs((await top(".verdict")) - (await top("#decision"))) < 2, "the verdict sticks");
  await page.locator(".given button").first().click();
  await page.waitForFunction(() => !document.querySelector(".given"));
  assert.notEqual(await page.evaluate(() => document.activeElement.tagName), "BODY");
  await page.click("#tab-findings");
  await page.click('#files [aria-label^="Close "] >> nth=1');
  await page.waitForFunction(() => document.activeElement.classList.contains("file-name"));
  calm();
  await close();
});

test("what goes away while it has the focus does not leave it on the body", async () => {
  const { page, calm, close } = await empty(browser, server.url);
  await paste(page, COMPOSE);
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  const kept = async (what) => {
    await analysed(page);
    await page.waitForFunction(() => document.activeElement !== document.body, undefined, { timeout: 5000 }).catch(() => assert.fail(`${what}: the focus is on the body`));
  };
  const press = async (selector) => {
    await page.locator(selector).first().focus();
    await page.keyboard.press("Enter");
  };
  await press('.finding[data-code="PLM802"] .finding-toggle');
  await press("text=Switch PLM802 off");
  await findings(page, (it) => !it.some((row) => row.startsWith("PLM802")));
  await kept("a rule that is switched off");
  await press("#files .file-name");
  await press('.finding[data-code="PLM101"] .finding-toggle');
  await press('.finding[data-code="PLM101"] >> text=Ignore here…');
  await page.fill("#ignore input", "the app retries");
  await page.keyboard.press("Enter");
  await findings(page, (it) => !it.some((row) => row.startsWith("PLM101")));
  await kept("a finding that is ignored");
  while (await page.locator("#undo-button").isVisible()) {
    await press("#undo-button");
    await analysed(page);
  }
  await kept("an undo button without anything to undo");
  await press("#tab-rules");
  await press(".rule-list button");
  await page.waitForSelector(".rule");
  await press("text=← All rules");
  await page.waitForSelector(".rule-list");
  await kept("a rule that is closed");
  await press(".rule-list button");
  await press(".rule button >> text=in the playground");
  await page.waitForSelector("#findings:not([hidden])");
  await kept("an example that opens elsewhere");
  await press("#toast button");
  await page.waitForFunction(() => !document.querySelector("#toast button"));
  await kept("a message that is gone");
  calm();
  await close();
});

test("Home and End move in the tabs, and the number of findings is announced only when it is quiet", async () => {
  const { page, calm, close } = await open(browser, server.url, { clock: true });
  await page.locator("#tab-findings").focus();
  await page.keyboard.press("End");
  assert.equal(await page.evaluate(() => document.activeElement.id), "tab-rules");
  await page.keyboard.press("Home");
  assert.equal(await page.evaluate(() => document.activeElement.id), "tab-findings");
  await page.click("#clear-button");
  await page.waitForFunction(() => document.querySelector("#announcement").textContent === "0 findings");
  const announced = () => page.locator("#announcement").textContent();
  // From here on time passes only where the test says so, and less of it than the page wants to be quiet.
  await page.clock.pauseAt(Date.now() + 60_000);
  await page.locator(".cm-content").focus();
  for (const [text, count] of [["services:\n  a: { image: nginx }\n", 2], ["  b: { image: mongo }\n", 3]]) {
    await page.keyboard.insertText(text);
    await page.clock.runFor(300);
    await findings(page, (it) => it.length === count);
  }
  assert.equal(await announced(), "0 findings", "not while somebody types");
  await page.clock.runFor(1500);
  assert.equal(await announced(), "3 findings");
  assert.equal(await page.locator("#status").getAttribute("role"), null);
  calm();
  await close();
});

test("a link to a rule stays in the address, and closing the rule gives the project back", async () => {
  const { page, calm, close } = await open(browser, server.url, { hash: "#rule=PLM404", clock: true });
  await page.waitForSelector(".rule");
  await page.clock.fastForward(60_000);
  assert.equal(await page.evaluate(() => location.hash), "#rule=PLM404");
  await page.click("text=← All rules");
  await page.waitForFunction(() => location.hash.startsWith("#example="));
  calm();
  await close();
});

test("the page names its version, its documentation and how to install it", async () => {
  const { page, close } = await open(browser, server.url);
  const footer = page.locator("footer");
  assert.match(await footer.innerText(), /Plimsoll \d+\.\d+\.\d+/);
  assert.match(await footer.innerText(), /npx @plimsoll\/cli check \./);
  const { repository } = JSON.parse(readFileSync(new URL("../../wasm/npm/package.json", import.meta.url), "utf8"));
  assert.equal(await footer.locator("text=Source").getAttribute("href"), repository.url.replace(/^git\+|\.git$/g, ""));
  await footer.locator("text=Rules and docs").click();
  await page.locator("a", { hasText: "PLM404" }).first().click();
  assert.match(await page.locator("h1").innerText(), /^PLM404 /);
  assert.match(await page.locator("main").innerText(), /Why it hurts[\s\S]*What helps/);
  await page.click("text=Open PLM404 in the playground");
  await page.waitForSelector(".rule");
  await close();
});
