// What the package promises to a caller in Node.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import init, {
  analyze, applyFixes, compare, decide, explain, render, renderTargets, rules, version, Workspace,
} from "plimsoll";

const BROKEN = { path: "compose.yaml", text: "# 🚢\nservices:\n  app: [\n" };

test("init may be called, twice, or not at all", async () => {
  assert.equal(analyze([]).version, 1);
  await Promise.all([init(), init()]);
  await init();
});

test("places count lines from 1, columns in code points and offsets in bytes", () => {
  const text = 'services:\n  app: {image: "🚢", ports: [\n';
  const [finding] = analyze([{ path: "compose.yaml", text }], { select: ["PLM001"] }).findings;
  const { line, column, offset } = finding.range.start;
  const before = [...text.split("\n")[line - 1]].slice(0, column - 1).join("");
  assert.ok(before.includes("🚢"), "the place is behind the emoji");
  assert.equal(offset, Buffer.byteLength(`services:\n${before}`));
});

test("whatever the text holds, there is a report", () => {
  const texts = ["", "\0", "\uFEFF", "\uD800", "{{ if }}", "a: &a [*a]", `${"[".repeat(5000)}`, "%", "a: b: c", "--- \n...\n---", "\t"];
  for (const text of texts) {
    const report = analyze([{ path: "compose.yaml", text }]);
    assert.equal(report.files.length, 1, JSON.stringify(text));
  }
});

test("a chart is analysed as rendered, and an overlay as built", () => {
  const template = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n"
    + "  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: IMAGE}]}\n";
  const report = analyze([
    { path: "chart/Chart.yaml", text: "apiVersion: v2\nname: shop\nversion: 1.0.0\n" },
    { path: "chart/values.yaml", text: "image: nginx:latest\n" },
    { path: "chart/templates/web.yaml", text: template.replace("IMAGE", "{{ .Values.image }}") },
    { path: "base/web.yaml", text: template.replace("IMAGE", "redis") },
    { path: "base/kustomization.yaml", text: "resources: [web.yaml]\nimages: [{name: redis, newTag: latest}]\n" },
  ], { select: ["PLM801"] });
  assert.deepEqual(report.targets.map((it) => [it.name, it.kind, it.built]), [["base", "kustomization", true], ["chart", "chart", true]]);
  const places = report.findings.map((it) => [it.path, it.range.start.line, it.targets]);
  // Tags that move are one cause, so that one finding names both places.
  assert.deepEqual(places, [["base/kustomization.yaml", 2, ["base", "chart"]]]);
  const related = report.findings[0].related.map((it) => it.path);
  assert.ok(related.includes("chart/values.yaml"), JSON.stringify(related));
});

/** Packs files as `helm package` does: a tar archive in gzip. */
function packed(files) {
  const blocks = Object.entries(files).flatMap(([path, text]) => {
    const content = Buffer.from(text);
    const header = Buffer.alloc(512);
    header.write(path, 0);
    header.write("0000644\0", 100);
    header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("0", 156);
    header.write("ustar\x0000", 257);
    // The checksum counts its own field as eight spaces.
    header.fill(" ", 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return new Uint8Array(gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)])));
}

test("a packed subchart is rendered with its chart", () => {
  const deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cache}\nspec:\n  selector: {matchLabels: {app: cache}}\n"
    + "  template:\n    metadata: {labels: {app: cache}}\n    spec: {containers: [{name: cache, image: '{{ .Values.image }}'}]}\n";
  const bytes = packed({
    "cache/Chart.yaml": "apiVersion: v2\nname: cache\nversion: 1.2.3\n",
    "cache/values.yaml": "image: redis:latest\n",
    "cache/templates/cache.yaml": deployment,
  });
  const dependencies = "dependencies: [{name: cache, version: 1.2.3, repository: 'https://charts.example.com'}]\n";
  const chart = { path: "shop/Chart.yaml", text: `apiVersion: v2\nname: shop\nversion: 1.0.0\n${dependencies}` };
  const archive = { path: "shop/charts/cache-1.2.3.tgz", bytes };
  const said = (report) => [report.targets.map((it) => it.built), report.findings.map((it) => [it.code, it.path])];
  const select = ["PLM005", "PLM801"];
  assert.deepEqual(said(analyze([chart], { select })), [[false], [["PLM005", "shop/Chart.yaml"]]]);
  const whole = [[true], [["PLM801", "shop/charts/cache-1.2.3.tgz"]]];
  assert.deepEqual(said(analyze([chart, archive], { select })), whole);
  const workspace = new Workspace();
  workspace.set(chart.path, chart.text);
  workspace.set(archive.path, archive.bytes);
  assert.deepEqual(said(workspace.report({ select })), whole);
  // The bytes of a text are decoded.
  assert.deepEqual(analyze([{ path: BROKEN.path, bytes: Buffer.from(BROKEN.text) }]), analyze([BROKEN]));
});

test("targets are described in the words of the configuration", () => {
  const text = "services: {web: {image: 'nginx:1.27'}}\n";
  const targets = [{ compose: "compose.yaml", name: "shop", environment: "staging" }];
  const report = analyze([{ path: "compose.yaml", text }], { targets });
  assert.deepEqual(report.targets.map((it) => [it.name, it.environment]), [["shop", "staging"]]);
  assert.throws(() => analyze([], { targets: [{ name: "shop" }] }), /`chart`, its `kustomization` or its `compose`/);
});

test("options judge and choose", () => {
  const codes = (options) => analyze([BROKEN], options).findings.map((it) => `${it.code} ${it.severity}`);
  assert.deepEqual(codes(), ["PLM001 error"]);
  assert.deepEqual(codes({ rules: { PLM001: "warning" } }), ["PLM001 warning"]);
  assert.deepEqual(codes({ rules: { PLM001: "warning" }, minSeverity: "error" }), []);
  assert.deepEqual(codes({ ignore: ["PLM0"] }), []);
  assert.deepEqual(codes({ select: ["yaml-syntax"] }), ["PLM001 error"]);
  assert.deepEqual(codes({ select: ["PLM002"] }), []);
  const answers = { downtime: "minutes" };
  assert.deepEqual(codes({ answers, server: { cpus: 4, memory: "8GiB" }, role: "production", roles: { "compose.yaml": "development" } }), ["PLM001 error"]);
  const [file] = analyze([{ path: "compose.yaml", text: "services: {a: {image: a}}\n" }], { role: "development" }).files;
  assert.deepEqual(file, { path: "compose.yaml", kind: "compose", role: "development" });
});

test("wrong arguments are a TypeError that names the argument", () => {
  const workspace = new Workspace();
  const wrong = [
    [() => analyze(), /^files must be an array of \{ path, text \}, not undefined$/],
    [() => analyze("services:"), /^files must be an array of \{ path, text \}, not string$/],
    [() => analyze(["services:"]), /^files\[0\] must be an object, not string$/],
    [() => analyze([BROKEN, { path: "a" }]), /^files\[1\]\.text must be a string, not undefined$/],
    [() => analyze([{ path: "a.tgz", bytes: [1] }]), /^files\[0\]\.bytes must be a Uint8Array, not an array$/],
    [() => analyze([{ path: 1, text: "" }]), /^files\[0\]\.path must be a string, not number$/],
    [() => analyze([], "all"), /^options must be an object, not string$/],
    [() => analyze([], { select: "PLM1" }), /^options\.select must be an array of strings, not string$/],
    [() => analyze([], { select: [null] }), /^options\.select\[0\] must be a string, not null$/],
    [() => analyze([], { select: ["PLM9999"] }), /PLM9999/],
    [() => analyze([], { minSeverity: "fatal" }), /minSeverity/],
    [() => analyze([], { minSeverity: 3 }), /^options\.minSeverity must be a string, not number$/],
    [() => analyze([], { rules: { PLM001: "bad" } }), /`error`, `warning`, `info`, `hint` or `off`/],
    [() => analyze([], { role: "prod" }), /`development`, `production` or `unknown`/],
    [() => analyze([], { sevrer: {} }), /sevrer/],
    [() => workspace.set("a.yaml"), /^text must be a string, not undefined$/],
    [() => workspace.set(null, ""), /^path must be a string, not null$/],
    [() => workspace.remove(), /^path must be a string, not undefined$/],
    [() => workspace.hover(1, 0), /^path must be a string, not number$/],
    [() => workspace.hover("a.yaml", 0, { findings: "no" }), /^options\.findings must be a boolean, not string$/],
    [() => workspace.definition("a.yaml", "0"), /^offset must be a number, not string$/],
    [() => workspace.references("a.yaml", 0, { positions: "bytes" }), /^options\.positions must be/],
    [() => workspace.completions("a.yaml"), /^offset must be a number, not undefined$/],
    [() => workspace.report([]), /^options must be an object, not an array$/],
    [() => analyze([], { positions: "utf-8" }), /^options\.positions must be "code-points" or "utf-16", not "utf-8"$/],
    [() => render({}, "text"), /^answer must be what analyze, decide, compare or a Workspace returned/],
    [() => render(analyze([]), "yaml"), /^format must be `text`, `json`, `sarif`/],
    [() => render(decide([]), "sarif"), /^format must be `text`, `json` or `markdown`$/],
    [() => render(compare([]), "junit"), /^format must be `text`, `json` or `markdown`$/],
    [() => render(analyze([])), /^format must be a string, not undefined$/],
    [() => applyFixes([], {}), /^fixes must be an array of fixes, not object$/],
    [() => applyFixes([], [{}]), /^fixes must be those of a report/],
    [() => applyFixes([], [{ edits: [{ path: "a", text: "", range: { start: { line: 1, column: 1 }, end: { line: 1, column: 1 } } }] }]), /`a`, which is not among the files/],
    [() => compare("a"), /^files must be an array/],
    [() => explain(101), /^codeOrName must be a string, not number$/],
  ];
  for (const [action, message] of wrong) {
    assert.throws(action, (error) => {
      assert.ok(error instanceof TypeError, `${action}: ${error}`);
      assert.match(error.message, message);
      return true;
    });
  }
  assert.deepEqual(workspace.report().files, []);
});

const SHOP = [
  { path: "compose.yaml", text: "# 🚢\nservices:\n  app: {image: 'shop/🚢:latest', depends_on: [db]}\n  db: {image: postgres}\n" },
  { path: "./k8s/web.yaml", text: "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: app}\nspec:\n  selector: {matchLabels: {app: app}}\n"
    + "  template:\n    metadata: {labels: {app: app}}\n    spec: {containers: [{name: app, image: 'shop/app:1'}]}\n" },
];

/** Every `{ path, range }` in an answer. */
function places(value) {
  if (typeof value !== "object" || value === null) return [];
  const own = value.path !== undefined && value.range ? [{ path: value.path, range: value.range }] : [];
  return [...own, ...Object.values(value).flatMap(places)];
}

test("places in UTF-16 are those of JavaScript's strings", () => {
  const texts = new Map([["compose.yaml", SHOP[0].text], ["k8s/web.yaml", SHOP[1].text]]);
  for (const answer of [analyze, decide, compare]) {
    const [points, units] = [places(answer(SHOP)), places(answer(SHOP, { positions: "utf-16" }))];
    assert.ok(units.length > 0 && units.length === points.length);
    for (const [index, { path, range }] of units.entries()) {
      const text = texts.get(path);
      for (const side of ["start", "end"]) {
        const { line, column, offset } = range[side];
        const lineStart = text.split("\n").slice(0, line - 1).reduce((sum, it) => sum + it.length + 1, 0);
        assert.equal(offset, lineStart + column - 1, `${path}:${line}:${column}`);
        assert.equal(Buffer.byteLength(text.slice(0, offset)), points[index].range[side].offset);
      }
    }
  }
  const behind = analyze(SHOP, { positions: "utf-16" }).findings.some((it) => it.path === "compose.yaml" && it.range.start.line === 3);
  assert.ok(behind, "a place is behind the emoji");
  assert.deepEqual(analyze(SHOP, { positions: "code-points" }), analyze(SHOP));
  const workspace = new Workspace();
  for (const { path, text } of SHOP) workspace.set(path, text);
  assert.deepEqual(workspace.report({ positions: "utf-16" }), analyze(SHOP, { positions: "utf-16" }));
});

test("a byte order mark and Windows line ends count as in the text", () => {
  const text = `\uFEFF${SHOP[0].text.replaceAll("\n", "\r\n")}`;
  const report = analyze([{ path: "compose.yaml", text }], { positions: "utf-16" });
  const said = report.findings.map((it) => text.slice(it.range.start.offset, it.range.end.offset));
  const plain = analyze([SHOP[0]], { positions: "utf-16" }).findings;
  assert.deepEqual(said, plain.map((it) => SHOP[0].text.slice(it.range.start.offset, it.range.end.offset)));
});

test("fixes are applied to the files that they change", () => {
  for (const positions of ["code-points", "utf-16"]) {
    const report = analyze(SHOP, { positions });
    const fixes = report.findings.flatMap((it) => it.fixes.slice(0, 1));
    assert.ok(fixes.length > 0, "there is something to fix");
    const { files, applied } = applyFixes(SHOP, fixes, { positions });
    assert.equal(applied.length, fixes.length);
    assert.ok(applied[0]);
    const touched = new Set(fixes.filter((_, index) => applied[index]).flatMap((it) => it.edits.map((edit) => edit.path)));
    for (const [index, file] of files.entries()) {
      const isTouched = touched.has(file.path.replace("./", ""));
      assert.equal(file === SHOP[index], !isTouched, file.path);
    }
    const [edit] = fixes[0].edits;
    assert.ok(files.some((it) => it.text.includes(edit.text.trim())));
    const settled = report.findings.find((it) => it.fixes[0] === fixes[0]).code;
    assert.ok(analyze(files, { positions }).findings.every((it) => it.code !== settled), `${settled} is settled`);
  }
});

test("a fix that touches the changes of an earlier one is left out", () => {
  const at = (line, column) => ({ line, column, offset: 0 });
  const fix = (start, end, text) => ({ title: "", safety: "safe", edits: [{ path: "a.yaml", range: { start, end }, text }] });
  const files = [{ path: "./a.yaml", bytes: Buffer.from("a: 🚢1\nb: 2\n") }];
  const fixes = [fix(at(1, 4), at(1, 6), "x"), fix(at(1, 5), at(1, 6), "y"), fix(at(2, 4), at(2, 5), "3")];
  assert.deepEqual(applyFixes(files, fixes), { files: [{ path: "./a.yaml", text: "a: x\nb: 3\n" }], applied: [true, false, true] });
  const utf16 = [fix(at(1, 6), at(1, 7), "x")];
  assert.equal(applyFixes(files, utf16, { positions: "utf-16" }).files[0].text, "a: 🚢x\nb: 2\n");
  assert.equal(applyFixes(files, []).files[0], files[0]);
});

test("an answer is rendered as the command prints it", () => {
  const report = analyze(SHOP);
  assert.deepEqual(JSON.parse(render(report, "json")), report);
  assert.equal(JSON.parse(render(report, "sarif")).runs[0].results.length, report.findings.length);
  const [{ code, message }] = report.findings;
  for (const format of ["text", "github", "junit", "markdown"]) assert.ok(render(report, format).includes(code), format);
  assert.ok(render(report, "text").includes(message.slice(0, 20)));
  assert.ok(render(report.decision, "markdown").startsWith("#"));
  assert.equal(render(decide(SHOP), "text"), render(report.decision, "text"));
  assert.ok(render(compare(SHOP), "text").includes("app"));
  assert.ok(render(compare(SHOP), "markdown").includes("|"));
  const workspace = new Workspace();
  for (const { path, text } of SHOP) workspace.set(path, text);
  const earlier = workspace.report({ select: ["PLM8"] });
  workspace.set("compose.yaml", "services: {}\n");
  assert.equal(render(earlier, "sarif"), render(analyze(SHOP, { select: ["PLM8"] }), "sarif"), "the files are those of the report");
  assert.equal(render(structuredClone(report), "json"), render(report, "json"));
});

test("a comparison puts both sides beside each other", () => {
  const { services, summary } = compare(SHOP);
  assert.deepEqual(services.map((it) => it.service), ["app", "db"]);
  assert.deepEqual(services[0].counterpart.path, "k8s/web.yaml");
  const counted = services.flatMap((it) => it.compared).length;
  assert.equal(summary.same + summary.drifted + summary.lost, counted);
  assert.deepEqual(decide(SHOP), analyze(SHOP).decision);
});

test("targets are rendered", () => {
  const targets = renderTargets([
    ...SHOP,
    { path: "chart/Chart.yaml", text: "apiVersion: v2\nname: shop\nversion: 1.0.0\n" },
    { path: "chart/values.yaml", text: "greeting: hello\n" },
    { path: "chart/templates/a.yaml", text: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: {{ .Values.greeting }}}\n" },
    { path: "base/kustomization.yaml", text: "namePrefix: x-\nresources: [a.yaml, gone.yaml]\n" },
    { path: "base/a.yaml", text: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" },
  ]);
  assert.deepEqual(targets.map((it) => [it.name, it.kind, it.reasons.length]), [["base", "kustomization", 1], ["chart", "chart", 0], ["k8s", "manifests", 0]]);
  assert.match(targets[0].documents[0].text, /name: x-a/);
  assert.match(targets[1].documents[0].text, /data: \{a: hello\}/);
  assert.equal(targets[1].documents[0].source, "chart/templates/a.yaml:1");
  assert.deepEqual(targets[1].documents[0].lines.at(-1), ["chart/templates/a.yaml:4", "chart/values.yaml:1"]);
  assert.match(targets[2].documents[0].text, /kind: Deployment/);
});

test("a workspace that is disposed of cannot be used", () => {
  const workspace = new Workspace();
  workspace.set("compose.yaml", BROKEN.text);
  workspace[Symbol.dispose]();
  workspace.dispose();
  assert.throws(() => workspace.report(), /disposed of/);
  assert.throws(() => workspace.set("a.yaml", ""), /disposed of/);
  new Workspace().dispose();
});

test("a workspace follows its files", () => {
  const workspace = new Workspace();
  workspace.set("./compose.yaml", BROKEN.text);
  assert.deepEqual(workspace.report(), analyze([BROKEN]));
  workspace.set("compose.yaml", "services: {}\n");
  assert.deepEqual(workspace.report().findings.filter((it) => it.code === "PLM001"), []);
  workspace.remove("never-there.yaml");
  workspace.remove("compose.yaml");
  assert.deepEqual(workspace.report().files, []);
});

/** A workspace of files, and a function that asks about the first place behind `needle` in one of them. */
function asking(files, positions) {
  const workspace = new Workspace();
  for (const { path, text } of files) workspace.set(path, text);
  const ask = (question, path, needle) => {
    const { text } = files.find((it) => it.path === path);
    const before = text.slice(0, text.indexOf(needle));
    assert.ok(text.includes(needle), needle);
    return workspace[question](path, positions === "utf-16" ? before.length : Buffer.byteLength(before), { positions });
  };
  return { workspace, ask };
}

test("a workspace says what is at a place, in bytes and in UTF-16", () => {
  const [compose] = SHOP;
  for (const positions of ["code-points", "utf-16"]) {
    const { ask } = asking(SHOP, positions);
    /** The text of a place, by its offsets. */
    const at = ({ start, end }) =>
      positions === "utf-16" ? compose.text.slice(start.offset, end.offset) : Buffer.from(compose.text).subarray(start.offset, end.offset).toString();
    const hover = ask("hover", "compose.yaml", "postgres");
    assert.match(hover.markdown, /^\*\*PLM801 .*\*\*PostgreSQL\*\*/s);
    assert.equal(at(hover.range), "postgres");
    assert.match(ask("hover", "compose.yaml", "db]").markdown, /\*\*Service\*\* `db`/);

    const places = ask("definition", "compose.yaml", "db]");
    assert.deepEqual(places.map((it) => [it.path, it.range.start.line, at(it.range)]), [["compose.yaml", 4, "db"]]);
    const references = ask("references", "compose.yaml", "db: {");
    assert.deepEqual(references.map((it) => [it.range.start.line, at(it.range), it.definition]), [[3, "db", false], [4, "db", true]]);

    const [item] = ask("completions", "compose.yaml", "db]");
    assert.deepEqual([item.label, item.kind, item.insert, item.filter, at(item.replace)], ["db", "service", "db", "db", "db"]);
  }
});

test("a definition leads to another file", () => {
  const files = [
    { path: "compose.yaml", text: "services:\n  web: {image: 'shop/web:1', env_file: web.env}\n" },
    { path: "web.env", text: "A=1\n" },
    { path: "k8s/map.yaml", text: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {MODE: fast}\n" },
    { path: "k8s/web.yaml", text: "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: 'shop/web:1', envFrom: [{configMapRef: {name: settings}}]}]}\n" },
  ];
  const { ask } = asking(files, "utf-16");
  const where = (places) => places.map((it) => `${it.path}:${it.range.start.line}`);
  assert.deepEqual(where(ask("definition", "compose.yaml", "web.env")), ["web.env:1"]);
  assert.deepEqual(where(ask("definition", "k8s/web.yaml", "settings")), ["k8s/map.yaml:3"]);
  assert.deepEqual(where(ask("references", "k8s/map.yaml", "settings")), ["k8s/map.yaml:3", "k8s/web.yaml:4"]);
});

test("a place that does not exist has no answer", () => {
  const { workspace, ask } = asking(SHOP, "utf-16");
  const nothing = (path, offset, options) => {
    assert.equal(workspace.hover(path, offset, options), null, `${path} ${offset}`);
    for (const question of ["definition", "references", "completions"]) assert.deepEqual(workspace[question](path, offset, options), [], `${question} ${path} ${offset}`);
  };
  for (const options of [undefined, { positions: "utf-16" }, { exclude: "*" }]) {
    for (const path of ["", ".", "../compose.yaml", "gone.yaml", "compose.yaml/", "\0"]) nothing(path, 0, options);
    for (const offset of [-1, NaN, Infinity, -Infinity, 2 ** 32, 2 ** 53, 100_000]) nothing("compose.yaml", offset, options);
  }
  assert.deepEqual(ask("definition", "compose.yaml", "services"), []);
  assert.equal(ask("hover", "compose.yaml", "services"), null);
  // Within the emoji, and between two letters.
  for (let offset = 0; offset < 200; offset += 0.5) {
    for (const question of ["hover", "definition", "references", "completions"]) workspace[question]("./compose.yaml", offset);
  }
});

test("answers about a place follow the files and the options", () => {
  const workspace = new Workspace();
  const text = "services:\n  app: {image: 'shop/app:1', depends_on: [db]}\n  db: {image: 'postgres:17'}\n";
  const at = text.indexOf("db]");
  workspace.set("compose.yaml", text);
  assert.match(workspace.hover("compose.yaml", at).markdown, /^\*\*PLM101 /);
  for (const options of [{ ignore: ["PLM101"] }, { findings: false }]) {
    assert.match(workspace.hover("compose.yaml", at, options).markdown, /^\*\*Service\*\* `db`/);
  }
  assert.deepEqual(workspace.report(), analyze([{ path: "compose.yaml", text }]));
  workspace.set("compose.yaml", text.replace("db: {", "cache: {"));
  assert.deepEqual(workspace.definition("compose.yaml", at), []);
  assert.deepEqual(workspace.completions("compose.yaml", at).map((it) => it.label), ["cache"]);
  workspace.remove("compose.yaml");
  assert.equal(workspace.hover("compose.yaml", at), null);
  workspace.dispose();
  assert.throws(() => workspace.hover("compose.yaml", at), /disposed of/);
});

test("rules and explanations come from the engine", () => {
  const all = rules();
  const codes = all.map((it) => it.code);
  assert.deepEqual(codes, codes.toSorted());
  assert.equal(new Set(codes).size, codes.length);
  for (const rule of all) {
    const page = explain(rule.code);
    assert.deepEqual(page.rule, rule);
    assert.deepEqual(explain(rule.name), page);
    assert.ok(page.markdown.includes(rule.name) && page.sections.length > 0, rule.code);
  }
  assert.equal(explain("PLM9999"), undefined);
});

test("one version everywhere", () => {
  const root = new URL("../../../", import.meta.url);
  const cargo = readFileSync(new URL("Cargo.toml", root), "utf8").match(/^version = "(.+)"$/m)[1];
  const npm = JSON.parse(readFileSync(new URL("wasm/npm/package.json", root), "utf8")).version;
  assert.deepEqual([version, npm, analyze([]).tool.version], [cargo, cargo, cargo]);
});
