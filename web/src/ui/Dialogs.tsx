import { structuredPatch } from "diff";
import { useEffect, useRef, useState } from "preact/hooks";
import { zipped } from "../exports";
import type { Example } from "../gallery";
import { ofFile } from "../intake";
import type { Earlier } from "../keep";
import { page } from "../page";
import { withLineFeeds } from "../project";
import { amount, firstOf } from "../words";
import { Inline } from "./Markdown";
import { Dialog, download } from "./parts";
import { Diff } from "./Preview";
import { Settings } from "./Settings";

/** The dialog that is open, if any. */
export function Dialogs() {
  const close = () => (page.dialog.value = undefined);
  const dialog = page.dialog.value;
  return (
    <>
      {dialog === "bring" && <Bring onClose={close} />}
      {dialog === "examples" && <Gallery onClose={close} />}
      {dialog === "help" && <Help onClose={close} />}
      {dialog === "fixes" && <Fixes onClose={close} />}
      {dialog === "settings" && <Settings onClose={close} />}
      <Question />
      <Ignore />
    </>
  );
}

function Bring({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  return (
    <Dialog id="bring" title="Bring your own files" onClose={onClose}>
      <div class="dialog-body">
        <p>Drop files, a folder or a <code>.zip</code> anywhere on this page, or paste with <kbd>Ctrl</kbd>+<kbd>V</kbd>. They are kept in this browser's own database and never sent.</p>
        <label class="stacked">
          Text of a Compose file or of Kubernetes manifests
          <textarea rows={9} spellcheck={false} value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <div class="row">
          <button type="button" class="primary" disabled={!text.trim()} onClick={() => page.takeText(text)}>Use this text</button>
          <label class="button">Open files
            <input type="file" id="file-input" multiple class="visually-hidden" onChange={(event) => takeChosen(event.currentTarget)} />
          </label>
          <label class="button">Open folder
            <input type="file" id="folder-input" {...{ webkitdirectory: true }} class="visually-hidden" onChange={(event) => takeChosen(event.currentTarget)} />
          </label>
        </div>
        <KeptProjects />
      </div>
    </Dialog>
  );
}

/** Projects that the browser keeps: of other tabs, of earlier visits, and what was replaced here. */
function KeptProjects() {
  const [all, setAll] = useState<Earlier[]>([]);
  const read = () => page.keeper.others().then(setAll);
  useEffect(() => void read(), []);
  if (!all.length) return null;
  return (
    <section id="earlier">
      <h3>Other work kept in this browser</h3>
      <ul>
        {all.map((it) => {
          const names = firstOf(it.files.map((file) => file.path));
          const time = new Date(it.time).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
          return (
            <li key={it.id}>
              <button type="button" onClick={() => page.openKept(it)}>{names} <span class="muted">{time}</span></button>
              {it.isOpen
                ? <span class="muted">open in a tab</span>
                : <button type="button" class="small" aria-label={`Forget ${names}, ${time}`} onClick={() => void page.keeper.forget(it.id).then(read)}>Forget</button>}
            </li>
          );
        })}
      </ul>
      {all.some((it) => !it.isOpen) && (
        <button type="button" class="small" onClick={() => void page.keeper.forgetOthers().then(read)}>Forget them</button>
      )}
    </section>
  );
}

function takeChosen(input: HTMLInputElement): void {
  const files = [...(input.files ?? [])];
  input.value = "";
  void page.take(files.map((it) => ofFile(it)));
}

function Gallery({ onClose }: { onClose: () => void }) {
  const [examples, setExamples] = useState<Example[]>([]);
  useEffect(() => {
    import("../gallery").then(({ examples }) => setExamples(examples()), (error: Error) => page.say(`The examples could not be loaded: ${error.message}`));
  }, []);
  const choose = (example: Example) => {
    onClose();
    page.openExample(example);
  };
  return (
    <Dialog id="gallery" title="Examples" onClose={onClose}>
      <ul id="gallery-list">
        {examples.map((it) => (
          <li>
            <button type="button" onClick={() => choose(it)}>
              <strong><Inline text={it.title} /></strong>
              <span><Inline text={it.about} /></span>
              <span class="card-files">{it.files.map((file) => file.path).join("  ")}</span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

const KEYS: [string, string][] = [
  ["Ctrl+V", "anywhere on the page: check what is on the clipboard"],
  ["Ctrl+Z", "in the editor: take back the last change of this file, fixes included"],
  ["Ctrl+F", "in the editor: search the file"],
  ["F8", "in the editor: go to the next finding"],
  ["F12  Ctrl+click (⌘ on a Mac)", "in the editor: go to the definition of a name, or to the file that a path names"],
  ["F2", "on the tab of a file: rename it"],
  ["← →  Home End", "on the tabs of the results: choose one"],
  ["arrow keys", "on the map: go to the nearest object; Enter goes to its line"],
  ["Tab", "leaves the editor, as it leaves every other control"],
];

function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog id="help" title="Keys" onClose={onClose}>
      <dl class="dialog-body keys">{KEYS.map(([keys, does]) => <div><dt><kbd>{keys}</kbd></dt><dd>{does}</dd></div>)}</dl>
    </Dialog>
  );
}

/** Preview of all safe fixes together, to be applied or dismissed. */
function Fixes({ onClose }: { onClose: () => void }) {
  const fixed = page.fixed.value;
  const files = fixed?.files ?? [];
  const save = async () => {
    const texts = new Map(files.map((it) => [it.path, it.text]));
    const all = page.project.contents().map((it) => ({ ...it, text: texts.get(it.path) ?? it.text }));
    download("plimsoll-fixed.zip", await zipped(all), "application/zip");
  };
  return (
    <Dialog id="fixes" title={files.length ? `Safe fixes in ${amount(files.length, "file")}` : "No safe fix"} onClose={onClose}>
      <div class="dialog-body">
        {!files.length && <p>Nothing here can be fixed without somebody reading it first.</p>}
        {files.map(({ path, text }) => {
          const { hunks } = structuredPatch(path, path, page.project.find(path)?.text ?? "", withLineFeeds(text).text, "", "", { context: 1 });
          const rows = hunks.flatMap((hunk, index) => [...(index ? [" ⋯"] : []), ...hunk.lines.filter((it) => !it.startsWith("\\"))]);
          return <Diff path={path} rows={rows.map((it) => [it.charAt(0) as "+" | "-" | " ", it.slice(1)])} />;
        })}
        {files.length > 0 && (
          <div class="row">
            <button type="button" class="primary" onClick={() => page.takeFixes()}>Apply all</button>
            <span class="muted">One step, which can be undone.</span>
            <button type="button" onClick={() => void save()}>Save the fixed files (.zip)</button>
          </div>
        )}
      </div>
    </Dialog>
  );
}

function Question() {
  const asked = page.asked.value;
  if (!asked) return null;
  return (
    <Dialog id="question" title={asked.title} onClose={() => asked.answer(undefined)}>
      <div class="dialog-body">
        <p>{asked.text}</p>
        <div class="row">
          {asked.options.map((it) => <button type="button" onClick={() => asked.answer(it)}>{it}</button>)}
          <button type="button" onClick={() => asked.answer(undefined)}>Cancel</button>
        </div>
      </div>
    </Dialog>
  );
}

function Ignore() {
  const finding = page.ignoring.value;
  const input = useRef<HTMLInputElement>(null);
  if (!finding) return null;
  return (
    <Dialog id="ignore" title={`Ignore ${finding.code} here`} onClose={() => (page.ignoring.value = undefined)}>
      <form class="dialog-body" onSubmit={(event) => {
        event.preventDefault();
        page.ignore(finding, input.current?.value ?? "");
      }}>
        <p>A comment above line {finding.range.start.line} of {finding.path} silences this finding and tells the next reader why.</p>
        <label class="stacked">Reason<input ref={input} required pattern=".*\S.*" title="a reason in words" maxLength={200} placeholder="for example: behind the office firewall" /></label>
        <div class="row"><button type="submit" class="primary">Write the comment</button></div>
      </form>
    </Dialog>
  );
}
