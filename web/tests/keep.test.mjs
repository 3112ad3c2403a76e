// Work that the browser keeps: for each tab, when another project takes its place, and until somebody forgets it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { analysed, axe, browser, choose, file, findings, inBrowser, kept, keptProjects, link, open, paste, server, toast } from "./harness.mjs";
import { both, COMPOSE, empty } from "./projects.mjs";

inBrowser();

const text = (page) => page.locator(".cm-content").innerText();
const named = (name) => COMPOSE.replace("web:", `${name}:`);
const linkTo = (name) => link([[["compose.yaml", named(name)]], {}]);
const shows = (page, words) => page.locator(".cm-content", { hasText: words }).waitFor();

/** Opens tabs that share what the browser keeps. */
async function tabs(options) {
  const context = await browser.newContext(options);
  const tab = async ({ hash = "", clock = false } = {}) => {
    const page = await context.newPage();
    if (clock) await page.clock.install();
    await page.goto(server.url + hash);
    await analysed(page);
    return page;
  };
  return { context, tab };
}

/** Makes a project of one's own, and waits until it is kept. */
async function work(page, name) {
  await page.click("#clear-button");
  await paste(page, named(name));
  await kept(page, "compose.yaml", `${name}:`);
}

async function type(page, words) {
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+Home");
  await page.keyboard.insertText(`${words}\n`);
}

/** Goes to a link, as somebody does who pastes it over the address. */
const follow = (page, hash) => page.evaluate((hash) => (location.hash = hash), hash);

/** Opens the list of what is kept, and returns its rows. */
async function earlier(page) {
  await page.click("#bring-button");
  await page.locator("#earlier").waitFor();
  return page.locator("#earlier li");
}

/** Words that only one kept project has, in the order in which they are listed. */
async function listedWork(page, names) {
  const all = (await keptProjects(page)).sort((a, b) => b.time - a.time);
  return all.map((it) => names.find((name) => it.files.some((file) => file.text.includes(`${name}:`))));
}

test("two tabs keep a project each, and a duplicate gets a name of its own", async () => {
  const { context, tab } = await tabs();
  // Larger than what fits into the address.
  const large = (name) => named(name) + Array.from({ length: 9000 }, (_, index) => `# ${index} ${Math.imul(index, 2654435761)}\n`).join("");
  const a = await tab();
  await a.click("#clear-button");
  await paste(a, large("first"));
  await kept(a, "compose.yaml", "first:");
  const b = await tab();
  assert.match(await text(b), /first:/, "a new tab goes on with the newest");
  await b.click("#clear-button");
  await paste(b, large("second"));
  await kept(b, "compose.yaml", "second:");
  await a.reload();
  await analysed(a);
  assert.match(await text(a), /first:/);
  // A browser copies the storage of a tab that is duplicated.
  const name = await a.evaluate(() => sessionStorage.getItem("plimsoll-tab"));
  const c = await context.newPage();
  await c.addInitScript((name) => sessionStorage.getItem("plimsoll-tab") ?? sessionStorage.setItem("plimsoll-tab", name), name);
  await c.goto(server.url);
  await analysed(c);
  assert.match(await text(c), /first:/);
  assert.notEqual(await c.evaluate(() => sessionStorage.getItem("plimsoll-tab")), name);
  await type(c, "# the copy");
  await kept(c, "compose.yaml", "# the copy");
  await type(a, "# the original");
  await kept(a, "compose.yaml", "# the original");
  await kept(c, "compose.yaml", "# the copy");
  await context.close();
});

test("a link that was only looked at does not take the place of what is kept", async () => {
  const { context, tab } = await tabs();
  const own = await tab();
  await work(own, "mine");
  await own.close();
  const others = await tab({ hash: linkTo("theirs"), clock: true });
  assert.match(await text(others), /theirs:/);
  await others.clock.fastForward(10_000);
  assert.deepEqual(await listedWork(others, ["mine", "theirs"]), ["mine"]);
  await others.close();
  const later = await tab();
  assert.match(await text(later), /mine:/);
  await context.close();
});

test("a link that takes the place of work says so, and the work can be had again in two ways", async () => {
  const { page, calm, close } = await empty(browser, server.url);
  await work(page, "mine");
  await type(page, "# just typed");
  await follow(page, linkTo("theirs"));
  await shows(page, "theirs:");
  assert.match(await toast(page), /^Opened the link\.\s+Undo$/);
  await page.click("#toast >> text=Undo");
  await shows(page, "# just typed");
  await follow(page, linkTo("others"));
  await shows(page, "others:");
  await page.reload();
  await shows(page, "others:");
  await (await earlier(page)).first().locator("button").first().click();
  await shows(page, "# just typed");
  assert.equal((await keptProjects(page)).length, 1, "the work is kept once");
  calm();
  await close();
});

test("a first visit by a link says nothing, because the link replaced nothing", async () => {
  const { page, calm, close } = await open(browser, server.url, { hash: linkTo("theirs") });
  await shows(page, "theirs:");
  assert.equal(await toast(page), "");
  calm();
  await close();
});

test("Back to an older text of the project does not take the place of what was typed, even after a reload", async () => {
  const { page, calm, close } = await both(browser, server.url);
  await page.waitForFunction(() => location.hash.startsWith("#files="));
  await page.locator('.finding[data-code="PLM404"] .code').click();
  await page.waitForSelector(".rule");
  await page.click("text=← All rules");
  await page.waitForFunction(() => location.hash.startsWith("#files="));
  const older = await page.evaluate(() => location.hash);
  await type(page, "# typed meanwhile");
  await page.waitForFunction((older) => location.hash !== older, older);
  await kept(page, "k8s/manifests.yaml", "# typed meanwhile");
  await page.reload();
  await analysed(page);
  const newer = await page.evaluate(() => location.hash);
  await page.goBack();
  // The older entry is given the present text, once the page has decided to stay with it.
  await page.waitForFunction((newer) => location.hash === newer, newer);
  await shows(page, "# typed meanwhile");
  assert.equal(await toast(page), "");
  calm();
  await close();
});

test("Back to another project keeps what was typed in this one", async () => {
  const { page, calm, close } = await empty(browser, server.url);
  await work(page, "mine");
  await page.waitForFunction(() => location.hash.startsWith("#files="));
  await follow(page, linkTo("theirs"));
  await shows(page, "theirs:");
  await type(page, "# added to theirs");
  await page.goBack();
  await shows(page, "mine:");
  await kept(page, "compose.yaml", "# added to theirs");
  await page.click("#toast >> text=Undo");
  await shows(page, "# added to theirs");
  calm();
  await close();
});

test("work that another project replaced is kept after the page is closed, once", async () => {
  const { context, tab } = await tabs();
  const page = await tab();
  await work(page, "first");
  await choose(page, file("compose.yaml", named("second")));
  await page.click("#question >> text=Open alone");
  await kept(page, "compose.yaml", "second:");
  await page.click("#undo-button");
  await shows(page, "first:");
  await page.click("#examples-button");
  await page.locator("#gallery-list button").first().click();
  await page.waitForFunction(() => document.querySelectorAll("#files .file-name").length > 3);
  await page.close();
  const later = await tab();
  assert.deepEqual(await listedWork(later, ["first", "second"]), ["first", "second"]);
  await work(later, "third");
  let current = "third";
  for (const name of ["first", "second", "first"]) {
    const rows = await earlier(later);
    assert.equal(await rows.count(), 2);
    const others = (await listedWork(later, ["first", "second", "third"])).filter((it) => it !== current);
    await rows.nth(others.indexOf(name)).locator("button").first().click();
    await shows(later, `${name}:`);
    current = name;
  }
  await context.close();
});

test("all kept projects are listed, each can be forgotten, and none that a tab shows", async () => {
  // The policy of the page keeps the checker out.
  const { context, tab } = await tabs({ bypassCSP: true });
  const shown = await tab();
  await work(shown, "shown");
  const page = await tab();
  const names = ["p1", "p2", "p3", "p4", "p5", "p6", "p7"];
  for (const name of names) await work(page, name);
  const rows = await earlier(page);
  assert.equal(await rows.count(), 7, "six that were replaced, and the one in the other tab");
  assert.equal(await rows.locator("text=open in a tab").count(), 1);
  assert.deepEqual(await axe(page), []);
  await rows.nth(1).locator("text=Forget").click();
  await page.waitForFunction(() => document.querySelectorAll("#earlier li").length === 6);
  assert.deepEqual(await listedWork(page, ["shown", ...names]), ["p7", "p6", "p4", "p3", "p2", "p1", "shown"]);
  await page.click("text=Forget them");
  await page.waitForFunction(() => document.querySelectorAll("#earlier li").length === 1);
  assert.deepEqual(await listedWork(page, ["shown", ...names]), ["p7", "shown"]);
  assert.equal(await page.locator("text=Forget them").count(), 0, "nothing is left to forget");
  await shown.reload();
  await analysed(shown);
  assert.match(await text(shown), /shown:/);
  await context.close();
});

test("a project that the browser has no room for is said to be unkept", async () => {
  const { page, calm, close } = await empty(browser, server.url);
  const session = await page.context().newCDPSession(page);
  await session.send("Storage.overrideQuotaForOrigin", { origin: new URL(server.url).origin, quotaSize: 1 });
  await paste(page, COMPOSE);
  await page.locator("#toast", { hasText: "The browser has no room to keep these files" }).waitFor();
  calm();
  await close();
});

test("the page says where files are kept, and that they are never sent", async () => {
  const { page, calm, close } = await open(browser, server.url);
  const sentence = /kept in this browser's own database and never sent/;
  assert.match(await page.locator("footer .private").innerText(), sentence);
  await page.click("#bring-button");
  assert.match(await page.locator("#bring").innerText(), sentence);
  calm();
  await close();
});

test("a copied link says what it carries and who can read it", async () => {
  const { page, calm, close } = await both(browser, server.url, { permissions: ["clipboard-read", "clipboard-write"] });
  await page.click("#share-button");
  await page.locator("#toast", { hasText: "Link copied. It carries the files, and everybody who has it can read them." }).waitFor();
  await page.click("#tab-decision");
  await page.locator('[data-answer="downtime"]').selectOption("minutes");
  await page.click("#share-button");
  await page.locator("#toast", { hasText: "It carries the files and your answers, and everybody who has it can read them." }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), page.url());
  calm();
  await close();
});

test("a project that undo brings back while another tab shows it is kept apart", async () => {
  const { context, tab } = await tabs();
  const a = await tab();
  await work(a, "first");
  await follow(a, linkTo("other"));
  await shows(a, "other:");
  const b = await tab();
  await shows(b, "first:");
  await type(b, "# typed in b");
  await kept(b, "compose.yaml", "# typed in b");
  await a.locator("#toast button", { hasText: "Undo" }).click();
  await shows(a, "first:");
  await type(a, "# typed in a");
  await kept(a, "compose.yaml", "# typed in a");
  await kept(b, "compose.yaml", "# typed in b");
  await context.close();
});
