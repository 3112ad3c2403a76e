#!/usr/bin/env node
// The command `plimsoll` on the WebAssembly engine: arguments in, a report out, and an exit code that scripts can
// rely on. Rules, settings and formats are the engine's; only arguments, files and the terminal are handled here.
import { readFileSync } from "node:fs";
import { explain, rules, version } from "./node.js";
import * as engine from "./glue_targets.js";
import { read } from "./command/args.js";
import { Failure, UsageError } from "./command/failure.js";
import { gather, settings } from "./command/input.js";
import { openTerminal, print, say } from "./command/terminal.js";

function check(input, values, terminal) {
  const list = (name) => (values[name] ?? []).flatMap((it) => it.split(","));
  const [select, ignore] = [list("select"), list("ignore")];
  for (const selector of [...select, ...ignore]) {
    const wrong = engine.unknownRule(selector);
    if (wrong) throw new Failure(wrong);
  }
  const own = settings(engine, input);
  own.choose(select, ignore, values["min-severity"]);
  const run = analysed(input, own, terminal);
  print(run.check(values.format ?? "text", terminal.color, terminal.width, !terminal.quiet));
  return run.fails(values["fail-on"]) ? 1 : 0;
}

function decide(input, values, terminal) {
  const answers = (values.answer ?? []).map((it) => {
    const at = it.indexOf("=");
    if (at < 0) throw new UsageError(`invalid value '${it}' for '--answer': an answer must be written as KEY=VALUE, such as downtime=minutes`);
    return [it.slice(0, at), it.slice(at + 1)];
  });
  const own = settings(engine, input);
  answers.forEach(([key, value]) => own.answer(key, value));
  const run = analysed(input, own, terminal);
  if (values.system !== undefined) run.keepSystem(values.system);
  print(run.decide(values.format ?? "text", terminal.color, terminal.width, values.details ?? false));
  return 0;
}

function compare(input, values, terminal) {
  const own = settings(engine, input);
  own.leaveFixesUntried();
  const run = analysed(input, own, terminal);
  print(run.compare(values.format ?? "text", terminal.color, terminal.width));
  return 0;
}

function analysed(input, own, terminal) {
  const { paths, contents, excluded } = gather(engine, input, own, terminal);
  return new engine.Run(own, paths, contents, excluded);
}

function explained([name], values) {
  if (name === undefined) {
    if (values.format !== "json") throw new UsageError("name a rule, such as PLM101, or list all rules with `--format json`");
    print(`${JSON.stringify(rules(), null, 2)}\n`);
    return 0;
  }
  const page = explain(name);
  if (!page) throw new Failure(engine.unknownRule(name) ?? `\`${name}\` is a family of rules`);
  print(values.format === "json" ? `${JSON.stringify(page, null, 2)}\n` : page.markdown);
  return 0;
}

/** Runs the command and returns its exit code. */
function main(argv) {
  const { name, values, paths, help, version: isVersion } = read(argv);
  if (isVersion || help) {
    print(help ?? `plimsoll ${version}\n`);
    return 0;
  }
  engine.initSync({ module: readFileSync(new URL("plimsoll_targets_bg.wasm", import.meta.url)) });
  const terminal = openTerminal(engine, values);
  const input = { paths, config: values.config, stdinFilename: values["stdin-filename"] ?? "stdin.yaml" };
  if (name === "explain") return explained(paths, values);
  return { check, decide, compare }[name](input, values, terminal);
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  process.exitCode = 2;
  if (error instanceof UsageError) {
    process.stderr.write(`error: ${error.message}\n\nFor more information, try '--help'.\n`);
  } else if (error instanceof Failure || typeof error === "string") {
    // The engine throws a string for what it refuses.
    say(engine, error.message ?? error);
  } else {
    say(engine, `this is a fault in Plimsoll: ${error.stack}`);
  }
}
