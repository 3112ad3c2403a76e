/**
 * Returns a `plimsoll.yaml` in which a rule is switched off; `undefined` when the rule has a level there already, or
 * when `rules` is not a block with a line for each rule.
 */
export function withRuleOff(before: string, code: string): string | undefined {
  const text = before && !before.endsWith("\n") ? `${before}\n` : before;
  if (!/^["']?rules["']?[ \t]*:/m.test(text)) return `${text}rules:\n  ${code}: off\n`;
  const block = /^(rules:[ \t]*(?:#.*)?(\r?\n))((?:(?:[ \t#].*)?\r?\n)*)/m.exec(text);
  if (!block) return undefined;
  const [, head = "", lineEnd = "\n", body = ""] = block;
  const firstKey = /^([ \t]+)[^\s#]/m.exec(body);
  const isListed = new RegExp(`^[ \\t]+["']?${code}["']?[ \\t]*:`, "m").test(body);
  const isList = text.startsWith("- ", block.index + head.length) || /^[ \t]+-[ \t]/.test(firstKey ? body.slice(firstKey.index) : "");
  if (isListed || isList) return undefined;
  const at = block.index + head.length;
  return `${text.slice(0, at)}${firstKey?.[1] ?? "  "}${code}: off${lineEnd}${text.slice(at)}`;
}
