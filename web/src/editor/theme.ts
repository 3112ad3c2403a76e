import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

// Colours come from the page's own variables, so that light and dark are decided in one place.
const highlight = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--code-key)" },
  { tag: [tags.string, tags.content], color: "var(--code-text)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--code-value)" },
  { tag: tags.comment, color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.labelName, tags.typeName, tags.keyword, tags.meta], color: "var(--code-mark)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", fontSize: "var(--size-dense)", backgroundColor: "var(--surface)", color: "var(--ink)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--ink)", padding: "8px 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--faint)", border: "none" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 6px 0 10px" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--line-active)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection": {
    backgroundColor: "var(--selection) !important",
  },
  ".cm-placeholder": { color: "var(--muted)" },
  ".cm-tooltip": {
    backgroundColor: "var(--raised)", color: "var(--ink)", border: "1px solid var(--rule)", borderRadius: "6px",
    boxShadow: "var(--shadow)", maxWidth: "min(34rem, 90vw)", overflow: "hidden",
  },
  ".cm-diagnostic": { padding: "6px 10px", fontFamily: "var(--sans)", lineHeight: "1.4", borderLeft: "3px solid" },
  ".cm-known": { padding: "6px 10px", fontFamily: "var(--sans)", lineHeight: "1.4", maxHeight: "40vh", overflow: "auto" },
  ".cm-known > div + div": { borderTop: "1px solid var(--rule)", marginTop: "6px", paddingTop: "6px" },
  ".cm-known p, .cm-known ul": { margin: "0" },
  ".cm-known ul": { paddingLeft: "1.2em", listStyle: "disc" },
  ".cm-known em": { fontStyle: "normal", fontWeight: "600" },
  ".cm-diagnostic-error": { borderColor: "var(--error)" },
  ".cm-diagnostic-warning": { borderColor: "var(--warning)" },
  ".cm-diagnostic-info": { borderColor: "var(--info)" },
  ".cm-diagnostic-hint": { borderColor: "var(--hint)" },
  ".cm-diagnosticAction": { backgroundColor: "var(--accent)", color: "var(--on-accent)", borderRadius: "4px" },
  ".cm-lintRange": { backgroundImage: "none", paddingBottom: "0", textDecorationSkipInk: "none" },
  ".cm-lintRange-error": { textDecoration: "underline wavy 1px var(--error)", textUnderlineOffset: "3px" },
  ".cm-lintRange-warning": { textDecoration: "underline wavy 1px var(--warning)", textUnderlineOffset: "3px" },
  ".cm-lintRange-info": { textDecoration: "underline dotted 2px var(--info)", textUnderlineOffset: "3px" },
  ".cm-lintRange-hint": { textDecoration: "underline dotted 1.5px var(--hint)", textUnderlineOffset: "3px" },
  ".cm-lintRange-active": { backgroundColor: "var(--selection)" },
  ".cm-gutter-lint": { width: "12px" },
  ".cm-gutter-lint .cm-gutterElement": { padding: "0", display: "flex", alignItems: "center", justifyContent: "center" },
  ".cm-lint-marker": { content: "none", width: "7px", height: "7px", borderRadius: "50%" },
  ".cm-lint-marker-error": { backgroundColor: "var(--error)", borderRadius: "1px" },
  ".cm-lint-marker-warning": { backgroundColor: "var(--warning)" },
  ".cm-lint-marker-info": { backgroundColor: "var(--info)" },
  ".cm-lint-marker-hint": { backgroundColor: "var(--hint)" },
  ".cm-flash": { backgroundColor: "var(--flash)" },
  ".cm-panels": { backgroundColor: "var(--raised)", color: "var(--ink)", borderColor: "var(--rule)" },
  ".cm-panel.cm-search input, .cm-panel.cm-search button": { fontFamily: "var(--sans)" },
  ".cm-textfield": { backgroundColor: "var(--surface)", borderColor: "var(--rule)" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--surface)", borderColor: "var(--rule)", color: "var(--ink)" },
});

export const theme = [look, syntaxHighlighting(highlight)];
