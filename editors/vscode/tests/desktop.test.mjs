// The package for the desktop in a real VS Code: what VS Code sees is asked through its API, by the extension in
// `probe`, and what a person sees is looked for in the window.
import assert from "node:assert/strict";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertAll, given, launch, results, startCode, webview, WINDOW } from "./harness.mjs";

const EXAMPLE = fileURLToPath(new URL("../../../examples/shop-two-sides", import.meta.url));
const WALKTHROUGH = fileURLToPath(new URL("../media/walkthrough", import.meta.url));

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

/** A copy of the example, since the test edits it. */
function workspace() {
  const home = mkdtempSync(join(tmpdir(), "plimsoll-vscode-"));
  const [folder, out] = [join(home, "shop"), join(home, "out")];
  cpSync(EXAMPLE, folder, { recursive: true });
  writeFileSync(join(folder, ".env"), "# later\n");
  mkdirSync(out);
  return { home, folder, out };
}

test("the extension does in VS Code what its page says", async () => {
  const { home, folder, out } = workspace();
  const code = await startCode(join(home, "code"), [given("PLIMSOLL_VSIX"), given("PLIMSOLL_PROBE")], { env: { PLIMSOLL_PROBE_OUT: out } });
  const page = await browser.newPage({ viewport: WINDOW });
  try {
    await page.goto(`${code.url}?folder=${encodeURIComponent(folder)}`);
    const status = page.locator(".statusbar-item", { hasText: "Plimsoll" });
    const found = await results(page, out, given("PLIMSOLL_PICTURES"), {
      findings: async () => {
        // What a person sees: underlined text, and the counts in the status bar.
        await page.waitForSelector(".squiggly-warning", { state: "attached" });
        await page.waitForSelector(".monaco-hover-content", { state: "visible" });
        assert.match((await status.innerText()).replace(/\s+/g, " "), /Plimsoll\s+\d+\s+\d+\s+\d+/);
        const label = await status.locator("a, [aria-label]").first().getAttribute("aria-label");
        assert.match(label ?? "", /Plimsoll/);
      },
      decision: async () => {
        const inner = await webview(page, "Six questions");
        assert.ok((await inner.locator("a.place").count()) > 0, "evidence links to its place");
        assert.equal(await inner.locator("script:not([id^=_])").count(), 0, "the page has no script of its own");
      },
      comparison: () => webview(page, "Both sides"),
      rule: () => webview(page, "PLM101"),
      missing: async () => {
        const message = page.locator(".notification-toast", { hasText: "Plimsoll has no language server" });
        for (const name of ["Choose Program", "How to Install"]) await message.getByText(name).waitFor();
        assert.match(await message.innerText(), /\/nowhere\/plimsoll/);
      },
      manifest: async () => { await page.waitForSelector(".squiggly-error", { state: "attached" }); },
    });
    assertAll(found);
    if (process.env.UPDATE_PICTURES) {
      mkdirSync(WALKTHROUGH, { recursive: true });
      for (const name of ["findings", "decision"]) copyFileSync(join(given("PLIMSOLL_PICTURES"), `${name}.png`), join(WALKTHROUGH, `${name}.png`));
    }
  } finally {
    await page.screenshot({ path: join(given("PLIMSOLL_PICTURES"), "last.png") });
    await page.close();
    code.stop();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
});

test("a workspace that is not trusted cannot name the program that is run", async () => {
  const { home, folder, out } = workspace();
  mkdirSync(join(folder, ".vscode"));
  writeFileSync(join(folder, ".vscode/settings.json"), JSON.stringify({ "plimsoll.server.path": join(folder, "evil") }));
  const env = { PLIMSOLL_PROBE_OUT: out, PLIMSOLL_PROBE_STEPS: "untrusted" };
  const code = await startCode(join(home, "code"), [given("PLIMSOLL_VSIX"), given("PLIMSOLL_PROBE")], { trusted: false, env });
  const page = await browser.newPage({ viewport: WINDOW });
  try {
    await page.goto(`${code.url}?folder=${encodeURIComponent(folder)}`);
    assertAll(await results(page, out, given("PLIMSOLL_PICTURES")));
  } finally {
    await page.close();
    code.stop();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
});
