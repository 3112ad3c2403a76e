// The example projects of the repository, as files for `analyze`.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../..", import.meta.url));
const folder = join(root, "examples");

/** Every folder of `examples/` with its files, in the order of their paths. */
export function examples() {
  const projects = readdirSync(folder, { withFileTypes: true }).filter((it) => it.isDirectory());
  return projects.map(({ name }) => {
    const home = join(folder, name);
    const entries = readdirSync(home, { recursive: true, withFileTypes: true }).filter((it) => it.isFile());
    const paths = entries.map((it) => relative(home, join(it.parentPath, it.name)).split(sep).join("/")).sort();
    return { name, home, files: paths.map((path) => ({ path, text: readFileSync(join(home, path), "utf8") })) };
  });
}
