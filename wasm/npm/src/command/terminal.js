// What the person at the other end wants to see: colour, width, and how much of it.
import { writeSync } from "node:fs";

export function openTerminal(engine, { color = "auto", quiet = false }) {
  const { isTTY, columns } = process.stdout;
  return {
    color: color === "always" || (color === "auto" && wantsColor()),
    width: (isTTY && columns) || 100,
    quiet,
    warn: (text) => quiet || say(engine, `warning: ${text}`),
  };
}

/** Asks `NO_COLOR`, `FORCE_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR` and the terminal. */
function wantsColor() {
  const { NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR, TERM, CI } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR && FORCE_COLOR !== "0") return true;
  if ((CLICOLOR_FORCE ?? "0") !== "0") return true;
  if (CLICOLOR === "0" || !process.stdout.isTTY) return false;
  return (TERM !== undefined && TERM !== "dumb") || CLICOLOR !== undefined || CI !== undefined;
}

/** Prints all of a text, however slowly the reader takes it. One that closes the pipe has seen enough. */
export function print(text) {
  const bytes = Buffer.from(text);
  let done = 0;
  while (done < bytes.length) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      if (error.code === "EPIPE") return;
      if (error.code !== "EAGAIN") throw error;
      // The pipe is full.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** Writes a line to standard error. */
export function say(engine, text) {
  process.stderr.write(`plimsoll: ${engine.escapeText(text)}\n`);
}
