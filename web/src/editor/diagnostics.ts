import type { Diagnostic } from "@codemirror/lint";
import type { Text } from "@codemirror/state";
import type { Finding, Fix } from "plimsoll";
import { spanOf } from "../positions";
import { h } from "../ui/dom";
import { inline } from "../ui/markdown";

/** Returns the findings of one file as editor diagnostics. */
export function diagnosticsOf(doc: Text, findings: Finding[], apply: (fix: Fix) => void): Diagnostic[] {
  return findings.map((finding) => {
    const { from, to } = visible(doc, spanOf(doc, finding.range));
    return {
      from,
      to,
      severity: finding.severity,
      source: finding.code,
      message: finding.message,
      renderMessage: () =>
        h("div", {}, h("strong", {}, finding.code), " ", ...inline(finding.message),
          finding.why && h("div", { class: "cm-why" }, ...inline(finding.why))),
      actions: finding.fixes.slice(0, 3).map((fix) => ({ name: fix.title, apply: () => apply(fix) })),
    };
  });
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
