import type { Content } from "./project";

export interface Example {
  name: string;
  title: string;
  about: string;
  files: Content[];
}

// The repository's own examples, as text, in this module alone: it is loaded as a piece of its own.
const TEXTS = import.meta.glob<string>(["../../examples/**/*", "!**/*.snap"], {
  query: "?raw", import: "default", eager: true, exhaustive: true,
});

/** The example that a first visit shows. */
const FIRST = "shop-two-sides";

/** Every example, the first one first, the others by name. */
export function examples(): Example[] {
  const byName = new Map<string, Content[]>();
  for (const [path, text] of Object.entries(TEXTS)) {
    const [name = "", ...rest] = path.replace("../../examples/", "").split("/");
    if (!rest.length) continue;
    byName.set(name, [...(byName.get(name) ?? []), { path: rest.join("/"), text }]);
  }
  const all = [...byName].map(([name, files]) => example(name, files)).filter((it) => it.files.length);
  const rank = (it: Example) => (it.name === FIRST ? "" : it.name);
  return all.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** A README gives the title and the paragraph; all other files are the project. */
function example(name: string, all: Content[]): Example {
  const readme = all.find((it) => /^readme\.md$/i.test(it.path))?.text ?? "";
  const title = /^#\s+(.+)$/m.exec(readme)?.[1] ?? name.replaceAll("-", " ");
  const about = readme.replace(/^#.*$/m, "").trim().split(/\n\s*\n/)[0] ?? "";
  const files = all.filter((it) => !/\.md$/i.test(it.path));
  // Compose files first, then folder by folder, and last what only accompanies them.
  const rank = ({ path }: Content) =>
    `${/(^|\/)\.|file$/i.test(path) ? 2 : /compose[^/]*$/.test(path) ? 0 : 1} ${path.split("/").length} ${path}`;
  files.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  return { name, title, about: about.replace(/\s+/g, " "), files };
}
