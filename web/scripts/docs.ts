// The static pages of the documentation: every file of `docs/` for users as HTML, served under the same build.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { marked, type Tokens } from "marked";

/** Pages beside the rules, by the name of their file. */
const GUIDES = ["configuration", "suppressions", "decide", "baseline"];
const POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'";

interface Page {
  /** Folder below the root of the site, such as `rules/PLM101-depends-on-started-only`. */
  folder: string;
  title: string;
  summary: string;
  source: string;
}

/** Writes the pages, the style sheet and `llms.txt` into the folder of the built site. */
export function writeDocs(docs: string, styles: string[], site: string): void {
  const rules = readdirSync(join(docs, "rules")).filter((it) => it.startsWith("PLM") && it.endsWith(".md"));
  const pages = [
    page("rules", readFileSync(join(docs, "rules/README.md"), "utf8")),
    ...rules.map((it) => page(`rules/${basename(it, ".md")}`, readFileSync(join(docs, "rules", it), "utf8"))),
    ...GUIDES.map((it) => page(`docs/${it}`, readFileSync(join(docs, `${it}.md`), "utf8"))),
  ];
  for (const it of pages) {
    write(join(site, it.folder, "index.html"), html(it));
    // As text too, for readers that are programs.
    write(join(site, textOf(it)), it.source);
  }
  write(join(site, "docs.css"), styles.map((it) => readFileSync(it, "utf8")).join("\n"));
  write(join(site, "llms.txt"), index(pages));
}

function page(folder: string, source: string): Page {
  const title = /^#\s+(.+)$/m.exec(source)?.[1] ?? folder;
  const paragraph = source.replace(/^#.*$/m, "").trim().split(/\n\s*\n/)[0] ?? "";
  return { folder, title, summary: paragraph.startsWith("|") ? "Every rule, by code." : paragraph.replace(/\s+/g, " "), source };
}

/** Returns the path of a page as text. The list of rules lies among the rules, so that its links hold. */
function textOf({ folder }: Page): string {
  return folder === "rules" ? "rules/README.md" : `${folder}.md`;
}

function index(pages: Page[]): string {
  const lines = pages.map((it) => `- [${it.title}](${textOf(it)}): ${it.summary}`);
  return `# Plimsoll\n\n> Finds pitfalls in Docker Compose and Kubernetes files, both sides together.\n\n## Pages\n\n${lines.join("\n")}\n`;
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
</head>
<body>
<header><a href="${up}">Plimsoll</a> <nav aria-label="Documentation"><a href="${up}rules/">Rules</a>${GUIDES.map((it) => ` <a href="${up}docs/${it}/">${it.charAt(0).toUpperCase()}${it.slice(1)}</a>`).join("")}</nav></header>
<main>
${content}${code ? `<p><a href="${up}#rule=${code}">Open ${code} in the playground</a></p>\n` : ""}</main>
</body>
</html>
`;
}

/** Returns where a link between Markdown files leads on the site. */
function target(href: string, folder: string, up: string): string {
  const [path = "", part] = href.split("#");
  if (/^[a-z]+:/.test(href) || !path.endsWith(".md")) return href;
  const name = basename(path, ".md");
  const anchor = part ? `#${part}` : "";
  if (name.startsWith("PLM")) return `${up}rules/${name}/${anchor}`;
  if (name === "README" && folder.startsWith("rules")) return `${up}rules/${anchor}`;
  return GUIDES.includes(name) ? `${up}docs/${name}/${anchor}` : `${up}rules/`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
