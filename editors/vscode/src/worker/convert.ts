// From a report, which counts lines and columns from 1 and columns in code points, to the protocol.
import type { Finding, Fix, Range as Place } from "plimsoll";
import { DiagnosticSeverity, type Diagnostic, type Position, type Range, type TextEdit } from "vscode-languageserver-protocol/browser";

const SEVERITIES: Record<Finding["severity"], DiagnosticSeverity> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};

/** A text by its lines, in which columns of code points become those of UTF-16. */
export class Lines {
  readonly #lines: string[];

  constructor(text: string) {
    this.#lines = text.split("\n");
  }

  range({ start, end }: Place): Range {
    return { start: this.#position(start), end: this.#position(end) };
  }

  #position({ line, column }: Place["start"]): Position {
    const points = [...(this.#lines[line - 1] ?? "")].slice(0, column - 1);
    return { line: line - 1, character: points.join("").length };
  }
}

/** Where a file of a report is, and how to count in it. */
export interface Located {
  uri: string;
  lines: Lines;
}

export function diagnostic(finding: Finding, locate: (path: string) => Located, href: string | undefined): Diagnostic {
  const related = finding.related.map(({ path, range, message }) => {
    const { uri, lines } = locate(path);
    return { location: { uri, range: lines.range(range) }, message };
  });
  return {
    range: locate(finding.path).lines.range(finding.range),
    severity: SEVERITIES[finding.severity],
    code: finding.code,
    source: "plimsoll",
    message: finding.message,
    ...(href === undefined ? {} : { codeDescription: { href } }),
    ...(related.length > 0 ? { relatedInformation: related } : {}),
  };
}

/** Returns the edits of a fix by the address of the file. */
export function edits(fix: Fix, locate: (path: string) => Located): Map<string, TextEdit[]> {
  const found = new Map<string, TextEdit[]>();
  for (const { path, range, text } of fix.edits) {
    const { uri, lines } = locate(path);
    found.set(uri, [...(found.get(uri) ?? []), { range: lines.range(range), newText: text }]);
  }
  return found;
}

export function hover(finding: Finding, href: string | undefined): string {
  const parts = [`**${finding.code} ${finding.name}** (${finding.severity})`, finding.message];
  const section = (title: string, text: string): void => {
    if (text !== "") parts.push(`**${title}**`, text);
  };
  section("Why it hurts", finding.why);
  section("What helps", finding.help.join("\n\n"));
  section("How to check", finding.check.length > 0 ? `\`\`\`sh\n${finding.check.join("\n")}\n\`\`\`` : "");
  if (href !== undefined) parts.push(`[More about ${finding.code}](${href})`);
  return parts.join("\n\n");
}

/** Whether two ranges share a place. */
export function touches(a: Range, b: Range): boolean {
  return !isBefore(a.end, b.start) && !isBefore(b.end, a.start);
}

function isBefore(a: Position, b: Position): boolean {
  return a.line < b.line || (a.line === b.line && a.character < b.character);
}
