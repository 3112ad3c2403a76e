import { page } from "../page";
import type { Theme } from "../theme";
import { copy, CopyButton } from "./parts";

/** Where the source is. */
const SOURCE = "https://github.com/plimsoll/plimsoll";
const INSTALL = "npx @plimsoll/cli check .";
const THEMES: [Theme, string][] = [["system", "As the system"], ["light", "Light"], ["dark", "Dark"]];

export function Header() {
  page.filesChanged.value;
  const { undoable, redoable } = page.project;
  return (
    <header>
      <h1>
        <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true"><circle cx="16" cy="16" r="9.5" /><path d="M1 16h30" /></svg>
        Plimsoll
      </h1>
      <p class="tagline"><strong>Will your Compose survive Kubernetes, and do you need it?</strong> <span>Nothing leaves this browser.</span></p>
      <nav aria-label="Project">
        {/* Their room is kept, so that nothing moves when there is a first step to undo. */}
        <Step id="undo-button" label="Undo" what={undoable} onClick={() => page.undo()} path="M6 3 2.5 6.5 6 10M3 6.5h6.5a4 4 0 0 1 0 8H6" />
        <Step id="redo-button" label="Redo" what={redoable} onClick={() => page.redo()} path="M10 3l3.5 3.5L10 10M13 6.5H6.5a4 4 0 0 0 0 8H10" />
        <button type="button" id="bring-button" class="primary" aria-haspopup="dialog" onClick={() => (page.dialog.value = "bring")}>Paste or drop your own</button>
        <button type="button" id="examples-button" aria-haspopup="dialog" onClick={() => (page.dialog.value = "examples")}>Examples</button>
        <button type="button" id="clear-button" onClick={startEmpty}>Start empty</button>
        <button type="button" id="share-button" onClick={() => void share()}>Copy link</button>
      </nav>
    </header>
  );
}

interface StepProps {
  id: string;
  label: string;
  /** The step that can be taken; `undefined` when there is none. */
  what: string | undefined;
  onClick: () => void;
  path: string;
}

function Step({ id, label, what, onClick, path }: StepProps) {
  return (
    <button type="button" id={id} class={what ? "step" : "step absent"} disabled={!what} aria-label={label} title={`${label}: ${what ?? "nothing"}`} onClick={onClick}>
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d={path} /></svg>
    </button>
  );
}

function startEmpty(): void {
  page.openContents([{ path: "untitled.yaml", text: "" }], "an empty project");
  page.view.value = "files";
  page.editor.view.focus();
}

async function share(): Promise<void> {
  const link = await page.address.link();
  if (!link) return page.say("These files are too large for a link.");
  page.address.show(link);
  const start = (await copy(link)) ? "Link copied." : "The browser did not allow copying. The address of this page is the link.";
  const what = Object.keys(page.project.answers).length ? "the files and your answers" : "the files";
  page.say(`${start} It carries ${what}, and everybody who has it can read them.`);
}

export function Footer() {
  const version = page.analysis.value?.engine;
  return (
    <footer>
      <span>Plimsoll{version ? ` ${version}` : ""}</span>
      <a href="./rules/">Rules and docs</a>
      <a href={SOURCE}>Source</a>
      <span class="install">On your machine: <code>{INSTALL}</code> <CopyButton text={INSTALL} what="the command that checks a folder" /></span>
      <span class="private">Your files are kept in this browser's own database and never sent: this page can reach no other address.</span>
      <button type="button" class="small" onClick={() => (page.dialog.value = "help")}>Keys</button>
      <label class="theme">Colours{" "}
        <select id="theme" value={page.theme.value} onChange={(event) => page.setTheme(event.currentTarget.value as Theme)}>
          {THEMES.map(([value, text]) => <option value={value}>{text}</option>)}
        </select>
      </label>
    </footer>
  );
}
