// The static pages of the documentation: every file of `docs/` for users as HTML, served under the same build.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, posix } from "node:path";
import { marked, type Tokens } from "marked";

/** Guides by the names of their files, in the order in which people need them. */
const GUIDES = [
  "ci", "configuration", "suppressions", "baseline", "decide", "crossing", "editors", "agents", "organisations",
  "faq", "comparison", "stability",
];
/** Where the other files that pages refer to can be read. */
const REPOSITORY = "https://github.com/plimsoll/plimsoll/blob/main/";
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'";

/** Shows a page in the colours that were chosen in the playground, before anything is drawn. */
const THEME = `try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // A browser without storage shows the colours of the system.
}
`;

interface Page {
  /** Folder below the root of the site, such as `rules/PLM101-depends-on-started-only`. */
  folder: string;
  title: string;
  summary: string;
  source: string;
}

/** Writes the pages, the style sheet, the JSON schemas, the skill and `llms.txt` into the folder of the built site. */
export function writeDocs(docs: string, styles: string[], site: string): void {
  const rules = readdirSync(join(docs, "rules")).filter((it) => it.startsWith("PLM") && it.endsWith(".md"));
  const guides = GUIDES.map((it) => page(`docs/${it}`, readFileSync(join(docs, `${it}.md`), "utf8")));
  const explained = [
    page("rules", readFileSync(join(docs, "rules/README.md"), "utf8")),
    ...rules.map((it) => page(`rules/${basename(it, ".md")}`, readFileSync(join(docs, "rules", it), "utf8"))),
  ];
  const overview = page("docs", `# Guides\n\n${guides.map((it) => entry(it)).join("\n")}\n`);
  for (const it of [overview, ...guides, ...explained]) {
    write(join(site, it.folder, "index.html"), html(it));
    // As text too, for readers that are programs.
    write(join(site, textOf(it)), it.source);
  }
  write(join(site, "docs.css"), styles.map((it) => readFileSync(it, "utf8")).join("\n"));
  write(join(site, "theme.js"), THEME);
  write(join(site, "SKILL.md"), readFileSync(join(docs, "../packaging/skills/plimsoll/SKILL.md"), "utf8"));
  // Under the address that `plimsoll init` writes into a configuration.
  for (const schema of ["config.schema.json", "report.schema.json"]) {
    write(join(site, schema), readFileSync(join(docs, "../wasm/npm/schema", schema), "utf8"));
  }
  write(join(site, "llms.txt"), index(guides, explained));
}

function page(folder: string, source: string): Page {
  const title = /^#\s+(.+)$/m.exec(source)?.[1] ?? folder;
  const paragraph = source.replace(/^#.*$/m, "").trim().split(/\n\s*\n/)[0] ?? "";
  return { folder, title, summary: paragraph.startsWith("|") ? "Every rule, by code." : paragraph.replace(/\s+/g, " "), source };
}

/** Returns the item of a page in a list of pages. */
function entry(it: Page): string {
  return `- [${it.title}](${textOf(it)}): ${it.summary}`;
}

/** Returns the path of a page as text. The list of rules lies among the rules, so that its links hold. */
function textOf({ folder }: Page): string {
  return folder === "rules" ? "rules/README.md" : `${folder}.md`;
}

function index(guides: Page[], rules: Page[]): string {
  const list = (pages: Page[]) => pages.map((it) => entry(it)).join("\n");
  return `# Plimsoll

> Finds pitfalls in Docker Compose and Kubernetes files, both sides together. On the command line: \`plimsoll check --format agent\`.

- [SKILL.md](SKILL.md): how an agent uses the command.

## Guides

${list(guides)}

## Rules

${list(rules)}
`;
}

function html({ folder, title, summary, source }: Page): string {
  const up = "../".repeat(folder.split("/").length);
  const code = /PLM\d+/.exec(folder)?.[0];
  const body = marked.parse(source, {
    async: false,
    walkTokens(token) {
      if (token.type === "link") (token as Tokens.Link).href = target((token as Tokens.Link).href, folder, up);
    },
  });
  // The list of rules leaves the head of its last column empty.
  const content = body.replaceAll("<th></th>", "<th>summary</th>");
  return `<!doctype html>
<html lang="en">
<head>
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${escaped(summary.replaceAll("`", ""))}">
<title>${escaped(title)} · Plimsoll</title>
<link rel="icon" href="${up}favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${up}docs.css">
<script src="${up}theme.js"></script>
</head>
<body>
<header><a href="${up}">Plimsoll</a> <nav aria-label="Documentation"><a href="${up}docs/">Guides</a> <a href="${up}rules/">Rules</a></nav></header>
<main>
${content}${code ? `<p><a href="${up}#rule=${code}">Open ${code} in the playground</a></p>\n` : ""}</main>
</body>
</html>
`;
}

/** Returns where a link between Markdown files leads on the site. */
function target(href: string, folder: string, up: string): string {
  const [path = "", part] = href.split("#");
  if (/^[a-z]+:/.test(href) || path === "") return href;
  const name = basename(path, ".md");
  const anchor = part ? `#${part}` : "";
  if (name.startsWith("PLM")) return `${up}rules/${name}/${anchor}`;
  if (name === "README" && (folder.startsWith("rules") || dirname(path) === "rules")) return `${up}rules/${anchor}`;
  if (GUIDES.includes(name) && path.endsWith(".md")) return `${up}docs/${name}/${anchor}`;
  return `${REPOSITORY}${posix.join(folder.startsWith("rules") ? "docs/rules" : "docs", path)}${anchor}`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
