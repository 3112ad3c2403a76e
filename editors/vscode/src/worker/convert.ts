// From the engine, which counts lines and columns from 1, to the protocol. Both count columns in UTF-16 code units.
import type { Completion, Finding, Fix, Range as Place } from "plimsoll";
import {
  CompletionItemKind,
  DiagnosticSeverity,
  InsertTextMode,
  type CompletionItem,
  type Diagnostic,
  type Position,
  type Range,
  type TextEdit,
} from "vscode-languageserver-protocol/browser";

const SEVERITIES: Record<Finding["severity"], DiagnosticSeverity> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};

/** As the language server of the desktop has them. */
const KINDS: Record<Completion["kind"], CompletionItemKind> = {
  service: CompletionItemKind.Module,
  host: CompletionItemKind.Module,
  condition: CompletionItemKind.EnumMember,
  profile: CompletionItemKind.EnumMember,
  volume: CompletionItemKind.Reference,
  network: CompletionItemKind.Reference,
  file: CompletionItemKind.File,
  path: CompletionItemKind.File,
  object: CompletionItemKind.Class,
  key: CompletionItemKind.Field,
  value: CompletionItemKind.Field,
  port: CompletionItemKind.Value,
  image: CompletionItemKind.Value,
  "named-template": CompletionItemKind.Function,
  variable: CompletionItemKind.Variable,
};

export function range({ start, end }: Place): Range {
  const position = ({ line, column }: Place["start"]): Position => ({ line: line - 1, character: column - 1 });
  return { start: position(start), end: position(end) };
}

/** Returns the offset of a position; one past the end of its line means that end. */
export function offsetAt(text: string, { line, character }: Position): number {
  let start = 0;
  for (let at = 0; at < line; at += 1) {
    start = text.indexOf("\n", start) + 1;
    if (start === 0) return text.length;
  }
  const end = text.indexOf("\n", start);
  return Math.min(start + character, end < 0 ? text.length : end);
}

/** Returns a completion; `order` is its place among them. */
export function completionItem(it: Completion, order: number): CompletionItem {
  return {
    label: it.label,
    kind: KINDS[it.kind],
    ...(it.detail === undefined ? {} : { detail: it.detail }),
    ...(it.documentation === undefined ? {} : { documentation: { kind: "markdown", value: it.documentation } }),
    filterText: it.filter,
    sortText: String(order).padStart(5, "0"),
    textEdit: { range: range(it.replace), newText: it.insert },
    insertTextMode: InsertTextMode.asIs,
  };
}

export function diagnostic(finding: Finding, locate: (path: string) => string, href: string | undefined): Diagnostic {
  const related = finding.related.map((it) => ({ location: { uri: locate(it.path), range: range(it.range) }, message: it.message }));
  return {
    range: range(finding.range),
    severity: SEVERITIES[finding.severity],
    code: finding.code,
    source: "plimsoll",
    message: finding.message,
    ...(href === undefined ? {} : { codeDescription: { href } }),
    ...(related.length > 0 ? { relatedInformation: related } : {}),
  };
}

/** Returns the edits of a fix by the address of the file. */
export function edits(fix: Fix, locate: (path: string) => string): Map<string, TextEdit[]> {
  const found = new Map<string, TextEdit[]>();
  for (const { path, range: place, text } of fix.edits) {
    const uri = locate(path);
    const edits = found.get(uri) ?? [];
    edits.push({ range: range(place), newText: text });
    found.set(uri, edits);
  }
  return found;
}

/** Whether two ranges share a place. */
export function touches(a: Range, b: Range): boolean {
  return !isBefore(a.end, b.start) && !isBefore(b.end, a.start);
}

function isBefore(a: Position, b: Position): boolean {
  return a.line < b.line || (a.line === b.line && a.character < b.character);
}
