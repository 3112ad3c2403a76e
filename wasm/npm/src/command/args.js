// The command line as people type it.
import { parseArgs } from "node:util";
import { UsageError } from "./failure.js";

const PAGE_FORMATS = ["text", "json", "markdown"];
const COLORS = ["auto", "always", "never"];
const SEVERITIES = ["error", "warning", "info", "hint"];

const EVERYWHERE = {
  color: { type: "string", values: COLORS, help: ["WHEN", "When to colour the output [default: auto]"] },
  quiet: { type: "boolean", short: "q", help: ["", "Print results only: no summary, no warnings"] },
  help: { type: "boolean", short: "h", help: ["", "Print help"] },
};
const INPUT = {
  "stdin-filename": { type: "string", help: ["NAME", "File name to use for standard input [default: stdin.yaml]"] },
  config: { type: "string", help: ["FILE", "Configuration file; its settings win over those of the project"] },
};
const RULES = {
  select: { type: "string", multiple: true, help: ["RULES", "Run only these rules: codes, families or names, separated by commas"] },
  ignore: { type: "string", multiple: true, help: ["RULES", "Run all rules except these"] },
  "min-severity": { type: "string", values: SEVERITIES, help: ["SEVERITY", "Leave out findings below this severity"] },
  "fail-on": {
    type: "string",
    values: ["error", "warning", "info", "never"],
    help: ["SEVERITY", "Exit with code 1 if a finding is this severe [default: error]"],
  },
};
const format = (values) => ({ format: { type: "string", values, help: ["FORMAT", `How to print: ${values.join(", ")} [default: text]`] } });

export const COMMANDS = {
  check: {
    about: "Report pitfalls",
    paths: "[PATH]...",
    options: { ...INPUT, ...RULES, ...format(["text", "json", "sarif", "github", "junit", "markdown"]) },
  },
  decide: {
    about: "Say which platform the files call for: Compose or Kubernetes, with or without Helm and Argo CD",
    paths: "[PATH]...",
    options: {
      ...INPUT,
      ...format(PAGE_FORMATS),
      details: { type: "boolean", help: ["", "Print the evidence, both checklists and what becomes of each key as well"] },
      system: { type: "string", help: ["NAME", "Only this system, by its name in the table of systems"] },
      answer: { type: "string", multiple: true, help: ["KEY=VALUE", "Answer a question yourself, as in downtime=minutes"] },
    },
  },
  compare: {
    about: "Compare Compose services with what runs the same thing in the cluster: same, drifted, lost",
    paths: "[PATH]...",
    options: { ...INPUT, ...format(PAGE_FORMATS) },
  },
  explain: { about: "Explain a rule", paths: "CODE|NAME", options: format(PAGE_FORMATS) },
};

/** What the native command also does. */
const NATIVE_COMMANDS = ["fix", "render", "lsp", "completions", "man"];
const NATIVE_OPTIONS = ["baseline", "write-baseline", "prune"];

/** Reads the arguments; `{ help }` is a text to print instead of doing anything. */
export function read(argv) {
  const at = argv.findIndex((it, index) => !it.startsWith("-") && argv[index - 1] !== "--color");
  const [name] = at < 0 ? [] : argv.splice(at, 1);
  if (name === undefined) {
    if (argv.some((it) => it === "--version" || it === "-V")) return { version: true };
    if (argv.length === 0) throw new UsageError(overview());
    return { help: overview() };
  }
  const command = COMMANDS[name];
  if (NATIVE_COMMANDS.includes(name)) throw new UsageError(`\`${name}\` needs the native command; this edition has ${Object.keys(COMMANDS).join(", ")}`);
  if (!command) throw new UsageError(`unrecognized subcommand '${name}'`);
  const { values, positionals } = parsed(argv, { ...command.options, ...EVERYWHERE });
  if (values.help) return { help: help(name, command) };
  return { name, values, paths: positionals };
}

function parsed(args, options) {
  for (const option of NATIVE_OPTIONS) {
    if (args.some((it) => it === `--${option}` || it.startsWith(`--${option}=`))) {
      throw new UsageError(`\`--${option}\` needs the native command`);
    }
  }
  let read;
  try {
    read = parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error.message);
  }
  for (const [name, { values, multiple }] of Object.entries(options)) {
    const value = read.values[name];
    if (values && value !== undefined && !multiple && !values.includes(value)) {
      throw new UsageError(`invalid value '${value}' for '--${name}': possible values are ${values.join(", ")}`);
    }
  }
  return read;
}

function lines(options) {
  const names = Object.entries(options).map(([name, { short, help: [value, about] }]) => [
    `${short ? `-${short}, ` : "    "}--${name}${value ? ` <${value}>` : ""}`,
    about,
  ]);
  const width = Math.max(...names.map(([left]) => left.length));
  return names.map(([left, about]) => `  ${left.padEnd(width)}  ${about}\n`).join("");
}

const EXIT_CODES = `
Exit codes:
  0  no finding reached the severity of --fail-on
  1  at least one finding did
  2  the command could not do what it was asked to do
`;

function help(name, { about, paths, options }) {
  return `${about}\n\nUsage: plimsoll ${name} [OPTIONS] ${paths}\n\nOptions:\n${lines({ ...options, ...EVERYWHERE })}${name === "check" ? EXIT_CODES : ""}`;
}

function overview() {
  const commands = Object.entries(COMMANDS).map(([name, { about }]) => `  ${name.padEnd(8)} ${about}\n`).join("");
  return `Reads Docker Compose and Kubernetes files together and finds what will bite in production.\n\nUsage: plimsoll [OPTIONS] <COMMAND>\n\nCommands:\n${commands}\nOptions:\n${lines({ ...EVERYWHERE, version: { short: "V", help: ["", "Print version"] } })}${EXIT_CODES}`;
}
