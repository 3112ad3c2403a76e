// What needs no browser: what is read out of an archive, the steps of a project, and what is written into a plimsoll.yaml.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { analyze } from "plimsoll";
import { strToU8, unzipSync, zipSync } from "fflate";

async function load(path) {
  const { outputFiles: [file] } = await build({ entryPoints: [fileURLToPath(new URL(`../src/${path}`, import.meta.url))], bundle: true, format: "esm", platform: "browser", write: false });
  return import(`data:text/javascript;base64,${Buffer.from(file.text).toString("base64")}`);
}

const intake = await load("intake.ts");
const { read } = intake;
const { Project } = await load("project.ts");
const { decisionMarkdown, zipped } = await load("exports.ts");
const { levelsIn, serverIn, serverText, settingIn, withLevel, withSetting } = await load("settings.ts");

const archive = (entries) => {
  const bytes = zipSync(entries, { level: 1 });
  return [{ path: "shop.zip", open: async () => ({ size: bytes.length, bytes: async () => bytes }) }];
};

test("files of an archive that are not wanted take no room from those that are", async () => {
  const images = Object.fromEntries(Array.from({ length: 2500 }, (_, index) => [`shop/a/${index}.png`, new Uint8Array([1])]));
  const vendored = Object.fromEntries(Array.from({ length: 2500 }, (_, index) => [`shop/node_modules/${index}.yaml`, strToU8("a: 1\n")]));
  const { files, summary } = await read(archive({ ...images, ...vendored, "shop/z/compose.yaml": strToU8("services: {}\n"), "shop/z/k8s.yaml": strToU8("kind: Pod\n") }));
  assert.deepEqual(files, [{ path: "z/compose.yaml", text: "services: {}\n" }, { path: "z/k8s.yaml", text: "kind: Pod\n" }]);
  assert.equal(summary, "2 read, 2,500 skipped (not text), 2,500 skipped (in node_modules, vendor or .git).");
});

test("files of an archive that were left out are counted and never empty", async () => {
  const many = Object.fromEntries(Array.from({ length: 2003 }, (_, index) => [`k8s/${index}.yaml`, strToU8("kind: Pod\n")]));
  const { files, summary } = await read(archive({ "large.yaml": new Uint8Array(6 * 1024 * 1024).fill(35), ...many }));
  assert.equal(files.length, 2000);
  assert.ok(files.every((it) => it.text === "kind: Pod\n"));
  assert.equal(summary, "2,000 read, 3 skipped (beyond what this page can read), 1 skipped (larger than 5 MB).");
});

test("what a project names is read before what merely lies beside it", async () => {
  const sources = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`src/${index}.ts`, strToU8("x".repeat(10_000))]));
  const { files, summary } = await read(archive({ "compose.yaml": strToU8("services: { web: { configs: [z] } }\nconfigs: { z: { file: ./z.conf } }\n"), ...sources, "z.conf": strToU8("a\n"), "src/.git/x.yaml": strToU8("") }));
  assert.ok(files.some((it) => it.path === "z.conf"));
  assert.ok(files.length > 100 && files.length < 300, String(files.length));
  assert.match(summary, /^\d+ read, 1 skipped \(in node_modules, vendor or \.git\), \d+ skipped \(beyond what this page can read\)\.$/);
});

test("what may hold credentials is not read, and only known to be there where the project names it", async () => {
  const { files, summary } = await read(archive({
    "shop/kustomization.yaml": strToU8("secretGenerator: [{ name: a, files: [tls.key] }]\n"), "shop/tls.key": strToU8("secret"), "shop/id_rsa": strToU8("secret"),
    "shop/.docker/config.json": strToU8("secret"), "shop/.kube/config.yaml": strToU8("secret"), "shop/terraform.tfstate": strToU8("secret"),
    "shop/.docker/compose.yaml": strToU8("services: {}\n"), "shop/.kube/web.yaml": strToU8("a: b\n"),
  }));
  assert.deepEqual(files.map((it) => it.path).sort(), [".docker/compose.yaml", ".kube/web.yaml", "kustomization.yaml", "tls.key"]);
  assert.ok(!JSON.stringify(files).includes("secret\""));
  assert.deepEqual(Object.keys(unzipSync(await zipped(files))).sort(), [".docker/compose.yaml", ".kube/web.yaml", "kustomization.yaml"], "an empty file would take the place of the real one");
  assert.equal(summary, "3 read, 5 skipped (may hold credentials).");
});

test("a folder without a file that is wanted opens nothing, and one that was not looked through says so", async () => {
  const { dropped } = intake;
  const file = (name) => ({ isDirectory: false, name, file: (done) => done(new File(["x: 1\n"], name)) });
  const folder = (name, entries) => ({ isDirectory: true, name, createReader: () => {
    const left = [entries, []];
    return { readEntries: (done) => done(left.shift()) };
  } });
  const drop = async (...entries) => {
    const { found, unseen } = await dropped({ items: entries.map((it) => ({ webkitGetAsEntry: () => it })), files: [] });
    return read(found, unseen);
  };
  assert.deepEqual(await drop(folder("shop", [file("photo.jpg")])), { files: [], summary: "0 read, 1 skipped (not YAML)." });
  const vendored = await drop(folder("shop", [folder("node_modules", [file("a.yaml")]), file("compose.yaml")]));
  assert.deepEqual(vendored, { files: [{ path: "compose.yaml", text: "x: 1\n" }], summary: "1 read, 1 skipped (in node_modules, vendor or .git)." });
  assert.deepEqual((await drop(file("notes.txt"))).files, [{ path: "notes.txt", text: "x: 1\n" }]);
  const many = await drop(folder("shop", Array.from({ length: 50_001 }, (_, index) => file(`${index}.jpg`))));
  assert.equal(many.summary, "0 read, 50,000 skipped (not YAML). The search ended after 50,000 files; shop/0.jpg, for one, was not looked at.");
});

test("undoing a step leaves alone what was done to other files since", () => {
  const project = new Project();
  project.replace([{ path: "a.yaml", text: "1" }, { path: "b.yaml", text: "2" }]);
  const text = (path) => project.find(path)?.text;
  project.close(project.find("a.yaml"));
  project.edit(project.find("b.yaml"), "2, and more");
  project.add([{ path: "a.yaml", text: "another" }]);
  project.undo();
  assert.deepEqual(project.contents(), [{ path: "a.yaml", text: "1" }, { path: "b.yaml", text: "2, and more" }, { path: "a-2.yaml", text: "another" }]);
  project.rewrite([{ path: "b.yaml", text: "fixed" }], "fixed");
  project.edit(project.find("a.yaml"), "1, and more");
  project.undo();
  assert.deepEqual([text("a.yaml"), text("b.yaml")], ["1, and more", "2, and more"]);
  project.add([{ path: "b.yaml", text: "brought" }, { path: "c.yaml", text: "3" }], "replace");
  project.undo();
  assert.deepEqual([text("b.yaml"), text("c.yaml")], ["2, and more", undefined]);
  project.replace([{ path: "x.yaml", text: "" }], { label: "replaced" });
  project.close(project.find("x.yaml"));
  project.undo();
  assert.deepEqual(project.contents(), [{ path: "x.yaml", text: "" }]);
  project.undo();
  assert.deepEqual([text("a.yaml"), text("x.yaml")], ["1, and more", undefined]);
});

test("names of unknown people are no markup in the record of a decision", () => {
  const { decision } = analyze([]);
  const record = (verdict) => decisionMarkdown({ ...decision, verdict }, {}, "2025-01-01");
  const verdict = (text) => record(text).split("## Verdict\n\n")[1].split("\n\n## Context")[0];
  assert.equal(verdict("`web_1` runs *twice*"), "`web_1` runs \\*twice\\*");
  assert.equal(verdict("&lt;img&gt;"), "\\&lt;img\\&gt;", "an entity is shown as it was written");
  assert.equal(verdict("a\n\n## Approved\n- b"), "a \\#\\# Approved - b", "a line of its own would be a heading");
});

test("engine, editor, project and what brings files in know nothing of the framework", () => {
  const source = fileURLToPath(new URL("../src/", import.meta.url));
  const free = readdirSync(source, { recursive: true }).filter((it) => /^(engine|editor|map)\/|^(project|intake|keep|share|address|positions|answers|changes|settings|exports|gallery|words)\.ts$/.test(it) && /\.tsx?$/.test(it));
  assert.ok(free.length > 15, String(free));
  for (const path of free) assert.doesNotMatch(readFileSync(join(source, path), "utf8"), /preact|\/ui\/|\.tsx"/, path);
});

test("sizes, spaces and colours are written in the tokens alone", () => {
  const styles = fileURLToPath(new URL("../src/style/", import.meta.url));
  const sheets = readdirSync(styles).filter((it) => it !== "tokens.css").map((it) => [it, readFileSync(join(styles, it), "utf8")]);
  const theme = readFileSync(join(styles, "../editor/theme.ts"), "utf8");
  for (const [name, text] of [...sheets, ["theme.ts", theme]]) {
    assert.deepEqual(text.match(/#[0-9a-f]{3,8}\b(?=[;,) ])|\b(rgb|hsl|oklch)a?\(/g), null, name);
    assert.deepEqual(text.match(/font-size: *[\d.]+px|fontSize: "[\d.]+px|font: *(\d00 )?[\d.]+px/g), null, name);
  }
  for (const [name, text] of sheets) {
    const spaces = [...text.matchAll(/(?:padding|margin|gap)[a-z-]*:([^;}]*)/g)].map((it) => it[1]);
    assert.deepEqual(spaces.filter((it) => /(?<![\w.-])([2-9]|[1-9]\d+)(\.\d+)?px/.test(it)), [], name);
  }
});

test("a rule gets a level in the form that the file has, after every entry that may be about it", () => {
  const off = (text) => withLevel(text, "PLM101", "off");
  assert.equal(off(""), "rules:\n  PLM101: off\n");
  assert.equal(off("role: production"), "role: production\nrules:\n  PLM101: off\n");
  assert.equal(off("rules:"), "rules:\n  PLM101: off\n");
  assert.equal(off("rules:\n    PLM1: error\n"), "rules:\n    PLM1: error\n    PLM101: off\n");
  assert.equal(off("rules: # ours\n\n  # why\n    PLM201: off\n# what the files are\nrole: x"), "rules: # ours\n\n  # why\n    PLM201: off\n    PLM101: off\n# what the files are\nrole: x\n");
  assert.equal(off("rules:\r\n    PLM201: off\r\n"), "rules:\r\n    PLM201: off\r\n    PLM101: off\r\n");
  assert.equal(off("rules:\nroles:\n  PLM101: app\n"), "rules:\n  PLM101: off\nroles:\n  PLM101: app\n");
  assert.equal(off("rules:\n  PLM101: error # loud\n  PLM201: off\n"), "rules:\n  PLM101: off # loud\n  PLM201: off\n");
  assert.equal(off("rules:\n  PLM101: hint\n  PLM1: error\n"), "rules:\n  PLM1: error\n  PLM101: off\n");
  assert.equal(withLevel("rules:\n  PLM101: off\n  PLM201: off\n", "PLM101", ""), "rules:\n  PLM201: off\n");
  assert.equal(withLevel("role: x\nrules:\n  PLM101: off\nserver: {}\n", "PLM101", ""), "role: x\nserver: {}\n");
  assert.deepEqual([...levelsIn("rules:\n  PLM101: off # a\n  \"PLM6\": 'error'\n  short-name: hint\nrole: x\n")], [["PLM101", "off"], ["PLM6", "error"], ["short-name", "hint"]]);
});

test("rules in another form are left to people", () => {
  for (const text of ["rules: {PLM201: off}\n", "rules:\n  - PLM201\n", "rules:\n- PLM201\n"]) {
    assert.equal(withLevel(text, "PLM101", "off"), undefined, text);
  }
});

test("a setting is written, changed and taken out on its line", () => {
  assert.equal(withSetting("", "role", "production"), "role: production\n");
  assert.equal(withSetting("a: 1\nrole: unknown # why\r\nb: 2\n", "role", "production"), "a: 1\nrole: production\nb: 2\n");
  assert.equal(withSetting("a: 1\nrole: unknown\n", "role", ""), "a: 1\n");
  assert.equal(withSetting("a: 1\n", "role", ""), "a: 1\n");
  assert.equal(withSetting("server:\n  cpus: 4\n", "server", "{ cpus: 8 }"), undefined);
  const server = { cpus: "4", memory: "8GiB" };
  const text = withSetting("kubernetes: 1.33\n", "server", serverText(server));
  assert.equal(text, "kubernetes: 1.33\nserver: { cpus: 4, memory: 8GiB }\n");
  assert.deepEqual(serverIn(text), server);
  assert.equal(settingIn(text, "kubernetes"), "1.33");
  assert.equal(serverText({ cpus: "", memory: "" }), "");
});
