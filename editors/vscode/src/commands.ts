// The commands of the palette.
import * as vscode from "vscode";
import { ExecuteCommandRequest } from "vscode-languageclient";
import type { Placed } from "./documents";
import type { Plimsoll } from "./extension";
import type { Target } from "./status";
import { comparisonPage } from "./views/comparison";
import { decisionPage } from "./views/decision";
import { Page } from "./views/page";
import type { Comparison, Decisions } from "./views/wire";

interface RuleItem {
  code: string;
  name: string;
  severity: string;
  summary: string;
}

export function registerCommands(plimsoll: Plimsoll): vscode.Disposable[] {
  const commands: Record<string, (...args: never[]) => unknown> = {
    "plimsoll.showDecision": () => showDecision(plimsoll),
    "plimsoll.showComparison": () => showComparison(plimsoll),
    "plimsoll.renderTarget": (name?: string) => renderTarget(plimsoll, typeof name === "string" ? name : undefined),
    "plimsoll.explainRule": (code?: string) => explainRule(plimsoll, typeof code === "string" ? code : undefined),
    "plimsoll.fixAll": () => vscode.commands.executeCommand("editor.action.codeAction", { kind: "source.fixAll.plimsoll", apply: "first" }),
    "plimsoll.restart": () => plimsoll.restart(),
    "plimsoll.showOutput": () => plimsoll.output.show(),
    "plimsoll.showMenu": () => showMenu(plimsoll),
    // For links in the pages; not in the palette.
    "plimsoll.openPlace": openPlace,
  };
  return Object.entries(commands).map(([id, run]) => vscode.commands.registerCommand(id, run));
}

/** Asks the server to run one of its commands; says so where it cannot. */
async function ask<T>({ client, output }: Plimsoll, command: string, args: unknown[]): Promise<T | undefined> {
  if (!client?.isRunning()) {
    void vscode.window.showWarningMessage("Plimsoll's language server is not running.");
    return undefined;
  }
  try {
    const answer: unknown = await client.sendRequest(ExecuteCommandRequest.type, { command, arguments: args });
    return (answer ?? undefined) as T | undefined;
  } catch (error) {
    output.error(`${command}: ${String(error)}`);
    void vscode.window.showErrorMessage(`Plimsoll: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/** A project as the server sees it: a file of it, and the folder that paths in answers start from. */
interface Project {
  file: string | undefined;
  root: vscode.Uri | undefined;
}

/** Returns the project of the file in front of the person, or else that of the first folder. */
function currentProject(): Project {
  const active = vscode.window.activeTextEditor?.document.uri;
  const folders = vscode.workspace.workspaceFolders;
  const folder = active && vscode.workspace.getWorkspaceFolder(active);
  if (active && folder) return { file: active.toString(), root: folder.uri };
  if (active?.scheme === "file") return { file: active.toString(), root: vscode.Uri.joinPath(active, "..") };
  return { file: undefined, root: folders?.[0]?.uri };
}

function argumentsFor(project: Project): unknown[] {
  return project.file === undefined ? [] : [project.file];
}

const NOTHING = "There is nothing to read here: open a folder with a Compose file or Kubernetes manifests.";

async function showDecision(plimsoll: Plimsoll): Promise<void> {
  const project = currentProject();
  await Page.show("decision", "Plimsoll: Decision", async () => {
    const decisions = await ask<Decisions>(plimsoll, "plimsoll.decide", argumentsFor(project));
    return decisions && decisionPage(decisions, project.root?.toString());
  }, NOTHING);
}

async function showComparison(plimsoll: Plimsoll): Promise<void> {
  const project = currentProject();
  await Page.show("comparison", "Plimsoll: Both Sides", async () => {
    const comparison = await ask<Comparison>(plimsoll, "plimsoll.compare", argumentsFor(project));
    return comparison && comparisonPage(comparison, project.root?.toString());
  }, NOTHING);
}

/** Asks what is deployed from the project, and shows it in the status item too. */
async function targetsOf(plimsoll: Plimsoll): Promise<Target[]> {
  const targets = (await ask<Target[]>(plimsoll, "plimsoll.render", [currentProject().file ?? null])) ?? [];
  plimsoll.status.has(targets);
  return targets;
}

/** Keeps the targets in the status item up to date: after the first findings of a server, and when a file is saved. */
export function watchTargets(plimsoll: Plimsoll): vscode.Disposable {
  let asked: unknown;
  const refresh = async (): Promise<void> => {
    if (plimsoll.host.native && plimsoll.client?.isRunning()) await targetsOf(plimsoll);
  };
  return vscode.Disposable.from(
    vscode.workspace.onDidSaveTextDocument(() => void refresh()),
    vscode.languages.onDidChangeDiagnostics(() => {
      if (asked === plimsoll.client || !plimsoll.client?.isRunning()) return;
      asked = plimsoll.client;
      void refresh();
    }),
  );
}

async function renderTarget(plimsoll: Plimsoll, wanted: string | undefined): Promise<void> {
  const project = currentProject();
  const name = wanted ?? (await chooseTarget(plimsoll, project));
  if (name === undefined) return;
  // A server of an earlier version answers with the text alone.
  const answer = await ask<Placed | string>(plimsoll, "plimsoll.render", [project.file ?? null, name, true]);
  if (answer === undefined) return;
  const { text, places } = typeof answer === "string" ? { text: answer, places: [] } : answer;
  const uri = plimsoll.documents.set(`rendered/${name}.yaml`, text, places);
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.languages.setTextDocumentLanguage(document, "yaml");
  await vscode.window.showTextDocument(document, { preview: false, viewColumn: vscode.ViewColumn.Beside });
}

/** Returns the only target, or the one that a person picks. */
async function chooseTarget(plimsoll: Plimsoll, project: Project): Promise<string | undefined> {
  const targets = (await targetsOf(plimsoll)).filter((it) => it.kind !== "compose");
  if (targets.length === 0) {
    void vscode.window.showInformationMessage("There is no chart, no kustomization and no folder of manifests to render here.");
    return undefined;
  }
  // Those that the open file lies in come first.
  const path = project.file === undefined ? "" : decodeURIComponent(project.file);
  const holds = (it: Target): number => (path.includes(`/${it.name}/`) ? 0 : 1);
  const items = targets.sort((a, b) => holds(a) - holds(b)).map((it) => ({
    label: it.name,
    description: [it.kind, it.environment].filter(Boolean).join(", "),
    ...(it.reasons[0] === undefined ? {} : { detail: `$(warning) Not built in full: ${it.reasons[0]}` }),
  }));
  if (items.length === 1) return items[0]?.label;
  return (await vscode.window.showQuickPick(items, { title: "Render which target?", matchOnDescription: true }))?.label;
}

async function explainRule(plimsoll: Plimsoll, wanted: string | undefined): Promise<void> {
  const code = wanted ?? (await chooseRule(plimsoll));
  if (code === undefined) return;
  const markdown = await ask<string>(plimsoll, "plimsoll.explain", [code]);
  if (markdown === undefined) return;
  const uri = plimsoll.documents.set(`rules/${code}.md`, markdown);
  await vscode.commands.executeCommand("markdown.showPreview", uri);
}

async function chooseRule(plimsoll: Plimsoll): Promise<string | undefined> {
  const rules = await ask<RuleItem[]>(plimsoll, "plimsoll.explain", []);
  if (rules === undefined) return undefined;
  const here = new Set(codesAtCursor());
  const items = rules.map((it) => ({ label: it.code, description: it.name, detail: it.summary }));
  items.sort((a, b) => Number(here.has(b.label)) - Number(here.has(a.label)));
  const options = { title: "Explain which rule?", matchOnDescription: true, matchOnDetail: true };
  return (await vscode.window.showQuickPick(items, options))?.label;
}

function codesAtCursor(): string[] {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return [];
  const found = vscode.languages.getDiagnostics(editor.document.uri);
  const touching = found.filter((it) => it.source === "plimsoll" && it.range.intersection(editor.selection));
  return touching.map(({ code }) => String(typeof code === "object" ? code.value : code));
}

async function showMenu(plimsoll: Plimsoll): Promise<void> {
  const isRunning = plimsoll.client?.isRunning() ?? false;
  const targets = isRunning && plimsoll.host.native ? (await targetsOf(plimsoll)).filter((it) => it.kind !== "compose") : [];
  type Item = vscode.QuickPickItem & { command?: string; args?: unknown[] };
  const items: Item[] = [
    { label: "$(warning) Open problems", command: "workbench.actions.view.problems" },
    { label: "$(law) Show decision", command: "plimsoll.showDecision" },
    ...(plimsoll.host.native ? [{ label: "$(compare-changes) Compare both sides", command: "plimsoll.showComparison" }] : []),
    { label: "$(book) Explain rule…", command: "plimsoll.explainRule" },
    { label: "$(output) Show output", command: "plimsoll.showOutput" },
    { label: "$(debug-restart) Restart server", command: "plimsoll.restart" },
    ...(targets.length > 0 ? [{ label: "Targets", kind: vscode.QuickPickItemKind.Separator }] : []),
    ...targets.map((it): Item => ({
      label: `$(file-code) Render ${it.name}`,
      description: [it.kind, it.environment].filter(Boolean).join(", "),
      command: "plimsoll.renderTarget",
      args: [it.name],
    })),
  ];
  const chosen = await vscode.window.showQuickPick(items, { title: "Plimsoll" });
  if (chosen?.command !== undefined) await vscode.commands.executeCommand(chosen.command, ...(chosen.args ?? []));
}

/** Opens a file at a line, both counted from 1. */
async function openPlace(file: unknown, line: unknown, column: unknown): Promise<void> {
  if (typeof file !== "string" || typeof line !== "number" || typeof column !== "number") return;
  const at = new vscode.Position(Math.max(0, line - 1), Math.max(0, column - 1));
  // The page stays where it is.
  const viewColumn = vscode.ViewColumn.One;
  await vscode.window.showTextDocument(vscode.Uri.parse(file), { selection: new vscode.Range(at, at), viewColumn });
}
