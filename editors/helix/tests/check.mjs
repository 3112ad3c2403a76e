// node check.mjs HELIX SERVER: opens an example in a real Helix, in tmux, with the configuration that people copy.
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [helix, server] = process.argv.slice(2);
const own = (path) => fileURLToPath(new URL(path, import.meta.url));
const home = mkdtempSync(join(tmpdir(), "plimsoll-helix-"));
mkdirSync(join(home, "helix"));
mkdirSync(join(home, "bin"));
copyFileSync(own("../languages.toml"), join(home, "helix/languages.toml"));
writeFileSync(join(home, "helix/config.toml"),
  '[editor]\nend-of-line-diagnostics = "hint"\n[editor.inline-diagnostics]\ncursor-line = "hint"\n');
symlinkSync(server, join(home, "bin/plimsoll"));
cpSync(own("../../../examples/shop-two-sides"), join(home, "shop"), { recursive: true });

const socket = join(home, "tmux");
const tmux = (...args) => execFileSync("tmux", ["-S", socket, ...args], { encoding: "utf8" });
const screen = () => tmux("capture-pane", "-p", "-t", "helix");
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

async function shows(what, pattern) {
  for (let tries = 0; tries < 300; tries += 1) {
    if (pattern.test(screen())) return;
    await sleep(100);
  }
  throw new Error(`${what}: not within 30 s\n${screen()}`);
}

async function type(...keys) {
  for (const key of keys) {
    tmux("send-keys", "-t", "helix", key);
    await sleep(150);
  }
}

try {
  const env = { PATH: `${join(home, "bin")}:${process.env.PATH}`, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home };
  const settings = Object.entries(env).map(([key, value]) => `${key}='${value}'`).join(" ");
  const file = join(home, "shop/compose.yaml");
  execFileSync("tmux", ["-S", socket, "-f", "/dev/null", "new-session", "-d", "-s", "helix", "-x", "160", "-y", "45",
    "-c", dirname(file), `env ${settings} ${helix} ${file}:14:18`]);
  await shows("the finding beside the line", /`web` may start before `db` can answer/);
  await type("Space", "k");
  await shows("the hover", /Why it hurts/);
  await type("Escape", "Space", "a");
  await shows("the fix in the menu", /Wait until `db` is healthy/);
  await type("Enter");
  await shows("the fixed text", /db: ?\{ ?condition: service_healthy/);
  await type("Space", "D");
  await shows("the list of all findings", /PLM404/);
  console.log("every check holds");
} catch (error) {
  const log = join(home, "helix/helix.log");
  console.error(error.message, existsSync(log) ? readFileSync(log, "utf8") : "");
  process.exitCode = 1;
} finally {
  try {
    tmux("kill-server");
  } catch {
    // It has ended already.
  }
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
}
