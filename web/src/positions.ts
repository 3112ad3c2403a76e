import type { Text } from "@codemirror/state";
import type { Position, Range } from "plimsoll";

/**
 * Reports count columns in Unicode code points from 1; the editor counts UTF-16 units from the start
 * of the document. A report may be older than the text, so everything is clamped to what exists.
 */
export function offsetOf(doc: Text, position: Position): number {
  if (position.line > doc.lines) return doc.length;
  const line = doc.line(Math.max(1, position.line));
  return line.from + utf16Length(line.text, position.column - 1);
}

/** Returns the byte of a text that an offset of the editor means, in which every line ends with one letter. */
export function byteAt(text: string, doc: Text, at: number): number {
  const { number, from } = doc.lineAt(at);
  const breaks = /\r\n?|\n/g;
  for (let line = 1; line < number; line += 1) breaks.exec(text);
  return new TextEncoder().encode(text.slice(0, breaks.lastIndex + at - from)).length;
}

/** Returns the number of UTF-16 units in the first `points` code points of a text. */
export function utf16Length(text: string, points: number): number {
  let units = 0;
  for (let seen = 0; seen < points && units < text.length; seen += 1) {
    const code = text.codePointAt(units) ?? 0;
    units += code > 0xffff ? 2 : 1;
  }
  return units;
}

export function spanOf(doc: Text, range: Range): { from: number; to: number } {
  const from = offsetOf(doc, range.start);
  return { from, to: Math.max(from, offsetOf(doc, range.end)) };
}

/** Returns a place as people write it: `compose.yaml:8`. */
export function place(path: string, range: Range): string {
  return `${path}:${range.start.line}`;
}
