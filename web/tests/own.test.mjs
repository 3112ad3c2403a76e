// Files of one's own: what is read of a folder, what undo and redo bring back, and how lines end.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { strFromU8, unzipSync } from "fflate";
import { addFile, analysed, browser, choose, dropFromDisk, file, findings, inBrowser, kept, listed, open, paths, server, toast } from "./harness.mjs";
import { both, COMPOSE, empty } from "./projects.mjs";

inBrowser();

const text = (page) => page.locator(".cm-content").innerText();

/** A folder with files, which the test drops. */
function folderOf(t, files) {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-own-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, "shop", name)), { recursive: true });
    writeFileSync(join(folder, "shop", name), content);
  }
  return join(folder, "shop");
}

/** An archive of one file in the form of `tar`, packed. */
function tgz(path, content) {
  const header = Buffer.alloc(512);
  header.write(path, 0);
  header.write("0000644\0", 100);
  header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("        0", 148);
  header.write("ustar\u000000", 257);
  header.write(`${header.reduce((a, b) => a + b, 0).toString(8).padStart(6, "0")}\0 `, 148);
  const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
  body.write(content);
  return gzipSync(Buffer.concat([header, body, Buffer.alloc(1024)]));
}

test("what a kustomization, a chart and a Compose file name is read with them", async (t) => {
  const folder = folderOf(t, {
    "base/kustomization.yaml": "resources: [web.yaml]\nconfigMapGenerator: [{ name: a, files: [settings.ini] }]\n",
    "base/web.yaml": "apiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { ports: [{ port: 80 }], selector: { app: web } }\n",
    "base/settings.ini": "a=1\n",
    "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies: [{ name: cache, version: 1.2.3, repository: \"https://charts.example\" }]\n",
    "chart/templates/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\ndata:\n  motd: {{ .Files.Get \"files/motd\" | quote }}\n",
    "chart/files/motd": "hello from the file\n",
    "chart/charts/cache-1.2.3.tgz": tgz("cache/Chart.yaml", "apiVersion: v2\nname: cache\nversion: 1.2.3\n"),
    "compose.yaml": "services:\n  api: { build: { context: ., dockerfile: api.Dockerfile } }\n",
    "api.Dockerfile": "FROM nginx:1.27\n",
    "Containerfile": "FROM nginx:1.27\n",
    "start.sh": "exec nginx\n",
    "logo.png": Buffer.from([0x89, 0x50, 0]),
    "core": Buffer.from([1, 0, 2]),
    "dump.sql": "-- a line\n".repeat(60_000),
  });
  const { page, calm, close } = await open(browser, server.url);
  await dropFromDisk(page, [folder]);
  await page.waitForFunction(() => document.querySelectorAll("#files .file-name").length === 11);
  assert.match(await toast(page), /11 read, .*2 skipped \(not text\), 1 skipped \(not YAML, and larger than 256 KB\)/);
  await analysed(page);
  const rows = await listed(page);
  assert.ok(!rows.some((it) => /^PLM(916|005)/.test(it)), rows.join("\n"));
  await page.click("#tab-compare");
  await page.click("text=What each target gets");
  await page.locator("#compare label", { hasText: "Target" }).locator("select").selectOption({ index: 1 });
  await page.locator(".rendered", { hasText: "hello from the file" }).waitFor();
  await page.locator("#files .file-name", { hasText: "cache-1.2.3.tgz" }).click();
  assert.match(await text(page), /A packed chart/);
  calm();
  await close();
});

test("a packed chart is kept over a reload, and goes into a link and into an archive", async (t) => {
  const packed = tgz("cache/Chart.yaml", "apiVersion: v2\nname: cache\nversion: 1.2.3\n");
  const folder = folderOf(t, { "Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies: [{ name: cache, version: 1.2.3, repository: \"https://charts.example\" }]\n", "charts/cache-1.2.3.tgz": packed });
  const { page, calm, close } = await open(browser, server.url, { acceptDownloads: true });
  await dropFromDisk(page, [folder]);
  await page.waitForFunction(() => document.querySelectorAll("#files .file-name").length === 2);
  const isWhole = (rows) => !rows.some((it) => it.startsWith("PLM005"));
  await findings(page, isWhole);
  await page.waitForFunction(() => location.hash.startsWith("#files="));
  await kept(page, "Chart.yaml");
  await page.reload();
  await findings(page, isWhole);
  const second = await open(browser, server.url, { hash: new URL(page.url()).hash });
  await findings(second.page, isWhole);
  assert.equal((await paths(second.page)).length, 2);
  await second.close();
  await page.click(".menu summary");
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Files as they are now")]);
  assert.deepEqual(Buffer.from(unzipSync(new Uint8Array(readFileSync(await download.path())))["charts/cache-1.2.3.tgz"]), packed);
  calm();
  await close();
});

test("one file that cannot be read takes nothing from the others", async (t) => {
  const { page, calm, close } = await open(browser, server.url);
  await choose(page, [file("compose.yaml", COMPOSE), { name: "bad.zip", mimeType: "application/zip", buffer: Buffer.from("not a zip") }]);
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  assert.match(await toast(page), /1 read, 1 skipped \(a damaged archive\)/);
  await choose(page, { name: "bad.zip", mimeType: "application/zip", buffer: Buffer.from("not a zip") });
  await page.locator("#toast", { hasText: "0 read, 1 skipped (a damaged archive)" }).waitFor();
  const folder = folderOf(t, { "k8s/a.yaml": "kind: Pod\n" });
  symlinkSync("/nowhere/b.yaml", join(folder, "k8s/b.yaml"));
  await dropFromDisk(page, [folder]);
  await page.waitForFunction(() => document.querySelector("#files").textContent.includes("a.yaml"));
  calm();
  await close();
});

test("a folder that cannot be read is named with the cause, and takes nothing from the others", async (t) => {
  const locked = () => {
    const { webkitGetAsEntry } = DataTransferItem.prototype;
    DataTransferItem.prototype.webkitGetAsEntry = function () {
      const entry = webkitGetAsEntry.call(this);
      const prototype = Object.getPrototypeOf(entry);
      const { createReader } = prototype;
      prototype.createReader = function () {
        const isLocked = this.name === "locked";
        return isLocked ? { readEntries: (_, fail) => fail(new DOMException("Permission denied.", "NotReadableError")) } : createReader.call(this);
      };
      return entry;
    };
  };
  const folder = folderOf(t, { "compose.yaml": COMPOSE, "locked/a.yaml": "a: 1\n" });
  const { page, calm, close } = await open(browser, server.url, { before: locked });
  await dropFromDisk(page, [folder]);
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  assert.match(await toast(page), /Could not be read: shop\/locked \(Permission denied\)\./);
  calm();
  await close();
});

test("an archive is refused by its size before it is read", async () => {
  const { page, calm, close } = await open(browser, server.url);
  await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([new Uint8Array(101 * 1024 * 1024)], "huge.zip"));
    globalThis.readings = 0;
    Blob.prototype.arrayBuffer = () => Promise.reject(new Error(`reading ${globalThis.readings += 1}`));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  });
  await page.locator("#toast", { hasText: "1 skipped (an archive larger than 100 MB)" }).waitFor();
  assert.equal(await page.evaluate(() => globalThis.readings), 0);
  calm();
  await close();
});

test("undo destroys nothing: what was typed since comes back with redo", async () => {
  const { page, calm, close } = await open(browser, server.url);
  await choose(page, file("compose.yaml", COMPOSE));
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+Home");
  await page.keyboard.insertText("# hours of work\n");
  await findings(page, (it) => it.includes("PLM101 compose.yaml:7"));
  assert.equal(await page.locator("#redo-button").isVisible(), false);
  await page.click("#undo-button");
  await page.waitForFunction(() => document.querySelectorAll("#files .file-name").length > 1);
  await page.click("#toast >> text=Redo");
  await findings(page, (it) => it.includes("PLM101 compose.yaml:7"));
  assert.match(await text(page), /^# hours of work/);
  await page.click("#undo-button");
  await page.waitForFunction(() => document.querySelectorAll("#files .file-name").length > 1);
  await page.click("#redo-button");
  await findings(page, (it) => it.includes("PLM101 compose.yaml:7"));
  calm();
  await close();
});

test("lines end as they were brought: nothing jumps, and nothing else is rewritten", async () => {
  const { page, calm, close } = await open(browser, server.url, { acceptDownloads: true });
  const brought = COMPOSE.replaceAll("\n", "\r\n");
  const mixed = "a: 1\r\nb: 2\nc: 3\n";
  await choose(page, [file("compose.yaml", brought), file("mixed.yaml", mixed)]);
  await findings(page, (it) => it.includes("PLM101 compose.yaml:6"));
  await page.locator(".finding .finding-meta .place", { hasText: "compose.yaml:6" }).first().click();
  const line = () => page.locator(".cm-activeLine").innerText();
  assert.match(await line(), /depends_on/);
  await page.click("#tab-decision");
  await page.locator(".asks button").first().click();
  await page.locator(".given").waitFor();
  assert.match(await line(), /depends_on/);
  await page.locator(".cm-content").focus();
  await page.keyboard.press("Control+End");
  await page.keyboard.insertText("# mine\n");
  await page.click("#tab-findings");
  await analysed(page);
  await page.click(".menu summary");
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Files as they are now")]);
  const files = unzipSync(new Uint8Array(readFileSync(await download.path())));
  assert.equal(strFromU8(files["compose.yaml"]), `${brought}# mine\r\n`);
  assert.equal(strFromU8(files["mixed.yaml"]), mixed);
  calm();
  await close();
});

test("a file that is added to the example and pasted into takes its place", async () => {
  const { page, calm, close } = await open(browser, server.url);
  await addFile(page, COMPOSE);
  await findings(page, (it) => it.length > 0 && it.every((row) => row.includes(" compose.yaml:")));
  assert.deepEqual(await paths(page), ["compose.yaml"]);
  await page.click("#toast >> text=Undo");
  await page.waitForFunction(() => document.querySelectorAll("#files .file-name").length > 3);
  calm();
  await close();
});

test("one key in the example, and own files still come alone", async () => {
  const { page, calm, close } = await open(browser, server.url);
  await page.locator(".cm-content").click();
  await page.keyboard.type(" ");
  await analysed(page);
  await choose(page, file("compose.yaml", COMPOSE));
  await page.click("#question >> text=Open alone");
  await findings(page, (it) => it.length > 0 && it.every((row) => row.includes(" compose.yaml:")));
  assert.deepEqual(await paths(page), ["compose.yaml"]);
  await page.click("#toast >> text=Undo");
  await page.waitForFunction(() => document.querySelectorAll("#files .file-name").length > 3);
  await choose(page, file("other.yaml", COMPOSE));
  await page.click("#question >> text=Open alone");
  await page.waitForFunction(() => document.querySelectorAll("#files .file-name").length === 1);
  calm();
  await close();
});

test("a tab keeps its name where another file has the new one, and says so", async () => {
  const { page, calm, close } = await both(browser, server.url);
  await page.locator("#files .file-name").nth(1).press("F2");
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText("compose.yaml");
  await page.keyboard.press("Enter");
  await page.locator("#toast", { hasText: "There is a compose.yaml already" }).waitFor();
  assert.deepEqual(await paths(page), ["compose.yaml", "k8s/manifests.yaml"]);
  assert.equal(await page.evaluate(() => document.activeElement.className), "file-name");
  await addFile(page, COMPOSE);
  await page.locator("#toast", { hasText: "Named compose-2.yaml, because there is a compose.yaml already." }).waitFor();
  calm();
  await close();
});
