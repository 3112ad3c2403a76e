// Fixes as code actions.
import type { Finding, Options } from "plimsoll";
import {
  CodeActionKind,
  type CodeAction,
  type CodeActionParams,
  type Range,
  type TextEdit,
  type WorkspaceEdit,
} from "vscode-languageserver-protocol/browser";
import { diagnostic, edits, touches } from "./convert";
import { href, type Project } from "./project";

export const FIX_ALL = `${CodeActionKind.SourceFixAll}.plimsoll`;

/** Whether a client that wants some kinds of actions wants this one. */
function wants(only: CodeActionKind[] | undefined, kind: CodeActionKind): boolean {
  return only === undefined || only.some((it) => it === "" || kind === it || kind.startsWith(`${it}.`));
}

export function codeActions(project: Project, { textDocument, range, context }: CodeActionParams, options: Options): CodeAction[] {
  const findings = project.findings(textDocument.uri, options);
  const actions: CodeAction[] = [];
  if (wants(context.only, CodeActionKind.QuickFix)) actions.push(...quickFixes(project, findings, range));
  // Only where it is asked for by its kind, so that it does not stand in every light bulb.
  if (context.only !== undefined && wants(context.only, FIX_ALL)) {
    const all = allSafe(project, findings, textDocument.uri);
    if (all.length > 0) {
      const edit = versioned(project, new Map([[textDocument.uri, all]]));
      actions.push({ title: "Apply all safe fixes of Plimsoll", kind: FIX_ALL, edit });
    }
  }
  return actions;
}

/** Returns the fixes of the findings on the lines of a range. */
function quickFixes(project: Project, findings: Finding[], range: Range): CodeAction[] {
  const { locate } = project;
  const wholeLines = { start: { line: range.start.line, character: 0 }, end: { line: range.end.line + 1, character: 0 } };
  return findings.flatMap((finding) => {
    const shown = diagnostic(finding, locate, href(finding));
    if (!touches(shown.range, wholeLines)) return [];
    return finding.fixes.map((fix, index): CodeAction => ({
      title: fix.title,
      kind: CodeActionKind.QuickFix,
      diagnostics: [shown],
      isPreferred: index === 0 && fix.safety === "safe",
      edit: versioned(project, edits(fix, locate)),
    }));
  });
}

/** Returns the edits of the safe fixes within a file, without those that meet an earlier one. */
function allSafe(project: Project, findings: Finding[], uri: string): TextEdit[] {
  const { locate } = project;
  const taken: TextEdit[] = [];
  for (const finding of findings) {
    const fix = finding.fixes.find((it) => it.safety === "safe");
    if (fix === undefined) continue;
    const found = edits(fix, locate);
    const here = found.get(uri) ?? [];
    const isAlone = found.size === 1 && here.every((it) => !taken.some((other) => touches(it.range, other.range)));
    if (isAlone) taken.push(...here);
  }
  return taken;
}

/** Returns an edit that the client refuses where the text has changed since. */
function versioned(project: Project, changes: Map<string, TextEdit[]>): WorkspaceEdit {
  return {
    documentChanges: [...changes].map(([uri, list]) => ({
      textDocument: { uri, version: project.document(uri)?.version ?? null },
      edits: list,
    })),
  };
}
