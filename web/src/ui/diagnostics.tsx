import type { Diagnostic } from "@codemirror/lint";
import type { Text } from "@codemirror/state";
import type { Finding, Fix } from "plimsoll";
import { render } from "preact";
import { spanOf } from "../positions";
import { Inline } from "./Markdown";

/** Maximum number of findings that are underlined in one file. */
const MOST = 2000;

/** Returns the findings of one file as editor diagnostics. */
export function diagnosticsOf(doc: Text, findings: Finding[], apply: (fix: Fix) => void): Diagnostic[] {
  return findings.slice(0, MOST).map((finding) => {
    const { from, to } = visible(doc, spanOf(doc, finding.range));
    return {
      from,
      to,
      severity: finding.severity,
      message: finding.message,
      renderMessage: () => message(finding),
      actions: finding.fixes.slice(0, 3).map((fix) => ({ name: fix.title, apply: () => apply(fix) })),
    };
  });
}

function message(finding: Finding): HTMLElement {
  const element = document.createElement("div");
  render(
    <>
      <strong>{finding.code}</strong> <Inline text={finding.message} />
      {finding.why && <div class="cm-why"><Inline text={finding.why} /></div>}
    </>,
    element,
  );
  return element;
}

/**
 * Returns the range to underline: never empty, and only the first line of a long range, because an
 * underlined block hides the findings inside.
 */
function visible(doc: Text, { from, to }: { from: number; to: number }): { from: number; to: number } {
  const line = doc.lineAt(from);
  let end = Math.min(to, line.to);
  if (end > from) return { from, to: end };
  end = Math.min(from + 1, line.to);
  if (end > from) return { from, to: end };
  return { from: Math.max(line.from, from - 1), to: end };
}
