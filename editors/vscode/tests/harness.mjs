// Runs VS Code for the tests: its server with the desktop's extension host, and a browser in front of it.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createServer } from "node:net";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** Reads a variable that `cargo xtask test vscode` sets. */
export function given(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run \`cargo xtask test vscode\``);
  return value;
}

export const tools = () => given("PLIMSOLL_VSCODE_TOOLS");
export const toolRequire = () => createRequire(join(tools(), "package.json"));

export const WINDOW = { width: 1360, height: 800 };

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

/** Starts a browser, with a profile in a folder where there is one, or else for private windows. */
export function launch(profile) {
  let executablePath;
  try {
    executablePath = execFileSync("sh", ["-c", "command -v chromium"]).toString().trim();
  } catch {
    throw new Error("`chromium` is missing: run `cargo xtask setup`");
  }
  const options = { executablePath, args: FLAGS };
  if (!profile) return chromium.launch(options);
  // Webviews come from another origin, whose service workers are refused as third-party storage otherwise.
  mkdirSync(join(profile, "Default"), { recursive: true });
  writeFileSync(join(profile, "Default/Preferences"), JSON.stringify({ profile: { cookie_controls_mode: 0, block_third_party_cookies: false } }));
  return chromium.launchPersistentContext(profile, { ...options, viewport: WINDOW });
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject).listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export async function until(what, ask, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** What keeps the window to the files and what is said about them. */
const SETTINGS = {
  "workbench.startupEditor": "none", "telemetry.telemetryLevel": "off", "chat.disableAIFeatures": true, "files.autoSave": "off",
  "workbench.secondarySideBar.defaultVisibility": "hidden", "workbench.colorTheme": "Default Dark Modern", "window.commandCenter": false,
  "extensions.ignoreRecommendations": true, "editor.minimap.enabled": false, "breadcrumbs.enabled": false,
  "security.workspace.trust.startupPrompt": "never", "security.workspace.trust.banner": "never",
  "extensions.autoCheckUpdates": false, "extensions.autoUpdate": false, "update.mode": "none",
};

/** Starts VS Code's server with the extensions in `packages` installed, and returns its address and how to stop it. */
export async function startCode(home, packages, { trusted = true, env = {} } = {}) {
  const node = given("PLIMSOLL_VSCODE_NODE");
  const program = join(tools(), "node_modules/code-server/out/node/entry.js");
  const own = ["--user-data-dir", join(home, "user"), "--extensions-dir", join(home, "extensions")];
  mkdirSync(join(home, "user/User"), { recursive: true });
  writeFileSync(join(home, "user/User/settings.json"), JSON.stringify(SETTINGS));
  const full = { ...process.env, ...env, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, HOME: home };
  const install = packages.flatMap((it) => ["--install-extension", it]);
  execFileSync(node, [program, ...own, ...install, "--force"], { env: full, stdio: "pipe" });
  const port = await freePort();
  const server = spawn(node, [program, ...own, "--auth", "none", "--bind-addr", `127.0.0.1:${port}`, "--disable-telemetry",
    "--disable-update-check", "--disable-getting-started-override", ...(trusted ? ["--disable-workspace-trust"] : [])],
  { env: full, detached: true, stdio: "ignore" });
  // It forks, so the group is ended; else the port would stay taken.
  const stop = () => {
    try {
      process.kill(-server.pid, "SIGTERM");
    } catch {
      // It has ended already.
    }
  };
  process.on("exit", stop);
  const url = `http://127.0.0.1:${port}/`;
  await until("VS Code's server", () => fetch(`${url}healthz`).then((it) => it.ok, () => false));
  return { url, stop };
}

const read = (path) => JSON.parse(readFileSync(path, "utf8"));

/** Takes the pictures that the probe asks for, until it has left its results. */
export async function results(page, out, pictures, dress = {}) {
  const taken = new Set();
  mkdirSync(pictures, { recursive: true });
  const wanted = ["findings", "hints", "decision", "comparison", "rendered", "rule", "manifest", "missing", "untrusted"];
  return until("the probe's results", async () => {
    for (const name of wanted) {
      if (taken.has(name) || !existsSync(join(out, `picture-${name}`))) continue;
      await dress[name]?.(page);
      await page.screenshot({ path: join(pictures, `${name}.png`) });
      taken.add(name);
      writeFileSync(join(out, `taken-${name}`), "");
    }
    return existsSync(join(out, "results.json")) && read(join(out, "results.json"));
  }, 240).catch((error) => {
    const known = existsSync(join(out, "so-far.json")) ? read(join(out, "so-far.json")).results : [];
    throw new Error(`${error.message}\nSo far: ${JSON.stringify(known, null, 1)}`);
  });
}

/** Waits for the frame of the webview with a heading. */
export function webview(page, name) {
  return until(`a page with the heading ${name}`, async () => {
    for (const frame of page.frames()) {
      const isThere = await frame.getByRole("heading", { name }).first().isVisible().catch(() => false);
      if (isThere) return frame;
    }
    return false;
  }, 20);
}

/** Prints what became of the steps of a probe, and fails where one failed or did not run. */
export function assertAll({ results: found, of }) {
  for (const { name, seconds, note, error, seen } of found) {
    console.log(error === undefined ? `  ${name} (${seconds.toFixed(1)} s)${note ? `: ${note}` : ""}` : `  FAILED ${name}: ${error}\n${JSON.stringify(seen, null, 1)}`);
  }
  const failed = found.filter((it) => it.error !== undefined);
  assert.deepEqual(failed.map((it) => `${it.name}: ${it.error}`), []);
  assert.deepEqual(found.map((it) => it.name), of, "every step ran");
}
