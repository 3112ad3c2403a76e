// The static pages of the documentation, as the build leaves them in `dist`.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { rules } from "plimsoll";

const SITE = process.env.PLIMSOLL_SITE ?? fileURLToPath(new URL("../dist/", import.meta.url));
const DOCS = fileURLToPath(new URL("../../docs/", import.meta.url));
/** What only people read who work on Plimsoll. */
const INTERNAL = ["architecture.md", "contributing.md"];

const pages = readdirSync(SITE, { recursive: true }).filter((it) => /^(docs|rules)\b.*index\.html$/.test(it));

test("every guide is a page, in the list of guides and in llms.txt", () => {
  const guides = readdirSync(DOCS).filter((it) => it.endsWith(".md") && !INTERNAL.includes(it));
  assert.ok(guides.length > 8, String(guides));
  const list = readFileSync(join(SITE, "docs/index.html"), "utf8");
  const index = readFileSync(join(SITE, "llms.txt"), "utf8");
  for (const guide of guides) {
    const name = guide.replace(".md", "");
    assert.ok(pages.includes(`docs/${name}/index.html`), guide);
    assert.ok(list.includes(`docs/${name}/`), guide);
    assert.ok(index.includes(`(docs/${guide})`), guide);
    assert.equal(readFileSync(join(SITE, "docs", guide), "utf8"), readFileSync(join(DOCS, guide), "utf8"));
  }
});

test("every rule has a page at the address that findings, editors and SARIF point to", () => {
  const all = rules();
  assert.ok(all.length > 150, String(all.length));
  for (const { code, name, url } of all) {
    assert.equal(url, `https://plimsoll.dev/rules/${code}-${name}`);
    const html = readFileSync(join(SITE, new URL(url).pathname, "index.html"), "utf8");
    assert.ok(html.includes(`<h1>${code} `), url);
  }
});

test("every link between pages leads somewhere", () => {
  let followed = 0;
  for (const page of pages) {
    const html = readFileSync(join(SITE, page), "utf8");
    for (const [, href] of html.matchAll(/<a href="([^"#]+)/g)) {
      if (/^https?:/.test(href)) continue;
      const place = join(SITE, dirname(page), href);
      // The page that analyses files is no part of the documentation.
      assert.ok(existsSync(join(place, "index.html")) || join(place) === join(SITE), `${page}: ${href}`);
      followed += 1;
    }
  }
  assert.ok(followed > 500, String(followed));
});

test("every file that llms.txt names is there", () => {
  const index = readFileSync(join(SITE, "llms.txt"), "utf8");
  const files = [...index.matchAll(/^- \[[^\]]+\]\(([^)]+)\): \S/gm)].map((it) => it[1]);
  assert.ok(files.length > 150, String(files.length));
  for (const file of files) assert.ok(existsSync(join(SITE, file)), file);
});

test("the schema and the guide lie where a configuration says", () => {
  const init = readFileSync(join(DOCS, "../cli/src/init.rs"), "utf8");
  const [, name] = /\$schema=https:\/\/plimsoll\.dev\/(\S+)/.exec(init);
  assert.equal(JSON.parse(readFileSync(join(SITE, name), "utf8")).title, "Configuration of Plimsoll");
  const [, page] = /https:\/\/plimsoll\.dev\/(docs\/\S+)/.exec(init);
  assert.ok(existsSync(join(SITE, page, "index.html")), page);
});
