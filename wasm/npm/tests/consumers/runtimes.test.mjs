// The installed package in Node, Deno and Bun, and its types in TypeScript.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { analyze } from "../../dist/node.js";
import { platformProgram } from "./environments.mjs";
import { ANALYZE, FILES, project, run, tools, write } from "./fixture.mjs";

const expected = JSON.stringify(analyze(FILES));
const { folder, packed, tarball } = await project({
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
  "web.cjs": `
    const { readFileSync } = require("node:fs");
    const { default: init, analyze } = require("plimsoll/web");
    (async () => {
      await init(readFileSync(require.resolve("plimsoll/wasm")));
      console.log(JSON.stringify(analyze(${JSON.stringify(FILES)})));
    })();`,
  "inline.cjs": `const { analyze, default: init } = require("plimsoll/inline");\n(async () => {${ANALYZE}\nconsole.log(result);})();`,
  "lost.mjs": `
    import init from "plimsoll/web";
    await init().catch((error) => console.log(error.message));`,
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

const output = async (program, ...args) => (await run(program, args, { cwd: folder })).trim();

test("the package holds what it should and nothing else", () => {
  const paths = packed.files.map((it) => it.path).sort();
  assert.deepEqual(paths, [
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "dist/api.js",
    "dist/glue.js",
    "dist/glue_targets.js",
    "dist/inflate.js",
    "dist/inline.js",
    "dist/node.js",
    "dist/plimsoll.cjs",
    "dist/plimsoll.d.cts",
    "dist/plimsoll.d.ts",
    "dist/plimsoll.js",
    "dist/plimsoll_bg.wasm",
    "dist/plimsoll_targets_bg.wasm",
    "dist/wasm.d.ts",
    "dist/wasm_base64.js",
    "dist/web.cjs",
    "package.json",
    "schema/config.schema.json",
    "schema/report.schema.json",
  ]);
});

test("the package keeps within its size", (context) => {
  const kb = (bytes) => Math.round(bytes / 1024);
  context.diagnostic(`packed ${kb(packed.size)} KB, installed ${kb(packed.unpackedSize)} KB`);
  const engines = packed.files.filter((it) => it.path.endsWith(".wasm"));
  for (const { path, size } of engines) context.diagnostic(`${path} ${kb(size)} KB`);
  assert.ok(packed.size <= 6 * 1024 * 1024, "the tarball is at most 6 MB");
  assert.ok(packed.unpackedSize <= 14 * 1024 * 1024, "the installed package is at most 14 MB");
});

test("publint and attw find nothing wrong", async () => {
  const program = (path) => join(tools, path);
  const linted = await output(process.execPath, program("publint/src/cli.js"), "run", tarball, "--strict");
  assert.match(linted, /All good!/);
  const attw = (...args) =>
    output(process.execPath, program("@arethetypeswrong/cli/dist/index.js"), tarball, "--format", "ascii", "--no-emoji", "--no-color", ...args);
  // Node 10 knows no exports, and the package asks for Node 20. A problem is a failure of the program.
  const scripts = await attw("--profile", "node16", "--entrypoints", ".", "web", "inline");
  assert.equal(scripts.match(/^node16 \(from CJS\): OK \(CJS\)$/gm)?.length, 3, scripts);
  assert.equal(scripts.match(/^node16 \(from ESM\): OK \(ESM\)$/gm)?.length, 3, scripts);
  // WebAssembly can be imported and not required.
  const engines = await attw("--profile", "esm-only", "--entrypoints", "wasm", "wasm/targets");
  assert.equal(engines.match(/^node16 \(from ESM\): OK \(ESM\)$/gm)?.length, 2, engines);
});

test("an engine that is not there is named, with a way on", async () => {
  const said = await output(process.execPath, "lost.mjs");
  assert.match(said, /^Plimsoll's engine was not found at file:.*plimsoll_bg\.wasm: .*plimsoll\/inline.*`init`$/);
});

const NODE_FILES = ["esm.mjs", "no-init.mjs", "cjs.cjs", "inline.mjs", "worker.mjs", "web.mjs", "web.cjs", "inline.cjs"];
for (const file of NODE_FILES) {
  test(`Node: ${file}`, async () => assert.equal(await output(process.execPath, file), expected));
}

// Another release of Node: the one that `cargo xtask test consumers` installs, or any other.
const otherNode = process.env.PLIMSOLL_OTHER_NODE ?? join(tools, "../.tools/node24/bin/node");
test("another Node", async (context) => {
  assert.ok(existsSync(otherNode), `there is no ${otherNode}: \`cargo xtask test consumers\` installs it, or PLIMSOLL_OTHER_NODE names another`);
  const version = await output(otherNode, "--version");
  context.diagnostic(`${process.version} and ${version}`);
  assert.notEqual(version.split(".")[0], process.version.split(".")[0], "PLIMSOLL_OTHER_NODE has to name another release than the one that runs the tests");
  for (const file of NODE_FILES) assert.equal(await output(otherNode, file), expected, file);
});

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
    const said: string | undefined = workspace.hover("a.yaml", 0, { positions: "utf-16", findings: false })?.markdown;
    const paths: string[] = [...workspace.definition("a.yaml", 0), ...workspace.references("a.yaml", 0)].map((it) => it.path);
    const kind: CompletionKind | undefined = workspace.completions("a.yaml", 0, options)[0]?.kind;
    const codes: string[] = rules().map((rule: Rule) => rule.code);
    const page: string | undefined = explain("PLM101")?.markdown;
    const started: Promise<void> = init();
    init(new URL("https://example.com/plimsoll_bg.wasm"));
    init(fetch("plimsoll_bg.wasm"));
    init(new WebAssembly.Module(new Uint8Array()));
    // @ts-expect-error A number is no engine.
    init(5);
    const fixed: (SourceFile | PackedFile)[] = applyFixes(files, report.findings[0]!.fixes, { positions: "utf-16" }).files;
    const texts: string[] = [render(report, "sarif"), render(report.decision, "markdown"), render(compare(files), "text")];
    // @ts-expect-error A decision has no SARIF form.
    render(decide(files), "sarif");
    // @ts-expect-error A finding that is about no target has no list of them.
    const about: number = report.findings[0]!.targets.length;
    const code: RuleCode = report.findings[0]!.code;
    const isKnown: boolean = code === "PLM101" || report.findings[0]!.name === "depends-on-started-only";
    // @ts-expect-error No rule has this code.
    const unknown: RuleCode = "PLM9999";
    const drift: "same" | "drifted" | "lost" = compare(files, { positions: "utf-16" }).services[0]!.compared[0]!.drift;
    const documents: string[] = renderTargets(files).flatMap((it) => it.documents.map((document) => document.text));
    workspace.dispose(); workspace[Symbol.dispose]();
    version.length;
    void [said, paths, kind, fixed, texts, about, code, isKnown, unknown, drift, documents, severity, confidence, safety, line, answer, platform, helm, role, fate, wrong, codes, page, started];`;
  const names = "analyze, applyFixes, compare, decide, explain, render, renderTargets, rules, version, Workspace, "
    + "type CompletionKind, type Options, type PackedFile, type Report, type Rule, type RuleCode, type SourceFile";
  write(folder, {
    "types.mts": `import init, { ${names} } from "plimsoll";${use}`,
    "inline.mts": `import init, { ${names} } from "plimsoll/inline";${use}`,
    "web.mts": `import init, { ${names} } from "plimsoll/web";${use}`,
    "wasm.mts": `import init from "plimsoll/web"; import engine from "plimsoll/wasm"; import whole from "plimsoll/wasm/targets";
      const module: WebAssembly.Module = engine; await init(whole); void module;`,
    "using.mts": `import { Workspace } from "plimsoll"; { using workspace = new Workspace(); workspace.set("a.yaml", ""); }`,
    "types.cts": `import plimsoll = require("plimsoll");
      const report: plimsoll.Report = plimsoll.analyze([]); const started: Promise<void> = plimsoll.default(); void [report, started];`,
  });
  const check = async (compilerOptions, files) => {
    const strict = { strict: true, noUncheckedIndexedAccess: true, noEmit: true, target: "es2022", types: [] };
    write(folder, { "tsconfig.json": JSON.stringify({ compilerOptions: { ...strict, ...compilerOptions }, files }) });
    assert.equal(await output(process.execPath, join(tools, "typescript/bin/tsc"), "-p", "."), "");
  };
  await check({ module: "nodenext" }, ["types.mts", "inline.mts", "web.mts", "wasm.mts", "types.cts"]);
  await check({ module: "esnext", moduleResolution: "bundler" }, ["types.mts", "inline.mts", "web.mts", "wasm.mts"]);
  await check({ module: "nodenext", lib: ["esnext", "dom"] }, ["types.mts", "using.mts"]);
  // Without the browser's types, as in a server: the declarations may not need them.
  await check({ module: "nodenext", lib: ["es2022"] }, ["types.cts"]);
});
