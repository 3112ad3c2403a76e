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

test("the types say of each field whether it may be missing, as the schema does", () => {
  const types = readFileSync(new URL("../dist/plimsoll.d.ts", import.meta.url), "utf8");
  const interfaces = new Map([...types.matchAll(/^export interface (\w+)(?: extends \w+)? \{\n([\s\S]*?)^\}/gm)].map(([, name, body]) => {
    const fields = [...body.matchAll(/^ {4}(\w+)(\??):/gm)].map(([, field, mark]) => [field, mark === "?"]);
    return [name, new Map(fields)];
  }));
  let compared = 0;
  for (const [name, { properties = {}, required = [] }] of Object.entries({ Report: schema, ...schema.$defs })) {
    for (const field of Object.keys(properties)) {
      // What only the command prints has no type here.
      const isOptional = interfaces.get(name)?.get(field);
      if (isOptional === undefined || (name === "Report" && ["decision", "map"].includes(field))) continue;
      assert.equal(isOptional, !required.includes(field), `${name}.${field}`);
      compared += 1;
    }
  }
  assert.ok(compared > 100, String(compared));
});

test("the schema can say no", () => {
  const report = analyze(examples()[0].files);
  assert.equal(validate({ ...report, findings: undefined }), false);
  assert.equal(validate({ ...report, files: [{ path: "compose.yaml", kind: "spreadsheet" }] }), false);
});
