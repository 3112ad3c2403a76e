// HTML as text: pages have no scripts, so they are written and not built.
import type { Range } from "./wire";

/** Text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
}

type Part = Html | string | number | undefined | false | readonly Part[];

/** Joins parts: HTML as it is, everything else escaped. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(strings.reduce((text, string, index) => text + written(parts[index - 1]) + string));
}

function written(part: Part): string {
  if (part === undefined || part === false) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(written).join("");
  return escape(String(part));
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (it) => `&#${it.charCodeAt(0)};`);
}

/** Returns a sentence in which backticks mark code. */
export function prose(text: string): Html {
  const parts = text.split("`");
  return new Html(parts.map((it, index) => (index % 2 === 1 ? `<code>${escape(it)}</code>` : escape(it))).join(""));
}

/** Returns a link that opens a place in the editor; `root` is the address of the folder that paths start from. */
export function placeLink(root: string | undefined, path: string | undefined, range: Range | undefined): Html {
  if (path === undefined || range === undefined) return html``;
  const shown = `${path}:${range.start.line}`;
  if (root === undefined) return html`<span class="place">${shown}</span>`;
  const file = `${root.replace(/\/$/, "")}/${path.split("/").map(encodeURIComponent).join("/")}`;
  const args = encodeURIComponent(JSON.stringify([file, range.start.line, range.start.column]));
  return html`<a class="place" href="command:plimsoll.openPlace?${args}">${shown}</a>`;
}
