#!/usr/bin/env node
// The command `plimsoll`: the native program compiled to WebAssembly, with the files, the arguments and the terminal of
// this machine. Nothing of the command is written here a second time.
import { readFileSync, writeSync } from "node:fs";
import { parse } from "node:path";
import { isatty } from "node:tty";

const { emitWarning } = process;
// Node warns that its WASI may still change, which says nothing to the person at the terminal.
process.emitWarning = (warning, ...rest) => {
  if (!String(warning).includes("WASI")) emitWarning.call(process, warning, ...rest);
};
const { WASI } = await import("node:wasi");

// The program sees one tree of files. On Windows that is the drive of the current folder.
const here = process.cwd();
const root = parse(here).root;
const env = { ...process.env, PWD: `/${here.slice(root.length).replaceAll("\\", "/")}` };
// A pipe must not be opened by Node as well, which would no longer wait for a reader that is slow.
if (isatty(1)) env.COLUMNS = String(process.stdout.columns);

const wasi = new WASI({ version: "preview1", args: ["plimsoll", ...process.argv.slice(2)], env, preopens: { "/": root } });
const program = await WebAssembly.compile(readFileSync(new URL("plimsoll.wasm", import.meta.url)));
const instance = await WebAssembly.instantiate(program, wasi.getImportObject());
try {
  process.exitCode = wasi.start(instance);
} catch (error) {
  // The program has said what it has to say; a native one that panics exits with 101 as well.
  writeSync(2, `plimsoll: this is a fault in Plimsoll: ${error.message}\n`);
  process.exitCode = 101;
}
