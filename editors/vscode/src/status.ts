// The item in the status bar: what was found, and whether the server is at work.
import * as vscode from "vscode";
import { State } from "vscode-languageclient";

/** Milliseconds after which an answer counts as work, so that the icon does not flicker at each key. */
const PATIENCE = 400;

export interface Target {
  name: string;
  kind: string;
  environment?: string;
  reasons: string[];
}

export class Status implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem("plimsoll", vscode.StatusBarAlignment.Left, 50);
  readonly #listener: vscode.Disposable;
  #state = State.Starting;
  #problem: string | undefined;
  #pending = 0;
  #isWorking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #targets: Target[] = [];

  constructor() {
    this.#item.name = "Plimsoll";
    this.#item.command = "plimsoll.showMenu";
    this.#listener = vscode.languages.onDidChangeDiagnostics(() => this.#show());
    this.#show();
    this.#item.show();
  }

  /** Records the state of the server's process, or why there is none. */
  is(state: State, problem?: string): void {
    this.#state = state;
    this.#problem = problem;
    // A server that has stopped reports the end of nothing.
    if (state === State.Stopped) this.#rest();
    this.#show();
  }

  has(targets: Target[]): void {
    this.#targets = targets;
    this.#show();
  }

  /** Follows a request or a report of progress until it ends. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.begin();
    try {
      return await work;
    } finally {
      this.end();
    }
  }

  begin(): void {
    this.#pending += 1;
    this.#timer ??= setTimeout(() => {
      this.#isWorking = true;
      this.#show();
    }, PATIENCE);
  }

  end(): void {
    // Work that a stopped server left behind may still end here.
    this.#pending = Math.max(0, this.#pending - 1);
    if (this.#pending > 0) return;
    this.#rest();
    this.#show();
  }

  /** Forgets all work under way. */
  #rest(): void {
    this.#pending = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isWorking = false;
  }

  #show(): void {
    const item = this.#item;
    item.backgroundColor = undefined;
    if (this.#problem !== undefined || this.#state === State.Stopped) {
      item.text = "$(circle-slash) Plimsoll";
      item.tooltip = this.#problem ?? "Plimsoll's language server has stopped.";
      item.backgroundColor = new vscode.ThemeColor("statusBarItem.warningBackground");
      return;
    }
    const counts = count();
    const icon = this.#isWorking || this.#state === State.Starting ? "$(loading~spin)" : "$(pass)";
    item.text = [icon, "Plimsoll", ...short(counts)].join(" ");
    item.tooltip = new vscode.MarkdownString(this.#tooltip(counts));
  }

  #tooltip(counts: Counts): string {
    const targets = this.#targets.map((it) => `- \`${it.name}\` (${[it.kind, it.environment].filter(Boolean).join(", ")})`);
    return [
      `**Plimsoll**: ${long(counts)}`,
      ...(targets.length > 0 ? [`Deployed from here: ${plural(targets.length, "target")}\n${targets.slice(0, 10).join("\n")}`] : []),
    ].join("\n\n");
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#listener.dispose();
    this.#item.dispose();
  }
}

type Counts = Record<vscode.DiagnosticSeverity, number>;

/** Counts Plimsoll's findings in all files. */
function count(): Counts {
  const counts: Counts = { 0: 0, 1: 0, 2: 0, 3: 0 };
  for (const [, diagnostics] of vscode.languages.getDiagnostics()) {
    for (const it of diagnostics) if (it.source === "plimsoll") counts[it.severity] += 1;
  }
  return counts;
}

/** Hints are left out: the editor does not list them among its problems either. */
function short(counts: Counts): string[] {
  const parts: [string, number][] = [["$(error)", counts[0]], ["$(warning)", counts[1]], ["$(info)", counts[2]]];
  return parts.filter(([, number]) => number > 0).map(([icon, number]) => `${icon} ${number}`);
}

function long(counts: Counts): string {
  const parts = [plural(counts[0], "error"), plural(counts[1], "warning"), plural(counts[2], "info"), plural(counts[3], "hint")];
  const found = parts.filter((it) => !it.startsWith("0 "));
  return found.length > 0 ? found.join(", ") : "no findings";
}

export function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
