// A trap ends an instance, never the package.
import assert from "node:assert/strict";
import { test } from "node:test";
import { analyze, rules, Workspace } from "plimsoll";
import { initSync } from "../dist/glue_targets.js";

const FILE = { path: "compose.yaml", text: "services:\n  app: [\n" };

/** Overwrites the memory of the running instance: its next call runs into a real trap. */
function wreck() {
  // With an instance running this returns its exports and starts nothing.
  new Uint8Array(initSync({}).memory.buffer).fill(0xff);
}

test("a crash is told once, and the next call works", () => {
  const before = analyze([FILE]);
  wreck();
  assert.throws(() => analyze([FILE]), (error) => {
    assert.match(error.message, /^Plimsoll failed on this input, which is a fault in Plimsoll: /);
    assert.ok(error.cause instanceof WebAssembly.RuntimeError || error.cause instanceof RangeError, String(error.cause));
    return true;
  });
  assert.deepEqual(analyze([FILE]), before);
});

test("a workspace outlives a crash with its files", () => {
  const workspace = new Workspace();
  workspace.set("./compose.yaml", FILE.text);
  workspace.set("gone.yaml", "");
  workspace.remove("./gone.yaml");
  const before = workspace.report();
  for (const action of [() => workspace.report(), () => workspace.set("new.yaml", ""), () => rules()]) {
    wreck();
    assert.throws(action, /a fault in Plimsoll/);
    assert.deepEqual(workspace.report(), before);
  }
});
