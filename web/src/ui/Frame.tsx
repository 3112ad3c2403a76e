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
        {/* Its room is kept, so that nothing moves when there is a first step to undo. */}
        <button type="button" id="undo-button" class={undoable ? "" : "absent"} disabled={!undoable} title={`Undo: ${undoable ?? "nothing"}`} onClick={() => page.undo()}>Undo</button>
        <button type="button" id="redo-button" class={redoable ? "" : "absent"} disabled={!redoable} title={`Redo: ${redoable ?? "nothing"}`} onClick={() => page.redo()}>Redo</button>
        <button type="button" id="bring-button" class="primary" aria-haspopup="dialog" onClick={() => (page.dialog.value = "bring")}>Paste or drop your own</button>
        <button type="button" id="examples-button" aria-haspopup="dialog" onClick={() => (page.dialog.value = "examples")}>Examples</button>
        <button type="button" id="clear-button" onClick={startEmpty}>Start empty</button>
        <button type="button" id="share-button" onClick={() => void share()}>Copy link</button>
      </nav>
    </header>
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
  history.replaceState(null, "", new URL(link).hash);
  page.say((await copy(link)) ? "Link copied. The files are inside the link." : "The browser did not allow copying. The address of this page is the link.");
}

export function Footer() {
  const version = page.analysis.value?.engine;
  return (
    <footer>
      <span>Plimsoll{version ? ` ${version}` : ""}</span>
      <a href="./rules/">Rules and docs</a>
      <a href={SOURCE}>Source</a>
      <span class="install">On your machine: <code>{INSTALL}</code> <CopyButton text={INSTALL} what="the command that checks a folder" /></span>
      <span class="private">Your files stay here: the policy of this page forbids sending them.</span>
      <button type="button" class="small" onClick={() => (page.dialog.value = "help")}>Keys</button>
      <label class="theme">Colours{" "}
        <select id="theme" value={page.theme.value} onChange={(event) => page.setTheme(event.currentTarget.value as Theme)}>
          {THEMES.map(([value, text]) => <option value={value}>{text}</option>)}
        </select>
      </label>
    </footer>
  );
}
