import type { ComponentChildren } from "preact";

/** Renders `code` and *emphasis* within a line. Builds nodes, never HTML, so that no text can become markup. */
export function Inline({ text }: { text: string }) {
  const parts = text.split(/(`[^`]+`|\*\*?[^*\s][^*]*\*\*?)/);
  return (
    <>
      {parts.map((part, index) => {
        if (index % 2 === 0) return part;
        if (part.startsWith("`")) return <code>{part.slice(1, -1)}</code>;
        return <em>{part.replace(/^\*+|\*+$/g, "")}</em>;
      })}
    </>
  );
}

/** Renders the Markdown of rules: paragraphs, lists, fences and what `Inline` knows. */
export function Markdown({ source }: { source: string }) {
  const blocks: ComponentChildren[] = [];
  let paragraph: string[] = [];
  let items: string[] = [];
  const close = () => {
    if (paragraph.length) blocks.push(<p><Inline text={paragraph.join(" ")} /></p>);
    if (items.length) blocks.push(<ul>{items.map((it) => <li><Inline text={it} /></li>)}</ul>);
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
      blocks.push(<CodeBlock text={code.join("\n")} />);
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
  return <>{blocks}</>;
}

/** A block of code that scrolls sideways, with the keyboard too. */
export function CodeBlock({ text }: { text: string }) {
  return <pre tabIndex={0} role="group" aria-label="Code"><code>{text}</code></pre>;
}
