// The command as WebAssembly and the native one print the same, byte for byte.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const script = fileURLToPath(new URL("../plimsoll.js", import.meta.url));
const examples = readdirSync(join(root, "examples"));
let program;

before(() => {
  const args = ["build", "--quiet", "--package", "plimsoll", "--bin", "plimsoll", "--message-format", "json"];
  const messages = execFileSync("cargo", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 64 << 20 });
  const built = messages.trim().split("\n").map((it) => JSON.parse(it));
  program = built.find((it) => it.executable && it.target.name === "plimsoll").executable;
});

const { NO_COLOR, FORCE_COLOR, CLICOLOR, CLICOLOR_FORCE, ...env } = process.env;

function outcome(program, args, { cwd, input = "" }) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, input, env, encoding: "utf8", maxBuffer: 256 << 20 });
  // Systems number their errors differently.
  return { status, stderr: stderr.replace(/ \(os error \d+\)/g, ""), stdout };
}

/** Runs both commands, compares what they print and how they end, and returns it. */
function same(args, options) {
  const expected = outcome(program, args, options);
  const actual = outcome(process.execPath, [script, ...args], options);
  const name = `plimsoll ${args.join(" ")}`;
  assert.equal(actual.stderr, expected.stderr, `${name}: standard error`);
  assert.equal(actual.stdout, expected.stdout, `${name}: standard output`);
  assert.equal(actual.status, expected.status, `${name}: exit code`);
  return expected;
}

for (const name of examples) {
  test(`examples/${name}`, () => {
    const home = join(root, "examples", name);
    for (const format of ["text", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit", "markdown", "rdjson", "agent"]) {
      same(["check", ".", "--format", format], { cwd: home });
    }
    same(["check", "--color", "always"], { cwd: home });
    for (const format of ["text", "json", "markdown"]) {
      same(["decide", "--format", format], { cwd: home });
      same(["compare", "--format", format], { cwd: home });
    }
    same(["decide", "--details", "--answer", "downtime=seconds"], { cwd: home });
    same(["render"], { cwd: home });
    same(["render", "--list"], { cwd: home });
    same(["fix", "--diff"], { cwd: home });
    same(["check", "--show-files"], { cwd: home });
    same(["check", "--statistics"], { cwd: home });
  });
}

// Folders of real projects, where `cargo xtask oracle npx DIR` names them.
const real = process.env.PLIMSOLL_PROJECTS;
for (const name of real ? readdirSync(real, { withFileTypes: true }).filter((it) => it.isDirectory()).map((it) => it.name) : []) {
  test(`projects/${name}`, () => {
    const home = join(real, name);
    for (const format of ["text", "json", "sarif", "markdown"]) same(["check", ".", "--format", format], { cwd: home });
    same(["decide", "--details"], { cwd: home });
    same(["compare", "--format", "json"], { cwd: home });
    same(["render"], { cwd: home });
    same(["fix", "--diff"], { cwd: home });
  });
}

test("all examples as one project", () => {
  const { status, stdout } = same(["check", "examples"], { cwd: root });
  assert.equal(status, 1);
  assert.ok(stdout.length > 10_000);
  same(["check", "-q", "--fail-on", "never", "examples"], { cwd: root });
  same(["check", "--select", "PLM1,PLM8", "--ignore", "PLM101", "--min-severity", "warning", "--fail-on", "info", "examples"], { cwd: root });
});

test("rules are explained", () => {
  for (const format of ["text", "json", "markdown"]) same(["explain", "PLM101", "--format", format], { cwd: root });
  same(["explain", "--format", "json"], { cwd: root });
  same(["explain", "PLM9999"], { cwd: root });
});

const compose = "services:\n  app:\n    image: shop/app:latest\n    depends_on: [db]\n  db:\n    image: postgres\n";
const deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n"
  + "  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: 'nginx:latest'}]}\n";

/** A folder with these files, outside of any repository. */
function tree(files) {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-command-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const filesOf = ({ stdout }) => JSON.parse(stdout).files.map((it) => it.path);

test("a walk honours the same patterns", () => {
  const lines = [
    "# a comment", "old/", "*.bak.yaml", "!keep.bak.yaml", "/rooted.yaml", "deep/**/x.yaml", "**/gone", "a/b.yaml", "trailing.yaml   ",
    "\\!bang.yaml", "q?.yaml", "[0-9].yaml", "[!a-z]z.yaml", "{left,right}.yaml", "only/**", "!only/kept.yaml", "sub/*", "!sub/kept.yaml", "[",
  ];
  const paths = [
    "compose.yaml", "old/compose.yaml", "new/old/compose.yaml", "x.bak.yaml", "keep.bak.yaml", "rooted.yaml", "in/rooted.yaml",
    "deep/x.yaml", "deep/1/2/x.yaml", "deep/y.yaml", "gone/a.yaml", "in/gone/a.yaml", "a/b.yaml", "in/a/b.yaml", "trailing.yaml",
    "!bang.yaml", "qa.yaml", "qab.yaml", "7.yaml", "77.yaml", "az.yaml", "9z.yaml", "left.yaml", "middle.yaml", "only/a.yaml",
    "only/kept.yaml", "sub/a.yaml", "sub/kept.yaml", "nested/own.yaml", "nested/x.bak.yaml", "nested/deeper/own.yaml",
    ".hidden/a.yaml", "node_modules/a/b.yaml", "vendor/a.yaml", "ü/ä.yaml", "with space/a b.yaml",
  ];
  const files = Object.fromEntries(paths.map((it) => [it, compose]));
  const folder = tree({ ...files, ".gitignore": lines.join("\n"), "nested/.gitignore": "/own.yaml\n!x.bak.yaml\n" });
  const found = filesOf(same(["check", "--format", "json"], { cwd: folder }));
  for (const path of ["keep.bak.yaml", "in/rooted.yaml", "nested/x.bak.yaml", "nested/deeper/own.yaml", "sub/kept.yaml", "only/kept.yaml", "qab.yaml"]) {
    assert.ok(found.includes(path), path);
  }
  for (const path of ["old/compose.yaml", "rooted.yaml", "nested/own.yaml", "vendor/a.yaml", "only/a.yaml"]) {
    assert.ok(!found.includes(path), path);
  }
  // A folder inside, where the patterns above hold too.
  same(["check", "--format", "json"], { cwd: join(folder, "nested") });
  same(["check", "--format", "json", "../deep", "../sub", "."], { cwd: join(folder, "nested") });
});

test("environment files, charts and links are treated alike", () => {
  const folder = tree({
    "compose.yaml": "services: {app: {image: 'shop:${TAG}'}}\n",
    ".env": "TAG=latest\n",
    ".env.d.ts": "",
    ".gitignore": ".env\nsecret\n",
    "api/Dockerfile.dev": "FROM node\n",
    "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
    "chart/values.yaml": "a: 1\n",
    "chart/templates/web.yaml": deployment,
    "chart/templates/NOTES.txt": "Thanks\n",
    "chart/files/motd": "hello\n",
    "base/web.yaml": deployment,
    "base/kustomization.yaml": "resources: [web.yaml]\nconfigMapGenerator: [{name: a, files: [settings.ini]}]\n",
    "base/settings.ini": "a=1\n",
    "k8s/web.yaml": deployment,
  });
  symlinkSync("../values.yaml", join(folder, "chart/templates/link.yaml"));
  symlinkSync("compose.yaml", join(folder, "linked.yaml"));
  for (const format of ["text", "json", "sarif"]) same(["check", ".", "--format", format], { cwd: folder });
  same(["check", "compose.yaml", "k8s", "./compose.yaml", "linked.yaml"], { cwd: folder });
  same(["check", `${folder}/chart/`], { cwd: root });
  same(["compare"], { cwd: folder });
});

test("settings are found, laid over one another and refused alike", () => {
  const folder = tree({
    "plimsoll.yaml": "exclude: [\"old/**\"]\nrules: {PLM101: error}\nfail-on: warning\n",
    "compose.yaml": compose,
    "old/compose.yaml": compose,
    "sub/compose.yaml": compose,
    "sub/plimsoll.yaml": "ignore: [PLM101]\n",
    "other.yaml": "rules: {PLM8: hint}\n",
    "broken/plimsoll.yaml": "sevrer: 1\nrules: {PLM9999: error, PLM101: bad}\n",
    "broken/compose.yaml": compose,
  });
  same(["check", "compose.yaml"], { cwd: folder });
  same(["check", "compose.yaml", "old", "sub"], { cwd: folder });
  same(["check", "."], { cwd: join(folder, "sub") });
  same(["check", "--config", "other.yaml", "sub"], { cwd: folder });
  assert.equal(same(["check", "."], { cwd: join(folder, "broken") }).status, 2);
  assert.equal(same(["check", "--config", "broken/plimsoll.yaml", "compose.yaml"], { cwd: folder }).status, 2);
  assert.equal(same(["check", "--config", "none.yaml"], { cwd: folder }).status, 2);
});

test("what cannot be read is said alike", () => {
  const folder = tree({ "compose.yaml": compose, "empty/readme.md": "", "\u001b[31m.yaml": compose });
  assert.equal(same(["check", "missing.yaml"], { cwd: folder }).status, 2);
  assert.equal(same(["check", "compose.yaml/x"], { cwd: folder }).status, 2);
  assert.equal(same(["check", "--select", "PLM9999", "."], { cwd: folder }).status, 2);
  assert.equal(same(["decide", "--system", "nobody"], { cwd: folder }).status, 2);
  same(["check", "empty"], { cwd: folder });
  same(["check", "/dev/null"], { cwd: folder });
  same(["check", "."], { cwd: folder });
  same(["check", "-"], { cwd: folder, input: compose });
  same(["check", "-", "compose.yaml", "--stdin-filename", "x/compose.yaml", "--format", "json"], { cwd: folder, input: compose });
  writeFileSync(join(folder, "utf16.yaml"), Buffer.from(`\uFEFF${compose}`, "utf16le"));
  writeFileSync(join(folder, "latin1.yaml"), Buffer.from("services: {caf\xe9: {image: a}}", "latin1"));
  same(["check", ".", "--format", "json"], { cwd: folder });
  mkdirSync(join(folder, "locked"));
  chmodSync(join(folder, "locked"), 0);
  same(["check", "."], { cwd: folder });
});

test("fixes are written to the same texts", () => {
  const copies = [0, 1].map(() => tree({}));
  const [native, here] = copies;
  for (const copy of copies) cpSync(join(root, "examples/shop-two-sides"), join(copy, "shop"), { recursive: true });
  const expected = outcome(program, ["fix", "shop"], { cwd: native });
  assert.deepEqual(outcome(process.execPath, [script, "fix", "shop"], { cwd: here }), expected);
  const text = (copy) => readFileSync(join(copy, "shop/compose.yaml"), "utf8");
  assert.equal(text(here), text(native));
  assert.notEqual(text(here), readFileSync(join(root, "examples/shop-two-sides/compose.yaml"), "utf8"), "something was fixed");
  assert.deepEqual(readdirSync(join(here, "shop")), readdirSync(join(native, "shop")), "nothing is left behind");
});

test("reports and baselines are written where they are asked for", () => {
  const folder = tree({ "compose.yaml": compose });
  const { status } = outcome(process.execPath, [script, "check", "--output", "sarif=out.sarif", "--fail-on", "never"], { cwd: folder });
  assert.equal(status, 0);
  assert.equal(JSON.parse(readFileSync(join(folder, "out.sarif"), "utf8")).version, "2.1.0");
  outcome(process.execPath, [script, "check", "--write-baseline", "known.json"], { cwd: folder });
  assert.equal(same(["check", "--baseline", "known.json"], { cwd: folder }).status, 0);
  assert.equal(outcome(process.execPath, [script, "init"], { cwd: folder }).status, 0);
  assert.match(readFileSync(join(folder, "plimsoll.yaml"), "utf8"), /rules/);
});

test("help, versions, mistakes in the arguments and pages for the shell are the same", () => {
  for (const args of [[], ["chekc"], ["check", "--formta", "json"], ["check", "--format", "yaml"], ["check", "--baseline", "x"], ["fix", "--unsafe", "--add-ignore", "x"], ["explain"]]) {
    same(args, { cwd: root });
  }
  for (const args of [["--help"], ["check", "--help"], ["--version"], ["man", "check"], ["completions", "bash"]]) {
    assert.equal(same(args, { cwd: root }).status, 0);
  }
});

test("what needs the native command says so", () => {
  for (const args of [["lsp"], ["check", "--staged"], ["check", "--changed-since", "main"]]) {
    const { status, stderr, stdout } = outcome(process.execPath, [script, ...args], { cwd: root });
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(stderr, /^plimsoll: .*native command\n$/);
  }
});

test("a reader that has seen enough, and an end by a signal", async () => {
  const piped = spawnSync("sh", ["-c", `"${process.execPath}" "${script}" explain --format json | head -c 10`], { cwd: root, encoding: "utf8" });
  assert.deepEqual([piped.stdout.length, piped.stderr], [10, ""]);
  // It waits for standard input, which never ends.
  const child = spawn(process.execPath, [script, "check", "-"], { stdio: ["pipe", "ignore", "ignore"] });
  const ended = once(child, "exit");
  await once(child, "spawn");
  child.kill("SIGTERM");
  assert.deepEqual(await ended, [null, "SIGTERM"]);
});

test("the package holds the command alone, and installs into a folder of its own", () => {
  const folder = tree({ "compose.yaml": compose });
  const [packed] = JSON.parse(execFileSync("npm", ["pack", "--json", "--pack-destination", folder], { cwd: join(root, "cli/npm"), encoding: "utf8" }));
  assert.deepEqual(packed.files.map((it) => it.path).sort(), ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json", "plimsoll.js", "plimsoll.wasm"]);
  console.log(`  packed: ${(packed.size / 1024).toFixed(0)} KB`);
  execFileSync("npm", ["install", "--prefix", folder, "--no-audit", "--no-fund", "--offline", join(folder, packed.filename)], { cwd: folder, encoding: "utf8" });
  const { status, stdout } = outcome(join(folder, "node_modules/.bin/plimsoll"), ["check", "compose.yaml"], { cwd: folder });
  assert.equal(status, 0);
  assert.match(stdout, /PLM101 depends-on-started-only/);
});
