import type { Fix, Report } from "plimsoll";
import { diagnosticsOf } from "./editor/diagnostics";
import { Editor } from "./editor/editor";
import { Engine } from "./engine/client";
import { Live, type Analysis } from "./engine/live";
import { Decision } from "./panels/decision";
import { Findings } from "./panels/findings";
import { preview } from "./panels/preview";
import { Rules } from "./panels/rules";
import { guessName, Project, type Content } from "./project";
import { Address } from "./ui/address";
import { byId, copy, toast } from "./ui/dom";
import { FileTabs } from "./ui/files";
import { Gallery } from "./ui/gallery";
import { acceptFiles } from "./ui/intake";
import { tabs } from "./ui/tabs";

const project = new Project();
const engine = new Engine();
const files = new FileTabs(byId("files"), project);
const editor = new Editor(byId("editor"), project, (text) => {
  const file = project.active;
  if (file && /^untitled/.test(file.path)) project.rename(file, guessName(text));
});
const address = new Address(project);
const gallery = new Gallery((example) => {
  open(example.files, example.title);
  address.isExample(example.name);
});

const actions = {
  reveal: editor.reveal.bind(editor),
  openRule: (code: string) => {
    wantedRule = code;
    choosePanel("rules");
    byId("rules").scrollTop = 0;
  },
  apply,
  preview: (fix: Fix) => preview(fix, (path) => {
    const file = project.find(path);
    return file && editor.docOf(file);
  }),
};
const findings = new Findings(actions);
const decision = new Decision(actions, project);
const rules = new Rules(engine, open);
byId("findings").append(findings.element);
byId("decision").append(decision.element);
byId("rules").append(rules.element);

let wantedRule: string | undefined;
const choosePanel = tabs(byId("panels"), (name) => {
  if (name !== "rules") return;
  const shown = wantedRule ? rules.detail(wantedRule) : rules.list();
  wantedRule = undefined;
  shown.catch((error: Error) => toast(`The rules could not be read: ${error.message}`));
});

let latest: Analysis | undefined;
new Live(engine, project, show, (message) => (byId("status").textContent = `The engine stopped: ${message}`));

function show(analysis: Analysis): void {
  latest = analysis;
  const { report, milliseconds } = analysis;
  findings.show(report);
  decision.show(report.decision);
  files.mark(report);
  underline();
  byId("count").textContent = String(report.findings.length);
  byId("count").className = `badge ${worst(report)}`;
  byId("status").textContent = status(report, milliseconds);
}

function worst({ summary }: Report): string {
  return (["error", "warning", "info", "hint"] as const).find((it) => summary[it]) ?? "";
}

function status({ files, findings }: Report, milliseconds: number): string {
  const many = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
  const time = milliseconds < 1 ? "under 1 ms" : `${Math.round(milliseconds)} ms`;
  return `${many(findings.length, "finding")} in ${many(files.length, "file")}, ${time}`;
}

function underline(): void {
  const file = project.active;
  if (!file || !latest) return;
  // The editor moves underlines along with the text by itself until the next result is there.
  if (latest.version !== project.version) return;
  const here = latest.report.findings.filter((it) => it.path === file.path);
  editor.underline(diagnosticsOf(editor.docOf(file), here, apply));
}
project.onChange((change) => {
  if (change === "active") underline();
});

function apply(fix: Fix): void {
  // An edit's place belongs to the text that was analysed, and to no other.
  if (latest?.version !== project.version) return toast("The text has just changed. Please try again in a moment.");
  editor.apply(fix);
  toast(`Done: ${fix.title}. Ctrl+Z undoes it.`);
}

function open(contents: Content[], title: string): void {
  const before = { files: project.contents(), answers: project.answers };
  project.replace(contents.map(({ path, text }) => ({ path, text })));
  choosePanel("findings");
  toast(`Opened: ${title}.`, { label: "Restore the previous files", run: () => project.replace(before.files, before.answers) });
}

byId("add-button").addEventListener("click", () => {
  project.add([{ path: "untitled.yaml", text: "" }]);
  editor.view.focus();
});
byId("clear-button").addEventListener("click", () => {
  open([{ path: "untitled.yaml", text: "" }], "an empty project");
  editor.view.focus();
});
byId("examples-button").addEventListener("click", () => void gallery.show());
byId("share-button").addEventListener("click", async () => {
  const link = await address.link();
  if (!link) return toast("These files are too large for a link.");
  const done = await copy(link);
  toast(done ? "Link copied. The files are inside the link." : "The browser did not allow copying. The address of this page is the link.");
});
acceptFiles(project);

const restore = () => address.restore(actions.openRule, (name) => gallery.find(name));
// A link that is opened in this very tab changes the part after `#` and loads nothing.
window.addEventListener("hashchange", () => void restore());

async function start(): Promise<void> {
  if (await restore()) return;
  const first = await gallery.first();
  if (first) {
    project.replace(first.files);
    address.isExample(first.name);
  } else project.replace([{ path: "untitled.yaml", text: "" }]);
}
void start();

if (import.meta.env.PROD && "serviceWorker" in navigator) {
  // Only for working offline, so a browser that refuses it loses nothing else.
  navigator.serviceWorker.register("./offline.js").catch(() => undefined);
}
