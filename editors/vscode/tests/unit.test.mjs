// What needs no editor: the settings against the schema, the order in which the server is looked for, and pages.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { manifest } from "../settings.mjs";

const own = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

async function load(path) {
  const { outputFiles: [file] } = await build({ entryPoints: [own(path)], bundle: true, format: "esm", platform: "browser", external: ["node:path"], write: false });
  return import(`data:text/javascript;base64,${Buffer.from(file.text).toString("base64")}`);
}

test("the settings are those of a plimsoll.yaml", () => {
  const written = JSON.parse(readFileSync(own("package.json"), "utf8"));
  assert.deepEqual(written, manifest(), "`npm run settings --workspace plimsoll-vscode` writes them anew");
  for (const [key, value] of Object.entries(written.contributes.configuration.properties)) {
    assert.ok(value.markdownDescription || value.description, `${key} has a description`);
    assert.ok(!JSON.stringify(value).includes("$ref"), `${key} refers to nothing`);
  }
});

test("each command of the manifest is registered", () => {
  const written = JSON.parse(readFileSync(own("package.json"), "utf8"));
  const source = readFileSync(own("src/commands.ts"), "utf8");
  for (const { command } of written.contributes.commands) assert.ok(source.includes(`"${command}":`), command);
});

test("the server is the one of the setting, of the extension, or on PATH, in this order", async () => {
  const { findServer } = await load("src/server.ts");
  const sought = { setting: "", extension: "/ext", path: ".:bin:/usr/bin:/opt/bin", windows: false };
  const among = (...programs) => (path) => programs.includes(path);
  assert.deepEqual(findServer({ ...sought, setting: "/mine" }, among("/mine", "/ext/server/plimsoll")), { program: "/mine", from: "setting" });
  assert.deepEqual(findServer(sought, among("/ext/server/plimsoll", "/opt/bin/plimsoll")), { program: "/ext/server/plimsoll", from: "extension" });
  assert.deepEqual(findServer(sought, among("/opt/bin/plimsoll")), { program: "/opt/bin/plimsoll", from: "path" });
  assert.match(findServer({ ...sought, setting: "/gone" }, among("/ext/server/plimsoll")).missing, /`\/gone`/);
  assert.match(findServer(sought, among("plimsoll", "bin/plimsoll", "./plimsoll")).missing, /none on `PATH`/);
  assert.equal(findServer({ ...sought, windows: true }, among("/ext/server/plimsoll.exe")).from, "extension");
});

test("pages escape what comes from files, and link to places", async () => {
  const { html, placeLink, prose } = await load("src/views/html.ts");
  assert.equal(html`<p title="${'"'}">${"<b>"}${[1, html`<i></i>`, false]}</p>`.text, '<p title="&#34;">&#60;b&#62;1<i></i></p>');
  assert.equal(prose("a `<x>` b").text, "a <code>&#60;x&#62;</code> b");
  const range = { start: { line: 3, column: 5, offset: 0 }, end: { line: 3, column: 6, offset: 1 } };
  const { text } = placeLink("file:///w", "a b/c.yaml", range);
  const args = JSON.parse(decodeURIComponent(text.match(/openPlace\?([^"]*)"/)[1]));
  assert.deepEqual(args, ["file:///w/a%20b/c.yaml", 3, 5]);
});

test("places of the engine become those of the editor, and back", async () => {
  const { completionItem, offsetAt, range, touches } = await load("src/worker/convert.ts");
  const text = "a: 1\n🎵: db\r\nb";
  const at = (line, column) => ({ line, column, offset: 0 });
  const place = { start: at(2, 5), end: at(2, 7) };
  const { start, end } = range(place);
  assert.deepEqual([start, end], [{ line: 1, character: 4 }, { line: 1, character: 6 }]);
  assert.ok(touches({ start, end }, { start: end, end }));
  assert.ok(!touches({ start, end }, { start: { line: 1, character: 7 }, end: { line: 1, character: 8 } }));
  assert.equal(text.slice(offsetAt(text, start), offsetAt(text, end)), "db");
  assert.equal(offsetAt(text, { line: 0, character: 99 }), 4);
  assert.equal(offsetAt(text, { line: 2, character: 99 }), text.length);
  assert.equal(offsetAt(text, { line: 9, character: 0 }), text.length);
  const item = completionItem({ label: "db", kind: "named-template", insert: "db", filter: "db", replace: place }, 3);
  assert.deepEqual(item, { label: "db", kind: 3, filterText: "db", sortText: "00003", textEdit: { range: { start, end }, newText: "db" }, insertTextMode: 1 });
});
