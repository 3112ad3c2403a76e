import { h } from "./dom";

/**
 * Renders the Markdown of rules: paragraphs, lists, fences and `code`. Builds nodes, never HTML, so
 * that no text can become markup.
 */
export function markdown(source: string): HTMLElement[] {
  const blocks: HTMLElement[] = [];
  let paragraph: string[] = [];
  let items: string[] = [];
  const close = () => {
    if (paragraph.length) blocks.push(h("p", {}, ...inline(paragraph.join(" "))));
    if (items.length) blocks.push(h("ul", {}, ...items.map((it) => h("li", {}, ...inline(it)))));
    paragraph = [];
    items = [];
  };
  const lines = source.split("\n");
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    const item = /^\s*(?:[-*]|\d+\.)\s+(.*)$/.exec(line);
    if (line.trimStart().startsWith("```")) {
      close();
      const code: string[] = [];
      while (++index < lines.length && !lines[index]?.trimStart().startsWith("```")) code.push(lines[index] ?? "");
      blocks.push(codeBlock(code.join("\n")));
    } else if (item) {
      if (paragraph.length) close();
      items.push(item[1] ?? "");
    } else if (!line.trim()) {
      close();
    } else if (items.length && /^\s/.test(line)) {
      items.push(`${items.pop()} ${line.trim()}`);
    } else {
      if (items.length) close();
      paragraph.push(line.trim());
    }
  }
  close();
  return blocks;
}

/** Renders `code` and *emphasis* within a line. */
export function inline(text: string): (Node | string)[] {
  return text.split(/(`[^`]+`|\*\*?[^*\s][^*]*\*\*?)/).map((part, index) => {
    if (index % 2 === 0) return part;
    if (part.startsWith("`")) return h("code", {}, part.slice(1, -1));
    return h("em", {}, part.replace(/^\*+|\*+$/g, ""));
  });
}

/** A block of code that scrolls sideways, with the keyboard too. */
export function codeBlock(text: string): HTMLElement {
  return h("pre", { tabindex: 0, role: "group", "aria-label": "Code" }, h("code", {}, text));
}
