// Real reports are what the shipped schema says.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import Ajv2020 from "ajv/dist/2020.js";
import { analyze } from "plimsoll";
import { examples } from "./examples.mjs";

const schema = JSON.parse(readFileSync(new URL("../schema/report.schema.json", import.meta.url), "utf8"));
// `uint32` and its like are formats of the generator, which say no more than `type` and `minimum`.
const validate = new Ajv2020({ strict: true, validateFormats: false }).compile(schema);

for (const { name, files } of examples()) {
  test(`examples/${name}`, () => {
    assert.ok(validate(analyze(files)), JSON.stringify(validate.errors, null, 2));
  });
}

test("the schema can say no", () => {
  const report = analyze(examples()[0].files);
  assert.equal(validate({ ...report, findings: undefined }), false);
  assert.equal(validate({ ...report, files: [{ path: "compose.yaml", kind: "spreadsheet" }] }), false);
});
