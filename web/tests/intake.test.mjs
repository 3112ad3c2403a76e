// What needs no browser: what is read out of an archive, and how a rule is switched off in a plimsoll.yaml.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { strToU8, zipSync } from "fflate";

async function load(path) {
  const { outputFiles: [file] } = await build({ entryPoints: [fileURLToPath(new URL(`../src/${path}`, import.meta.url))], bundle: true, format: "esm", platform: "browser", write: false });
  return import(`data:text/javascript;base64,${Buffer.from(file.text).toString("base64")}`);
}

const { read } = await load("intake.ts");
const { withRuleOff } = await load("levels.ts");

const archive = (entries) => {
  const bytes = zipSync(entries, { level: 1 });
  return [{ path: "shop.zip", size: bytes.length, bytes: async () => bytes }];
};

test("files of an archive that are not wanted take no room from those that are", async () => {
  const images = Object.fromEntries(Array.from({ length: 2500 }, (_, index) => [`shop/a/${index}.png`, new Uint8Array([1])]));
  const vendored = Object.fromEntries(Array.from({ length: 2500 }, (_, index) => [`shop/node_modules/${index}.yaml`, strToU8("a: 1\n")]));
  const { files, summary } = await read(archive({ ...images, ...vendored, "shop/z/compose.yaml": strToU8("services: {}\n"), "shop/z/k8s.yaml": strToU8("kind: Pod\n") }));
  assert.deepEqual(files, [{ path: "z/compose.yaml", text: "services: {}\n" }, { path: "z/k8s.yaml", text: "kind: Pod\n" }]);
  assert.equal(summary, "2 read, 5,000 skipped (not YAML).");
});

test("files of an archive that were left out are counted and never empty", async () => {
  const many = Object.fromEntries(Array.from({ length: 2003 }, (_, index) => [`k8s/${index}.yaml`, strToU8("kind: Pod\n")]));
  const { files, summary } = await read(archive({ "large.yaml": new Uint8Array(6 * 1024 * 1024).fill(35), ...many }));
  assert.equal(files.length, 2000);
  assert.ok(files.every((it) => it.text === "kind: Pod\n"));
  assert.equal(summary, "2,000 read, 1 skipped (larger than 5 MB), 3 skipped (beyond what this page can read).");
});

test("a rule is switched off in the form that the file has", () => {
  assert.equal(withRuleOff("", "PLM101"), "rules:\n  PLM101: off\n");
  assert.equal(withRuleOff("role: production", "PLM101"), "role: production\nrules:\n  PLM101: off\n");
  assert.equal(withRuleOff("rules:", "PLM101"), "rules:\n  PLM101: off\n");
  assert.equal(withRuleOff("rules:\n    PLM201: off\n", "PLM101"), "rules:\n    PLM101: off\n    PLM201: off\n");
  assert.equal(withRuleOff("rules: # ours\n\n  # why\n    PLM201: off\nrole: x", "PLM101"), "rules: # ours\n    PLM101: off\n\n  # why\n    PLM201: off\nrole: x\n");
  assert.equal(withRuleOff("rules:\r\n    PLM201: off\r\n", "PLM101"), "rules:\r\n    PLM101: off\r\n    PLM201: off\r\n");
  assert.equal(withRuleOff("rules:\nroles:\n  PLM101: app\n", "PLM101"), "rules:\n  PLM101: off\nroles:\n  PLM101: app\n");
});

test("a rule that has a level already, and rules in another form, are left to people", () => {
  for (const text of ["rules:\n  PLM101: error\n", "rules:\n  \"PLM101\": error", "rules: {PLM201: off}\n", "rules:\n  - PLM201\n", "rules:\n- PLM201\n"]) {
    assert.equal(withRuleOff(text, "PLM101"), undefined, text);
  }
});
