import { isAnswer } from "./answers";
import { tidy, type Content } from "./project";
import { amount } from "./words";

export interface Shared {
  files: Content[];
  answers: Record<string, string>;
}

/** What a link holds, and what of it could not be used. */
export interface Unpacked extends Shared {
  leftOut: string[];
}

/** Why a link cannot be opened, to be read after "this link". */
export class LinkError extends Error {}

/** Maximum number of files that a link may hold. */
const MOST_FILES = 500;
/** Maximum length of all texts of a link together. */
const MOST_TEXT = 5_000_000;

/**
 * The project in an address: JSON, deflated, base64url, after the `#`. Browsers never send that part
 * to a server, so whoever has the link has the files, and nobody else.
 */
export async function pack({ files, answers }: Shared): Promise<string> {
  const json = JSON.stringify([files.map((it) => (it.bytes ? [it.path, base64(it.bytes), "base64"] : [it.path, it.text])), answers]);
  const stream = new Blob([json]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  return base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Returns the bytes of a packed file; `undefined` when the text is something else. */
function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (it) => it.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/**
 * Returns everything of a link that is valid, and says what is not. Throws when nothing can be read: the text was
 * not made by `pack`, was cut on the way, or inflates without end.
 */
export async function unpack(packed: string): Promise<Unpacked> {
  const [files, answers] = JSON.parse(await inflate(packed)) as [unknown, unknown];
  const leftOut: string[] = [];
  const valid = { files: validFiles(files, leftOut), answers: validAnswers(answers, leftOut), leftOut };
  if (!valid.files.length) throw new LinkError("holds no files");
  return valid;
}

function validFiles(files: unknown, leftOut: string[]): Content[] {
  if (!Array.isArray(files)) return [];
  const byPath = new Map<string, Content>();
  const counts = { unreadable: 0, repeated: 0, beyond: 0 };
  let size = 0;
  for (const it of files as unknown[]) {
    const [path, text, form] = Array.isArray(it) ? (it as unknown[]) : [];
    const bytes = form === "base64" && typeof text === "string" ? fromBase64(text) : undefined;
    if (typeof path !== "string" || typeof text !== "string" || !tidy(path) || (form !== undefined && !bytes)) counts.unreadable += 1;
    else if (byPath.has(tidy(path))) counts.repeated += 1;
    else if (byPath.size >= MOST_FILES || size + text.length > MOST_TEXT) counts.beyond += 1;
    else {
      byPath.set(tidy(path), { path: tidy(path), ...(bytes ? { text: "", bytes } : { text }) });
      size += text.length;
    }
  }
  if (counts.unreadable) leftOut.push(`${amount(counts.unreadable, "file")} that could not be read`);
  if (counts.repeated) leftOut.push(`${amount(counts.repeated, "file")} with a name that another file has`);
  if (counts.beyond) leftOut.push(`${amount(counts.beyond, "file")} beyond what a link may hold`);
  return [...byPath.values()];
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

/** Inflates a packed text, and stops at one that would fill the memory. */
async function inflate(packed: string): Promise<string> {
  const bytes = fromBase64(packed.replaceAll("-", "+").replaceAll("_", "/"));
  if (!bytes) throw new LinkError("is damaged or incomplete");
  const reader = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length;
    if (size > 8 * MOST_TEXT) throw new LinkError("holds more than this page can read");
    parts.push(next.value as Uint8Array<ArrayBuffer>);
  }
  return new Blob(parts).text();
}
