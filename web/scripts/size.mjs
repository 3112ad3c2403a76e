// Prints what a visitor downloads before the engine, compressed with brotli, and fails above the budget.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
/** Maximum number of bytes of the page without its engine. */
const BUDGET = 220 * 1024;

const sizeOf = (path) => brotliCompressSync(readFileSync(join(DIST, path))).length;
const html = readFileSync(join(DIST, "index.html"), "utf8");
// What the page names itself, and what those modules import at once, arrives before the first finding.
const first = new Set(["index.html", ...[...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map((it) => it[1])]);
for (const path of first) {
  if (!path.endsWith(".js")) continue;
  const source = readFileSync(join(DIST, path), "utf8");
  for (const [, name] of source.matchAll(/(?:from|^import|;import)\s*"\.\/([^"]+\.js)"/g)) first.add(`assets/${name}`);
}
const all = readdirSync(DIST, { recursive: true }).filter((it) => /\.(js|css|html)$/.test(it) && !/^(rules|docs)\b/.test(it));
const sum = (paths) => paths.reduce((total, it) => total + sizeOf(it), 0);
const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
const total = sum(all);
console.log(`page without engine, brotli: ${kilobytes(sum([...first]))} at first, ${kilobytes(total)} with everything that is loaded later (budget ${kilobytes(BUDGET)})`);
for (const path of all) console.log(`  ${kilobytes(sizeOf(path)).padStart(9)}  ${path}${first.has(path) ? "" : "  (later)"}`);
if (total > BUDGET) {
  console.error("the page is above its budget");
  process.exitCode = 1;
}
