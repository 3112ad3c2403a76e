// The patterns of `.gitignore` files, read as the crate `ignore` reads them, with which the native command walks.

/** Returns the patterns of a file; each knows whether it ignores a path relative to the file's folder. */
export function patterns(text) {
  return text.replace(/^\uFEFF/, "").split(/\r?\n/).map(pattern).filter(Boolean);
}

/**
 * Whether a path below the folder of `patterns` is ignored (`true`), kept on purpose (`false`), or not mentioned
 * (`undefined`). The last pattern that matches decides.
 */
export function verdict(patterns, path, isFolder) {
  const last = patterns.findLast((it) => (isFolder || !it.foldersOnly) && it.expression.test(path));
  return last && !last.keeps;
}

function pattern(line) {
  if (line.startsWith("#")) return undefined;
  let glob = line.endsWith("\\ ") ? line : line.trimEnd();
  if (!glob) return undefined;
  const keeps = glob.startsWith("!");
  if (keeps || /^\\[!#]/.test(glob)) glob = glob.slice(1);
  const isRooted = glob.startsWith("/");
  if (isRooted) glob = glob.slice(1);
  const foldersOnly = glob.endsWith("/");
  if (foldersOnly) glob = glob.slice(0, -1);
  if (!isRooted && !glob.includes("/") && !glob.startsWith("**/")) glob = `**/${glob}`;
  // What is below a folder does not include the folder.
  if (glob.endsWith("/**")) glob += "/*";
  const source = expression(glob);
  return source === undefined ? undefined : { expression: new RegExp(`^${source}$`, "su"), keeps, foldersOnly };
}

/** Returns the regular expression of a glob; `undefined` if the glob makes no sense. */
function expression(glob) {
  let source = "";
  let depth = 0;
  for (let at = 0; at < glob.length; at += 1) {
    const letter = glob[at];
    const [recursive] = /^\*\*(\/|$)/.exec(glob.slice(at)) ?? [];
    if (recursive && at === 0) {
      source += recursive === "**" ? ".*" : "(?:.*/)?";
      at += recursive.length - 1;
    } else if (letter === "/" && glob.startsWith("/**/", at)) {
      source += "/(?:.*/)?";
      at += 3;
    } else if (letter === "*") {
      source += "[^/]*";
    } else if (letter === "?") {
      source += "[^/]";
    } else if (letter === "[") {
      const [all, negated, letters] = /^\[([!^]?)(\]?(?:\\.|[^\]\\])*)\]/s.exec(glob.slice(at)) ?? [];
      if (all === undefined) return undefined;
      source += `[${negated ? "^" : ""}${letters.replace(/\\(.)/gs, "$1").replace(/[\\\][^&~|]/g, "\\$&")}]`;
      at += all.length - 1;
    } else if (letter === "{") {
      depth += 1;
      source += "(?:";
    } else if (letter === "}" && depth > 0) {
      depth -= 1;
      source += ")";
    } else if (letter === "," && depth > 0) {
      source += "|";
    } else {
      if (letter === "\\") at += 1;
      const [literal] = glob.slice(at);
      if (literal === undefined) return undefined;
      at += literal.length - 1;
      source += literal.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    }
  }
  return depth === 0 ? source : undefined;
}
