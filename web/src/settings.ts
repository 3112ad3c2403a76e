/** Levels that a rule can have in a `plimsoll.yaml`. */
export const LEVELS = ["error", "warning", "info", "hint", "off"] as const;

/** The settings that the page writes; each stands on a line of its own. */
export type Setting = "role" | "kubernetes" | "server";

/**
 * Returns a `plimsoll.yaml` in which a rule has a level, or none of its own for an empty one; `undefined` when `rules`
 * is not a block with a line for each rule.
 */
export function withLevel(before: string, code: string, level: string): string | undefined {
  const text = ended(before);
  if (!/^["']?rules["']?[ \t]*:/m.test(text)) return level ? `${text}rules:\n  ${code}: ${level}\n` : text;
  const block = rulesBlock(text);
  if (!block) return undefined;
  const lines = block.body.split(/(?<=\n)/).filter((it) => it);
  const own = new RegExp(`^[ \\t]+["']?${code}["']?[ \\t]*:[ \\t]*[^\\s#]*([^\\r\\n]*)`);
  const at = lines.findIndex((it) => own.test(it));
  const behind = own.exec(lines[at] ?? "")?.[1] ?? "";
  if (at >= 0) lines.splice(at, 1);
  if (level) {
    // Later entries win, so the line comes after every one that may be about the same rule: a family, or a name.
    const mayStay = at >= 0 && lines.slice(at).every((it) => !isEntry(it) || /^[ \t]+["']?PLM\d{3}\b/.test(it));
    lines.splice(mayStay ? at : lines.findLastIndex(isEntry) + 1, 0, `${block.indent}${code}: ${level}${behind}${block.lineEnd}`);
  }
  // `rules:` with nothing below it says nothing.
  const head = lines.some(isEntry) ? block.start : block.head;
  return text.slice(0, head) + lines.join("") + text.slice(block.start + block.body.length);
}

/** Returns the levels that a `plimsoll.yaml` gives to rules, by what it calls them. */
export function levelsIn(text: string): Map<string, string> {
  const body = rulesBlock(ended(text))?.body ?? "";
  const lines = body.matchAll(/^[ \t]+["']?([\w-]+)["']?[ \t]*:[ \t]*["']?(error|warning|info|hint|off)\b/gm);
  return new Map([...lines].map(([, name = "", level = ""]) => [name, level]));
}

/** Returns the text behind a setting; empty when it is not there, or not on one line. */
export function settingIn(text: string, key: Setting): string {
  return settingLine(key).exec(text)?.[1] ?? "";
}

/**
 * Returns a `plimsoll.yaml` with a setting, or without it for an empty value; `undefined` when the setting is written
 * in a form of several lines.
 */
export function withSetting(before: string, key: Setting, value: string): string | undefined {
  const text = ended(before);
  const line = `${key}: ${value}\n`;
  const written = settingLine(key).exec(text);
  if (!written) return value ? text + line : text;
  const [old, oldValue] = written;
  if (!oldValue || oldValue === "|" || oldValue === ">") return undefined;
  const end = written.index + old.length + (text.slice(written.index + old.length).match(/^\r?\n/)?.[0].length ?? 0);
  return text.slice(0, written.index) + (value ? line : "") + text.slice(end);
}

/** The server as two amounts, and back. */
export function serverIn(text: string): { cpus: string; memory: string } {
  const flow = settingIn(text, "server");
  const part = (name: string) => new RegExp(`\\b${name}:\\s*["']?([\\w.]+)`).exec(flow)?.[1] ?? "";
  return { cpus: part("cpus"), memory: part("memory") };
}

export function serverText({ cpus, memory }: { cpus: string; memory: string }): string {
  const parts = [cpus && `cpus: ${cpus}`, memory && `memory: ${memory}`].filter(Boolean);
  return parts.length ? `{ ${parts.join(", ")} }` : "";
}

function settingLine(key: Setting): RegExp {
  return new RegExp(`^${key}:[ \\t]*(.*?)[ \\t]*(?:[ \\t]#.*)?$`, "m");
}

/** Returns a text whose last line has an end. */
function ended(text: string): string {
  return text && !text.endsWith("\n") ? `${text}\n` : text;
}

/** Whether a line below `rules:` names a rule. */
function isEntry(line: string): boolean {
  return /^[ \t]+[^\s#]/.test(line);
}

interface Block {
  /** Where the line `rules:` begins. */
  head: number;
  /** Where the lines below it begin. */
  start: number;
  body: string;
  lineEnd: string;
  indent: string;
}

function rulesBlock(text: string): Block | undefined {
  const block = /^(rules:[ \t]*(?:#.*)?(\r?\n))((?:(?:[ \t#].*)?\r?\n)*)/m.exec(text);
  if (!block) return undefined;
  const [, head = "", lineEnd = "\n", body = ""] = block;
  const start = block.index + head.length;
  const firstKey = /^([ \t]+)[^\s#]/m.exec(body);
  const isList = text.startsWith("- ", start) || /^[ \t]+-[ \t]/.test(firstKey ? body.slice(firstKey.index) : "");
  return isList ? undefined : { head: block.index, start, body, lineEnd, indent: firstKey?.[1] ?? "  " };
}
