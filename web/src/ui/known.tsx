import { render } from "preact";
import { Markdown } from "./Markdown";

/** Renders what the engine knows of a place, for a tooltip of the editor. */
export function known(markdown: string): HTMLElement {
  const element = document.createElement("div");
  element.className = "cm-known";
  render(markdown.split("\n\n---\n\n").map((it) => <div><Markdown source={unescaped(it)} /></div>), element);
  return element;
}

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"' };

/** Turns the escapes outside of code into the letters that they stand for, which `Markdown` shows as they are. */
function unescaped(markdown: string): string {
  const plain = (text: string): string => text.replace(/\\([*_[\]\\~#>])|&(?:(\w+)|#(\d+));/g, (all, letter, name, code) =>
    letter ?? (code ? String.fromCodePoint(Number(code)) : ENTITIES[name] ?? all));
  return markdown.split(/(`+[^`]*`+)/).map((part, index) => (index % 2 ? part : plain(part))).join("");
}
