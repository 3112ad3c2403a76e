// node build.mjs WHOLE LIGHT: fills dist/ from two folders that `cargo xtask wasm` left, each with wasm-bindgen's
// `plimsoll.js` and `plimsoll.d.ts`, and the optimized `plimsoll_bg.wasm`. The light engine builds no targets.
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { build, transform } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const [whole, light] = process.argv.slice(2);
const dist = join(here, "dist");
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);

for (const [glue, suffix] of [[whole, "_targets"], [light, ""]]) {
  copyFileSync(join(glue, "plimsoll_bg.wasm"), join(dist, `plimsoll${suffix}_bg.wasm`));
  const { code } = await transform(readFileSync(join(glue, "plimsoll.js"), "utf8"), { minify: true });
  writeFileSync(join(dist, `glue${suffix}.js`), code);
}
cpSync(join(here, "src"), dist, { recursive: true });
const base64 = deflateRawSync(readFileSync(join(whole, "plimsoll_bg.wasm")), { level: 9 }).toString("base64");
writeFileSync(join(dist, "wasm_base64.js"), `export default "${base64}";\n`);

// What unpacks that engine comes along, so that the package depends on nothing.
const fflate = fileURLToPath(new URL(".", import.meta.resolve("fflate/package.json")));
await build({
  stdin: { contents: 'export { inflateSync as inflate } from "fflate";', resolveDir: here },
  outfile: join(dist, "inflate.js"),
  bundle: true,
  minify: true,
  format: "esm",
  banner: { js: `/*! fflate\n${readFileSync(join(fflate, "LICENSE"), "utf8")}*/` },
  logLevel: "warning",
});

// The package carries the licences; the repository has them once.
for (const name of ["LICENSE-APACHE", "LICENSE-MIT"]) copyFileSync(join(here, "../..", name), join(here, name));

// CommonJS cannot import the modules above, so it gets them in one file.
for (const [entry, outfile] of [["node.js", "plimsoll.cjs"], ["plimsoll.js", "web.cjs"]]) {
  await build({
    entryPoints: [join(dist, entry)],
    minifyWhitespace: true,
    minifySyntax: true,
    outfile: join(dist, outfile),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    define: { "import.meta.url": "moduleUrl" },
    banner: { js: 'const moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
    logLevel: "warning",
  });
}

// The report's types come from Rust; what else wasm-bindgen declares is not for users.
const declared = readFileSync(join(whole, "plimsoll.d.ts"), "utf8");
const DOC = String.raw`(?:\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?`;
const types = declared.match(new RegExp(`^${DOC}export (?:interface \\w+(?: extends \\w+)? \\{[\\s\\S]*?^\\}|type [^;]*;)`, "gm")) ?? [];
const ours = types.filter((it) => !/^export (interface InitOutput|type (Sync)?InitInput)\b/m.test(it));
if (!ours.some((it) => it.includes("export interface Report "))) {
  throw new Error(`${join(whole, "plimsoll.d.ts")} declares no Report: has the engine lost its types?`);
}
const { rules } = await import("./dist/node.js");
const union = (name, values) => `export type ${name} =\n${values.map((it) => `  | ${JSON.stringify(it)}`).join("\n")};`;
const known = rules();
ours.push(
  `/** Code of a rule of this version. */\n${union("RuleCode", known.map((it) => it.code))}`,
  `/** Name of a rule of this version. */\n${union("RuleName", known.map((it) => it.name))}`,
);
const text = `${readFileSync(join(here, "types/api.d.ts"), "utf8")}\n${ours.join("\n\n")}\n`;
for (const name of ["plimsoll.d.ts", "plimsoll.d.cts"]) writeFileSync(join(dist, name), text);
copyFileSync(join(here, "types/wasm.d.ts"), join(dist, "wasm.d.ts"));
