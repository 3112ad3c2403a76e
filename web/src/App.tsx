import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Analysis } from "./engine/live";
import type { Core } from "./engine/protocol";
import { dropped, ofFile } from "./intake";
import { page, type PanelName } from "./page";
import { Compare } from "./panels/Compare";
import { Decision } from "./panels/Decision";
import { Findings } from "./panels/Findings";
import { MapLoader } from "./panels/MapLoader";
import { Rules } from "./panels/Rules";
import { Boundary, WhileShown } from "./ui/Boundary";
import { Dialogs } from "./ui/Dialogs";
import { Files } from "./ui/Files";
import { keepFocus } from "./ui/focus";
import { Footer, Header } from "./ui/Frame";
import { Splitter } from "./ui/Splitter";
import { worstOf } from "./words";

const PANELS: [PanelName, string][] = [["findings", "Findings"], ["compare", "Compare"], ["decision", "Decision"], ["map", "Map"], ["rules", "Rules"]];

export function App() {
  useEffect(() => {
    listen();
    const root = document.getElementById("app");
    if (root) keepFocus(root);
    // At once rather than with the next rendering, because what takes the focus has to be visible by then.
    return effect(() => void document.querySelector("main")?.setAttribute("data-view", page.view.value));
  }, []);
  return (
    <>
      <Header />
      <nav class="view-switch" aria-label="What is shown">
        {(["results", "files"] as const).map((it) => (
          <button type="button" aria-pressed={page.view.value === it} onClick={() => (page.view.value = it)}>{it === "results" ? "Results" : "Files"}</button>
        ))}
      </nav>
      <main data-view="results">
        <section class="edit" aria-label="Files">
          <Boundary name="The list of files"><Files /></Boundary>
          <EditorBox />
        </section>
        <Splitter />
        <Results />
      </main>
      <Footer />
      <Boundary name="The dialog"><Dialogs /></Boundary>
      <div id="drop" hidden>Drop files, a folder or a .zip: they are never sent.</div>
      <Toast />
      <p class="visually-hidden" role="status" id="announcement">{page.announcement.value}</p>
    </>
  );
}

function EditorBox() {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!box.current) return;
    page.mountEditor(box.current);
    void page.start();
  }, []);
  page.filesChanged.value;
  // Not before there is a text, whose line numbers would move it sideways.
  return <div id="editor" class={page.project.files.length ? "" : "absent"} ref={box} />;
}

function Results() {
  const shown = page.panel.value;
  const analysis = page.analysis.value;
  return (
    <section class="results" aria-label="Results">
      <div class="panel-bar">
        <PanelTabs report={analysis?.report} />
        <p id="status">{page.status.value}</p>
      </div>
      <EngineNotice />
      {PANELS.map(([name, label]) => (
        <div role="tabpanel" id={name} key={name} aria-labelledby={`tab-${name}`} tabIndex={0} hidden={name !== shown}>
          <Boundary name={`The panel “${label}”`}>
            <WhileShown shown={name === shown}>{() => (name === "rules" ? <Rules /> : analysis && <Panel name={name} analysis={analysis} />)}</WhileShown>
          </Boundary>
        </div>
      ))}
    </section>
  );
}

function Panel({ name, analysis }: { name: PanelName; analysis: Analysis }) {
  const { report, parts } = analysis;
  if (name === "findings") return <Findings report={report} />;
  if (name === "compare") return <Compare parts={parts} />;
  if (name === "decision" && parts.decision) return <Decision report={parts.decision} />;
  if (name === "map" && parts.map) return <MapLoader report={report} map={parts.map} />;
  return <p class="empty">Asking the engine…</p>;
}

/** Tabs: arrow keys, Home and End move between them, and only the selected tab is in the tab order. */
function PanelTabs({ report }: { report: Core | undefined }) {
  const row = useRef<HTMLDivElement>(null);
  const shown = page.panel.value;
  const move = (event: KeyboardEvent, index: number) => {
    const to = { ArrowRight: index + 1, ArrowLeft: index - 1 + PANELS.length, Home: 0, End: PANELS.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = PANELS[to % PANELS.length];
    if (next) page.showPanel(next[0]);
    row.current?.querySelectorAll<HTMLElement>("[role=tab]")[to % PANELS.length]?.focus();
  };
  return (
    <div role="tablist" aria-label="Results" id="panels" ref={row}>
      {PANELS.map(([name, label], index) => (
        <button role="tab" type="button" id={`tab-${name}`} aria-controls={name} aria-selected={name === shown} tabIndex={name === shown ? 0 : -1}
          onClick={() => page.showPanel(name)} onKeyDown={(event) => move(event, index)}>
          {label}{name === "findings" && report && <span id="count" class={`badge ${worstOf(report.findings.map((it) => it.severity)) ?? ""}`}>{report.findings.length}</span>}
        </button>
      ))}
    </div>
  );
}

/** Says what happened to the engine, and offers a way on. */
function EngineNotice() {
  const state = page.engineState.value;
  if (state.kind === "slow") {
    return <div class="notice"><p>These files are large; the engine is still reading them.</p><button type="button" onClick={() => page.stopEngine()}>Stop</button></div>;
  }
  if (state.kind === "large") {
    return (
      <div class="notice" role="alert">
        <p>
          <strong>These files hold {(state.length / 1_000_000).toFixed(1)} MB.</strong> This page checks up to 3 MB at once, because more keeps it busy for long.
          Remove what does not belong to the project, or use the command: <code>npx @plimsoll/cli check .</code>
        </p>
        <button type="button" onClick={() => page.checkAnyway()}>Check anyway</button>
      </div>
    );
  }
  if (state.kind === "stopped") {
    return <div class="notice" role="alert"><p>The analysis was stopped. It starts again with the next change.</p><button type="button" onClick={() => page.retryEngine()}>Try again</button></div>;
  }
  if (state.kind !== "missing" && state.kind !== "failed") return null;
  const missing = state.kind === "missing";
  return (
    <div class="notice failure" role="alert">
      <p>
        <strong>{missing ? "The engine has not arrived." : "The engine failed on these files."}</strong>{" "}
        {missing
          ? navigator.onLine ? "Something between here and this page's server held it back." : "This browser is offline, and this page was not here before."
          : "That is a fault in Plimsoll, not in your files; it goes on with the next change."}{" "}
        Your text stays in this browser, and you can go on editing it.
      </p>
      <p class="muted">{state.message}</p>
      <button type="button" onClick={() => page.retryEngine()}>Try again</button>
    </div>
  );
}

function Toast() {
  const toast = page.toast.value;
  return (
    <div id="toast" role="status" class={toast ? "shown" : ""}>
      {toast && <><span>{toast.message}</span>{toast.offer && <button type="button" class="small" onClick={toast.offer.run}>{toast.offer.label}</button>}</>}
    </div>
  );
}

/** Listens for files that are dropped and texts that are pasted anywhere. */
function listen(): void {
  const veil = () => document.getElementById("drop");
  const show = (shown: boolean) => veil()?.toggleAttribute("hidden", !shown);
  const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    show(true);
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) show(false);
  });
  // In the capture phase, because the editor would insert the text of a dropped file into the open file.
  document.addEventListener("drop", (event) => {
    show(false);
    if (!carriesFiles(event) || !event.dataTransfer) return;
    event.preventDefault();
    event.stopPropagation();
    void dropped(event.dataTransfer).then(({ found, unseen }) => page.take(found, unseen));
  }, true);
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    const isField = event.target instanceof Element && event.target.closest("input, textarea, .cm-editor");
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!files.length && (isField || !text)) return;
    event.preventDefault();
    event.stopPropagation();
    if (files.length) void page.take(files.map((it) => ofFile(it)));
    else page.takeText(text);
  }, true);
  window.addEventListener("online", () => page.engineState.value.kind === "missing" && page.retryEngine());
}
