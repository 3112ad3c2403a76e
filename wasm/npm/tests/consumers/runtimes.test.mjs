// The installed package in Node, Deno and Bun, and its types in TypeScript.
import assert from "node:assert/strict";
import { chmodSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { analyze } from "../../dist/node.js";
import { ANALYZE, FILES, project, run, tools, write } from "./fixture.mjs";

const expected = JSON.stringify(analyze(FILES));
const { folder, packed } = await project({
  "esm.mjs": `import init, { analyze } from "plimsoll";\n${ANALYZE}\nconsole.log(result);`,
  "no-init.mjs": `import { analyze } from "plimsoll"; console.log(JSON.stringify(analyze(${JSON.stringify(FILES)})));`,
  "cjs.cjs": `const { analyze, default: init } = require("plimsoll");\n(async () => {${ANALYZE}\nconsole.log(result);})();`,
  "inline.mjs": `import init, { analyze } from "plimsoll/inline";\n${ANALYZE}\nconsole.log(result);`,
  "worker.mjs": `
    import { isMainThread, parentPort, Worker } from "node:worker_threads";
    import init, { analyze } from "plimsoll";
    if (isMainThread) {
      new Worker(new URL(import.meta.url)).on("message", (it) => console.log(it));
    } else {
      ${ANALYZE}
      parentPort.postMessage(result);
    }`,
  "web.mjs": `
    import { readFileSync } from "node:fs";
    import { createRequire } from "node:module";
    import init, { analyze } from "plimsoll/web";
    try { analyze([]); } catch (error) { console.error(error.message); }
    await init(readFileSync(createRequire(import.meta.url).resolve("plimsoll/wasm")));
    console.log(JSON.stringify(analyze(${JSON.stringify(FILES)})));`,
  "targets.mjs": `
    import { readFileSync } from "node:fs";
    import { createRequire } from "node:module";
    import init, { loadTargets, needsTargets, Workspace } from "plimsoll/web";
    const engine = (name) => readFileSync(createRequire(import.meta.url).resolve("plimsoll/" + name));
    await init(engine("wasm"));
    const workspace = new Workspace();
    workspace.set("chart/Chart.yaml", "apiVersion: v2\\nname: shop\\nversion: 1.0.0\\n");
    workspace.set("chart/templates/web.yaml", "apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: {{ .Release.Name }}}\\n");
    const built = () => workspace.report().targets.map((it) => [it.name, it.built]);
    const states = [needsTargets(["compose.yaml"]), needsTargets(["chart/Chart.yaml"]), built()];
    const codes = workspace.report().findings.map((it) => it.code);
    await Promise.all([loadTargets(engine("wasm/targets")), loadTargets()]);
    console.log(JSON.stringify([...states, codes, built()]));`,
});

test("a small engine first, and the one that builds targets when it is needed", async () => {
  const states = JSON.parse(await output(process.execPath, "targets.mjs"));
  assert.deepEqual(states, [false, true, [["chart", false]], ["PLM005"], [["chart", true]]]);
});

/** The program of an npm package that carries it in a package per platform. */
function platformProgram(scope, inside) {
  const home = join(tools, scope);
  const found = existsSync(home) && readdirSync(home).map((it) => join(home, it, inside)).find(existsSync);
  assert.ok(found, `${scope} has no package for this platform; run \`npm ci\` in the root of the repository`);
  chmodSync(found, 0o755);
  return found;
}

const output = async (program, ...args) => (await run(program, args, { cwd: folder })).trim();

test("the package holds what it should and nothing else", () => {
  assert.deepEqual(packed, [
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "dist/api.js",
    "dist/glue.js",
    "dist/glue_targets.js",
    "dist/inline.js",
    "dist/node.js",
    "dist/plimsoll.cjs",
    "dist/plimsoll.d.cts",
    "dist/plimsoll.d.ts",
    "dist/plimsoll.js",
    "dist/plimsoll_bg.wasm",
    "dist/plimsoll_targets_bg.wasm",
    "dist/wasm_base64.js",
    "package.json",
    "schema/config.schema.json",
    "schema/report.schema.json",
  ]);
});

for (const file of ["esm.mjs", "no-init.mjs", "cjs.cjs", "inline.mjs", "worker.mjs", "web.mjs"]) {
  test(`Node: ${file}`, async () => assert.equal(await output(process.execPath, file), expected));
}

test("Bun: import and require", async () => {
  const bun = platformProgram("@oven", "bin/bun");
  assert.equal(await output(bun, "esm.mjs"), expected);
  assert.equal(await output(bun, "cjs.cjs"), expected);
});

test("Deno: import, without any permission", async () => {
  const deno = platformProgram("@deno", "deno");
  const args = ["run", "--no-prompt", "--cached-only", "--node-modules-dir=manual", "esm.mjs"];
  assert.equal(await output(deno, ...args), expected);
});

test("TypeScript: the types say what the report holds", async () => {
  const use = `
    const files: SourceFile[] = [{ path: "compose.yaml", text: "" }];
    const options: Options = {
      role: "production", roles: { "a.yaml": "development" }, rules: { PLM101: "off", PLM2: "error" },
      ignore: ["PLM3"], answers: { downtime: "minutes" }, server: { cpus: 8, memory: "32GiB" },
      select: ["PLM1"], minSeverity: "info",
    };
    const report: Report = analyze(files, options);
    const severity: "error" | "warning" | "info" | "hint" = report.findings[0]!.severity;
    const confidence: "certain" | "likely" | "possible" = report.findings[0]!.confidence;
    const safety: "safe" | "unsafe" = report.findings[0]!.fixes[0]!.safety;
    const line: number = report.findings[0]!.range.start.line;
    const answer: "yes" | "no" | "unknown" = report.decision.questions[0]!.answer;
    const platform: "compose" | "larger-server" | "swarm" | "either" | "kubernetes" = report.decision.outcome.platform;
    const helm: "no" | "not yet" | "worth it" | "in use" = report.decision.outcome.helm;
    const role: "development" | "production" | "unknown" | undefined = report.files[0]!.role;
    const fate: "carried" | "changed" | "lost" = report.decision.crossing[0]!.fate;
    // @ts-expect-error A severity is one of four words.
    const wrong: "fatal" = report.findings[0]!.severity;
    // @ts-expect-error A file has a text.
    analyze([{ path: "compose.yaml" }]);
    // @ts-expect-error An unknown option.
    analyze(files, { sevrer: {} });
    const workspace = new Workspace();
    workspace.set("a.yaml", ""); workspace.remove("a.yaml"); workspace.report(options).summary.error.toFixed();
    const codes: string[] = rules().map((rule: Rule) => rule.code);
    const page: string | undefined = explain("PLM101")?.markdown;
    const started: Promise<void> = init();
    init(new URL("https://example.com/plimsoll_bg.wasm"));
    init(fetch("plimsoll_bg.wasm"));
    init(new WebAssembly.Module(new Uint8Array()));
    // @ts-expect-error A number is no engine.
    init(5);
    version.length;
    void [severity, confidence, safety, line, answer, platform, helm, role, fate, wrong, codes, page, started];`;
  const names = "analyze, explain, rules, version, Workspace, type Options, type Report, type Rule, type SourceFile";
  write(folder, {
    "types.mts": `import init, { ${names} } from "plimsoll";${use}`,
    "inline.mts": `import init, { ${names} } from "plimsoll/inline";${use}`,
    "types.cts": `import plimsoll = require("plimsoll");
      const report: plimsoll.Report = plimsoll.analyze([]); const started: Promise<void> = plimsoll.default(); void [report, started];`,
  });
  const check = async (compilerOptions, files) => {
    const strict = { strict: true, noUncheckedIndexedAccess: true, noEmit: true, target: "es2022", types: [] };
    write(folder, { "tsconfig.json": JSON.stringify({ compilerOptions: { ...strict, ...compilerOptions }, files }) });
    assert.equal(await output(process.execPath, join(tools, "typescript/bin/tsc"), "-p", "."), "");
  };
  await check({ module: "nodenext" }, ["types.mts", "inline.mts", "types.cts"]);
  await check({ module: "esnext", moduleResolution: "bundler" }, ["types.mts", "inline.mts"]);
  // Without the browser's types, as in a server: the declarations may not need them.
  await check({ module: "nodenext", lib: ["es2022"] }, ["types.cts"]);
});
