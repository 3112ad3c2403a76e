import { tidy, type Content, type Project } from "../project";
import { byId, toast } from "./dom";

const LIMIT = 4 * 1024 * 1024;
const WANTED = /\.(ya?ml|env|tpl|json)$|(^|\/)(\.env[^/]*|Dockerfile[^/]*|Kustomization|NOTES\.txt|\.helmignore)$/i;
/** Folders that are not part of a dropped project. */
const VENDORED = /(^|\/)(node_modules|vendor|\.git)(\/|$)/;

interface Intake {
  files: Content[];
  /** What was left out, and why. */
  skipped: string[];
}

/** Reads files that were chosen, dropped or pasted. A single file is accepted whatever its name. */
export async function readFiles(found: { path: string; file: File }[]): Promise<Intake> {
  const files: Content[] = [];
  const skipped: string[] = [];
  for (const { path, file } of found) {
    if (found.length > 1 && !WANTED.test(path)) continue;
    if (file.size > LIMIT) {
      skipped.push(`${path} is larger than 4 MB`);
      continue;
    }
    const text = await file.text();
    if (text.includes("\0")) skipped.push(`${path} is not text`);
    else files.push({ path: tidy(path), text });
  }
  return { files, skipped };
}

/** Every file under what was dropped, folders included. */
export async function dropped(data: DataTransfer): Promise<{ path: string; file: File }[]> {
  // The browser empties the list when the event ends, so the entries are copied first.
  const entries = [...data.items].map((it) => it.webkitGetAsEntry()).filter((it) => it !== null);
  if (!entries.length) return [...data.files].map((file) => ({ path: file.name, file }));
  const found: { path: string; file: File }[] = [];
  const waiting = entries.map((entry) => ({ entry, path: entry.name }));
  for (let next = waiting.pop(); next && found.length < 500; next = waiting.pop()) {
    const { entry, path } = next;
    if (VENDORED.test(path)) continue;
    if (entry.isFile) {
      found.push({ path, file: await new Promise((done, fail) => (entry as FileSystemFileEntry).file(done, fail)) });
    } else {
      for (const child of await children(entry as FileSystemDirectoryEntry)) {
        waiting.push({ entry: child, path: `${path}/${child.name}` });
      }
    }
  }
  return withoutCommonFolder(found);
}

async function children(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return all;
    all.push(...some);
  }
}

/** Removes the name of a dropped folder from the paths, because that folder is the project. */
function withoutCommonFolder(found: { path: string; file: File }[]): { path: string; file: File }[] {
  const first = found[0]?.path.split("/")[0];
  const common = found.every(({ path }) => path.startsWith(`${first}/`));
  const cut = common && first ? first.length + 1 : 0;
  return found.map(({ path, file }) => ({ path: path.slice(cut), file })).sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Accepts files that are dropped anywhere, pasted as files, or chosen with the button. */
export function acceptFiles(project: Project): void {
  const take = async (found: { path: string; file: File }[]) => {
    const { files, skipped } = await readFiles(found);
    const only = project.files.length === 1 ? project.files[0] : undefined;
    if (files.length && only?.text.trim() === "") project.replace(files);
    else if (files.length) project.add(files);
    else if (!skipped.length) skipped.push("none of these is a YAML file");
    if (skipped.length) toast(`Left out: ${skipped.join("; ")}.`);
  };
  const input = byId<HTMLInputElement>("file-input");
  byId("open-button").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    void take([...(input.files ?? [])].map((file) => ({ path: file.name, file })));
    input.value = "";
  });
  const veil = byId("drop");
  const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    veil.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) veil.hidden = true;
  });
  // In the capture phase, because the editor would insert the text of a dropped file into the open file.
  document.addEventListener("drop", (event) => {
    veil.hidden = true;
    if (!carriesFiles(event) || !event.dataTransfer) return;
    event.preventDefault();
    event.stopPropagation();
    void dropped(event.dataTransfer).then(take);
  }, true);
  document.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (!pasted.length) return;
    event.preventDefault();
    event.stopPropagation();
    void take(pasted.map((file) => ({ path: file.name, file })));
  }, true);
}
