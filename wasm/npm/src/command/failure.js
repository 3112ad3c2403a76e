// Why the command could not do what it was asked to do, in the system's own words.
import { getSystemErrorMap } from "node:util";

/** A failure of the command: a sentence that names the path. The exit code is 2. */
export class Failure extends Error {}

/** A mistake in the arguments, which is followed by where to find help. */
export class UsageError extends Failure {}

/** Where libuv's words for an error are not those of the system. */
const WORDS = { EISDIR: "Is a directory", ELOOP: "Too many levels of symbolic links", EMFILE: "Too many open files" };

/** Returns the words of the system for an error of `node:fs`. */
export function reason(error) {
  if (error.errno === undefined) return error.message;
  const [, words = error.message] = getSystemErrorMap().get(error.errno) ?? [];
  const said = WORDS[error.code] ?? words[0].toUpperCase() + words.slice(1);
  return `${said} (os error ${-error.errno})`;
}

export const failureAt = (path, error) => new Failure(`${path}: ${reason(error)}`);
