// WebAssembly and the native engine say the same, byte for byte.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { before, test } from "node:test";
import { analyze, Workspace } from "plimsoll";
import { examples, root } from "./examples.mjs";

const projects = examples();
let program;

before(() => {
  const args = ["build", "--quiet", "--package", "plimsoll-wasm", "--example", "report", "--message-format", "json"];
  const messages = execFileSync("cargo", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 64 << 20 });
  const built = messages.trim().split("\n").map((it) => JSON.parse(it));
  program = built.find((it) => it.executable && it.target.name === "report").executable;
});

test("there are examples with findings to compare", () => {
  const found = projects.filter(({ files }) => analyze(files).findings.length > 0);
  assert.ok(found.length >= 2, `only ${found.length} of ${projects.length} examples have findings`);
});

for (const { name, home, files } of projects) {
  test(`examples/${name}`, () => {
    const native = execFileSync(program, files.map((it) => it.path), { cwd: home, encoding: "utf8", maxBuffer: 64 << 20 });
    const here = `${JSON.stringify(analyze(files), null, 2)}\n`;
    assert.equal(here, native);

    const workspace = new Workspace();
    workspace.set("gone.yaml", "services: {gone: {image: gone}}\n");
    for (const { path, text } of files.toReversed()) {
      workspace.set(path, "");
      workspace.set(path, text);
    }
    workspace.remove("gone.yaml");
    assert.deepEqual(workspace.report(), JSON.parse(native), "a workspace that was edited says the same");
  });
}
