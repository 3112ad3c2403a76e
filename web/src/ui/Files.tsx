import type { Severity } from "plimsoll";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { page } from "../page";
import type { ProjectFile } from "../project";
import { amount, SEVERITIES } from "../words";

/** Maximum number of files that are shown as a row of tabs; more of them are a tree of folders. */
const TABS = 6;

/** The files of the project: select, rename, close. */
export function Files() {
  page.filesChanged.value;
  const marks = marksOf();
  const { files, active } = page.project;
  const tree = files.length > TABS;
  const [renaming, setRenaming] = useState<number | undefined>();
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    const current = list.current?.querySelector<HTMLElement>("[aria-current]");
    const row = list.current;
    // By hand, because `scrollIntoView` would also scroll the page.
    if (current && row && !tree) row.scrollLeft = Math.max(0, current.offsetLeft - row.offsetLeft - 40);
    if (current && row && tree && (current.offsetTop < row.scrollTop || current.offsetTop > row.scrollTop + row.clientHeight - 30)) row.scrollTop = current.offsetTop - 60;
  }, [active?.id, files.length]);
  const rename = (file: ProjectFile, name: string | undefined) => {
    setRenaming(undefined);
    if (name !== undefined) page.rename(file, name);
  };
  const shown = tree ? [...files].sort((a, b) => (folderOf(a.path) + "\0" + a.path < folderOf(b.path) + "\0" + b.path ? -1 : 1)) : files;
  return (
    <div class={tree ? "files tree" : "files"}>
      <ul id="files" ref={list} aria-label="Files of the project">
        {shown.map((file, index) => {
          const folder = folderOf(file.path);
          const first = tree && folder && folder !== folderOf(shown[index - 1]?.path ?? "");
          return (
            <li key={file.id} class={file === active ? "active" : ""}>
              {first && <span class="folder">{folder}/</span>}
              {renaming === file.id
                ? <Rename file={file} onDone={(name) => rename(file, name)} />
                : <Tab file={file} label={tree ? file.path.slice(folder ? folder.length + 1 : 0) : file.path} mark={marks.get(file.path)}
                    onRename={() => setRenaming(file.id)} onClose={() => page.close(file)} />}
            </li>
          );
        })}
      </ul>
      {files.length > 0 && <button type="button" id="add-button" aria-label="Add a file" onClick={() => {
        page.project.add([{ path: "untitled.yaml", text: "" }]);
        page.editor.view.focus();
      }}>+</button>}
    </div>
  );
}

interface Mark {
  worst: Severity;
  count: number;
}

/** Returns the number of findings in each file and the worst of them. */
function marksOf(): Map<string, Mark> {
  const marks = new Map<string, Mark>();
  for (const { path, severity } of page.analysis.value?.report.findings ?? []) {
    const mark = marks.get(path);
    if (!mark) marks.set(path, { worst: severity, count: 1 });
    else {
      mark.count += 1;
      if (SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(mark.worst)) mark.worst = severity;
    }
  }
  return marks;
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

interface TabProps {
  file: ProjectFile;
  label: string;
  mark: Mark | undefined;
  onRename: () => void;
  onClose: () => void;
}

function Tab({ file, label, mark, onRename, onClose }: TabProps) {
  const active = file === page.project.active;
  return (
    <>
      <button type="button" class="file-name" aria-current={active ? "true" : undefined} title={active ? "Double-click or F2 to rename" : file.path}
        onClick={() => page.project.show(file)} onDblClick={onRename} onKeyDown={(event) => event.key === "F2" && onRename()}>
        {label}{mark && <span class={`badge ${mark.worst}`} role="img" aria-label={`${amount(mark.count, "finding")}`}>{mark.count}</span>}
      </button>
      {active && <button type="button" class="tab-action" aria-label={`Rename ${file.path}`} onClick={onRename}>✎</button>}
      <button type="button" class="tab-action" aria-label={`Close ${file.path}`} onClick={onClose}>×</button>
    </>
  );
}

function Rename({ file, onDone }: { file: ProjectFile; onDone: (name: string | undefined) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const done = useRef(false);
  const finish = (keep: boolean) => {
    if (done.current) return;
    done.current = true;
    onDone(keep ? input.current?.value : undefined);
  };
  useLayoutEffect(() => {
    input.current?.focus();
    // Selects the name without its extension, the part that usually changes.
    input.current?.setSelectionRange(0, Math.max(0, file.path.lastIndexOf(".")) || file.path.length);
  }, []);
  return (
    <input ref={input} defaultValue={file.path} aria-label={`New name of ${file.path}`} spellcheck={false} size={Math.max(12, file.path.length)}
      onKeyDown={({ key }) => (key === "Enter" || key === "Escape") && finish(key === "Enter")} onBlur={() => finish(true)} />
  );
}
