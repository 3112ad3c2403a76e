import { isAnswer } from "./answers";
import { tidy, type Content } from "./project";

export interface Shared {
  files: Content[];
  answers: Record<string, string>;
}

/** What a link holds, and what of it could not be used. */
export interface Unpacked extends Shared {
  leftOut: string[];
}

/** Maximum number of files that a link may hold. */
const MOST_FILES = 500;
/** Maximum length of all texts of a link together. */
const MOST_TEXT = 5_000_000;

/**
 * The project in an address: JSON, deflated, base64url, after the `#`. Browsers never send that part
 * to a server, so a link carries the files and nothing else does.
 */
export async function pack({ files, answers }: Shared): Promise<string> {
  const json = JSON.stringify([files.map((it) => [it.path, it.text]), answers]);
  const stream = new Blob([json]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * Returns everything of a link that is valid, and says what is not. Throws when nothing can be read: the text was
 * not made by `pack`, or was cut on the way.
 */
export async function unpack(packed: string): Promise<Unpacked> {
  const [files, answers] = JSON.parse(await inflate(packed)) as [unknown, unknown];
  const leftOut: string[] = [];
  const valid = { files: validFiles(files, leftOut), answers: validAnswers(answers, leftOut), leftOut };
  if (!valid.files.length) throw new Error("no files in the link");
  return valid;
}

function validFiles(files: unknown, leftOut: string[]): Content[] {
  if (!Array.isArray(files)) return [];
  const byPath = new Map<string, string>();
  const counts = { unreadable: 0, repeated: 0, beyond: 0 };
  let size = 0;
  for (const it of files as unknown[]) {
    const [path, text] = Array.isArray(it) ? (it as unknown[]) : [];
    if (typeof path !== "string" || typeof text !== "string" || !tidy(path)) counts.unreadable += 1;
    else if (byPath.has(tidy(path))) counts.repeated += 1;
    else if (byPath.size >= MOST_FILES || size + text.length > MOST_TEXT) counts.beyond += 1;
    else {
      byPath.set(tidy(path), text);
      size += text.length;
    }
  }
  if (counts.unreadable) leftOut.push(`${amount(counts.unreadable, "file")} that could not be read`);
  if (counts.repeated) leftOut.push(`${amount(counts.repeated, "file")} with a name that another file has`);
  if (counts.beyond) leftOut.push(`${amount(counts.beyond, "file")} beyond what a link may hold`);
  return [...byPath].map(([path, text]) => ({ path, text }));
}

function validAnswers(answers: unknown, leftOut: string[]): Record<string, string> {
  const valid: Record<string, string> = {};
  if (typeof answers !== "object" || answers === null) return valid;
  let unknown = 0;
  for (const [key, value] of Object.entries(answers)) {
    if (typeof value === "string" && isAnswer(key, value)) valid[key] = value;
    else unknown += 1;
  }
  if (unknown) leftOut.push(`${amount(unknown, "answer")} that this version does not know`);
  return valid;
}

function amount(count: number, what: string): string {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}

/** Inflates a packed text, and stops at one that would fill the memory. */
async function inflate(packed: string): Promise<string> {
  const binary = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (it) => it.charCodeAt(0));
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length;
    if (size > 8 * MOST_TEXT) throw new Error("the link is too large");
    parts.push(next.value as Uint8Array<ArrayBuffer>);
  }
  return new Blob(parts).text();
}
