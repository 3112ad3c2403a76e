// A project like a user's: the packed package, installed from its tarball into an empty folder.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const packageRoot = fileURLToPath(new URL("../..", import.meta.url));
export const tools = join(packageRoot, "../../node_modules");
const exec = promisify(execFile);

/** Runs a program and returns what it printed; the error of a failing one carries all its output. */
export async function run(program, args, options) {
  try {
    return (await exec(program, args, { maxBuffer: 64 << 20, timeout: 180_000, ...options })).stdout;
  } catch (error) {
    error.message = `${program} ${args.join(" ")}: ${error.message}\n${error.stdout ?? ""}\n${error.stderr ?? ""}`;
    throw error;
  }
}

/** An empty project that depends on the package, with these files in it. It is removed after the tests. */
export async function project(files) {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-consumer-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const [packed] = JSON.parse(await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: packageRoot }));
  write(folder, {
    "package.json": JSON.stringify({
      name: "consumer",
      private: true,
      type: "module",
      dependencies: { plimsoll: `file:./${packed.filename}` },
    }),
    ...files,
  });
  await run("npm", ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
  return { folder, packed, tarball: join(folder, packed.filename) };
}

export function write(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** What every consumer analyses: findings on both sides, an emoji, and a file that is broken. */
export const FILES = [
  {
    path: "compose.yaml",
    text: [
      "# 🚢 shop",
      "services:",
      "  app:",
      "    image: shop/app:1.4",
      "    depends_on: [db]",
      "    environment: { DATABASE_HOST: localhost }",
      "  db:",
      "    image: postgres:16",
      "",
    ].join("\n"),
  },
  { path: "broken.yaml", text: "services:\n  app: [\n" },
];

/** Module source that analyses `FILES` and leaves the report as JSON in `result`. */
export const ANALYZE = `
  await init();
  const result = JSON.stringify(analyze(${JSON.stringify(FILES)}));
`;
