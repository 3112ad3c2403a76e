// node settings.mjs: writes the settings of `plimsoll.yaml` and those of the editor into package.json.
// The keys and their descriptions come from the JSON Schema that the npm package ships.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const manifestPath = new URL("package.json", import.meta.url);
const schemaPath = new URL("../../wasm/npm/schema/config.schema.json", import.meta.url);

/** Keys of `plimsoll.yaml` that say nothing to an editor: the schema and other files, and the exit code of a command. */
const LEFT_OUT = ["$schema", "extends", "fail-on"];

function switches(group, kinds) {
  const setting = (text) => ({ type: "boolean", default: true, scope: "window", markdownDescription: text });
  return Object.fromEntries(Object.entries(kinds).map(([kind, text]) => [`plimsoll.${group}.${kind}`, setting(text)]));
}

/** Settings that only an editor has. */
const OWN = {
  "plimsoll.server.path": {
    type: "string",
    default: "",
    scope: "machine-overridable",
    markdownDescription:
      "Path of the program `plimsoll`, which is also the language server. Left empty, the one that comes with this extension is used, or else the one on `PATH`. Ignored in workspaces that are not trusted.",
  },
  "plimsoll.minSeverity": {
    type: "string",
    enum: ["error", "warning", "info", "hint"],
    default: "hint",
    scope: "resource",
    markdownDescription: "Lowest severity of the findings that are shown.",
  },
  ...switches("inlayHints", {
    interpolated: "Whether the values of variables such as `${TAG}` are shown in the text.",
    rendered: "Whether what the expressions of a chart render to, and what overlays put in the place of values, is shown in the text.",
    budgets: "Whether it is shown beside a probe how long a container may fail before it is killed or left out.",
    replicas: "Whether the range of an autoscaler is shown beside the replicas that it changes.",
  }),
  ...switches("codeLens", {
    verdict: "Whether the decision is shown above the first line of a Compose file or manifest.",
    counterparts: "Whether a Compose service and what runs the same thing in the cluster point at one another.",
    targets: "Whether charts and overlays offer to render the targets that they are built into.",
  }),
  "plimsoll.trace.server": {
    type: "string",
    enum: ["off", "messages", "verbose"],
    default: "off",
    scope: "window",
    description: "What is written to the output about the messages between the editor and the language server.",
  },
};

const schema = JSON.parse(readFileSync(schemaPath, "utf8"));

/** Returns a schema with references resolved and without `null`, which no setting needs. */
function plain(node) {
  const { $ref, anyOf, oneOf, format, ...rest } = node;
  const described = rest.description === undefined ? {} : { description: joined(rest.description) };
  if ($ref) return { ...plain(schema.$defs[$ref.replace("#/$defs/", "")]), ...described };
  const choices = (anyOf ?? oneOf)?.filter((it) => it.type !== "null");
  if (choices?.length === 1) return { ...plain(choices[0]), ...described };
  const out = { ...rest, ...described };
  if (choices) out.anyOf = choices.map(plain);
  if (Array.isArray(out.type)) {
    const types = out.type.filter((it) => it !== "null");
    out.type = types.length === 1 ? types[0] : types;
  }
  for (const key of ["items", "additionalProperties"]) {
    if (typeof out[key] === "object") out[key] = plain(out[key]);
  }
  if (out.properties) out.properties = mapped(out.properties, plain);
  return out;
}

function mapped(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

function joined(text) {
  return text.replace(/\s*\n\s*/g, " ");
}

/** Returns a setting: its description may hold Markdown, and it can differ by folder. */
function setting(node) {
  const { description, ...rest } = plain(node);
  return { ...rest, scope: "resource", markdownDescription: description ?? "" };
}

export function configuration() {
  const properties = {};
  for (const [key, node] of Object.entries(schema.properties)) {
    if (LEFT_OUT.includes(key)) continue;
    const made = setting(node);
    if (key !== "server") {
      properties[`plimsoll.${key}`] = made;
      continue;
    }
    // One setting for each part, beside `plimsoll.server.path`.
    for (const [part, value] of Object.entries(made.properties)) {
      const its = part === "cpus" ? "number of CPUs" : "memory, such as `64GiB`";
      const { description: _, ...rest } = value;
      const markdownDescription = `${made.markdownDescription} This is its ${its}.`;
      properties[`plimsoll.server.${part}`] = { ...rest, scope: "resource", markdownDescription };
    }
  }
  return { title: "Plimsoll", properties: { ...properties, ...OWN } };
}

/** Returns the manifest as it must be. */
export function manifest() {
  const found = JSON.parse(readFileSync(manifestPath, "utf8"));
  found.contributes.configuration = configuration();
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(manifestPath, `${JSON.stringify(manifest(), null, 2)}\n`);
}
