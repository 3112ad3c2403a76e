import type { Content } from "./project";

export interface Shared {
  files: Content[];
  answers: Record<string, string>;
}

/**
 * The project in an address: JSON, deflated, base64url, after the `#`. Browsers never send that part
 * to a server, so a link carries the files and nothing else does.
 */
export async function pack({ files, answers }: Shared): Promise<string> {
  const json = JSON.stringify([files.map((it) => [it.path, it.text]), answers]);
  const bytes = await through(new TextEncoder().encode(json), new CompressionStream("deflate-raw"));
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Throws when the text was not made by `pack`, or was cut on the way. */
export async function unpack(packed: string): Promise<Shared> {
  const binary = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (it) => it.charCodeAt(0));
  const json = new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw")));
  const [files, answers] = JSON.parse(json) as [unknown, unknown];
  if (!Array.isArray(files) || !files.length) throw new Error("no files in the link");
  const named = Object.entries(answers ?? {}).filter((it): it is [string, string] => typeof it[1] === "string");
  return { files: files.map(content), answers: Object.fromEntries(named) };
}

function content(it: unknown): Content {
  const [path, text] = Array.isArray(it) ? it : [];
  if (typeof path !== "string" || typeof text !== "string") throw new Error("not a list of files");
  return { path, text };
}

async function through(bytes: Uint8Array<ArrayBuffer>, stream: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const result = new Blob([bytes]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(result).arrayBuffer());
}
