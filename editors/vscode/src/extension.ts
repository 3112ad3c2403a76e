// What the desktop and the web have in common: the client, its middleware, the status item and the commands.
import * as vscode from "vscode";
import {
  DidChangeConfigurationNotification,
  State,
  WorkspaceDiagnosticRequest,
  type BaseLanguageClient,
  type LanguageClientOptions,
} from "vscode-languageclient";
import { registerCommands, watchTargets } from "./commands";
import { Documents } from "./documents";
import { sectionFor, severeEnough } from "./settings";
import { Status } from "./status";

/** What differs between the desktop and the web. */
export interface Host {
  /** Whether the server is the program, which can do more than the engine in a worker. */
  native: boolean;
  /** Returns a client that is not started yet, or why there is none. */
  create(options: LanguageClientOptions): Promise<BaseLanguageClient | { missing: string }>;
  /** Tells a person what is missing and offers ways out. */
  explain(missing: string): void;
}

export class Plimsoll implements vscode.Disposable {
  readonly output = vscode.window.createOutputChannel("Plimsoll", { log: true });
  readonly status = new Status();
  readonly documents = new Documents();
  #client: BaseLanguageClient | undefined;
  /** Restarts wait for one another: two servers would report everything twice. */
  #turn: Promise<void> = Promise.resolve();

  constructor(readonly host: Host) {}

  /** Returns the client, which may be starting. */
  get client(): BaseLanguageClient | undefined {
    return this.#client;
  }

  restart(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#restart());
    return this.#turn;
  }

  async #restart(): Promise<void> {
    await this.#stop();
    const made = await this.host.create(clientOptions(this));
    if ("missing" in made) {
      this.output.error(made.missing);
      this.status.is(State.Stopped, made.missing);
      this.host.explain(made.missing);
      return;
    }
    this.#client = made;
    made.onDidChangeState(({ newState }) => {
      this.status.is(newState);
      // The walkthrough ticks its first step by it.
      void vscode.commands.executeCommand("setContext", "plimsoll.running", newState === State.Running);
      this.output.info(`The language server is ${State[newState].toLowerCase()}.`);
    });
    try {
      await made.start();
    } catch (error) {
      const message = `The language server could not be started: ${error instanceof Error ? error.message : String(error)}`;
      this.output.error(message);
      this.status.is(State.Stopped, message);
      this.host.explain(message);
    }
  }

  async #stop(): Promise<void> {
    const old = this.#client;
    this.#client = undefined;
    // A server that could not be started cannot be stopped either.
    await old?.dispose().catch((error: unknown) => this.output.warn(String(error)));
  }

  async shutDown(): Promise<void> {
    await this.#turn;
    await this.#stop();
  }

  dispose(): void {
    this.status.dispose();
    this.documents.dispose();
    this.output.dispose();
  }
}

/** Returns the documents that the server reads: YAML in its two languages, and what goes with it by name. */
function documentSelector(): { scheme: string; language?: string; pattern?: string }[] {
  // Documents of `git:` and the like are other versions of files, which are not diagnosed.
  const folders = vscode.workspace.workspaceFolders ?? [];
  const schemes = [...new Set(["file", "untitled", ...folders.map((it) => it.uri.scheme)])];
  const languages = ["yaml", "dockercompose", "helm", "dockerfile", "dotenv"].map((language) => ({ language }));
  const patterns = ["**/{.env,.env.*,*.env}", "**/{Dockerfile,Containerfile}*", "**/templates/**/*.tpl"].map((pattern) => ({ pattern }));
  return schemes.flatMap((scheme) => [...languages, ...patterns].map((it) => ({ scheme, ...it })));
}

/** Commands of the server and those that show their answers. */
const SHOWN: Record<string, string> = {
  "plimsoll.decide": "plimsoll.showDecision",
  "plimsoll.compare": "plimsoll.showComparison",
  "plimsoll.explain": "plimsoll.explainRule",
};

/** Commands of lenses and code actions that this extension runs; the server offers others to other editors. */
const OWN_COMMANDS = ["plimsoll.showDecision", "plimsoll.renderTarget", "plimsoll.openPlace", "plimsoll.explain"];

function clientOptions({ status, output }: Plimsoll): LanguageClientOptions {
  return {
    documentSelector: documentSelector(),
    outputChannel: output,
    diagnosticCollectionName: "plimsoll",
    progressOnInitialization: true,
    initializationOptions: () => ({ ...sectionFor(undefined), commands: OWN_COMMANDS }),
    middleware: {
      sendRequest: (type, params, token, next) => {
        const answer = next(type, params, token);
        const method = typeof type === "string" ? type : type.method;
        // The server keeps this one until there is news.
        return method === WorkspaceDiagnosticRequest.method ? answer : status.during(answer);
      },
      handleWorkDoneProgress: (token, params, next) => {
        if (params.kind === "begin") status.begin();
        if (params.kind === "end") status.end();
        next(token, params);
      },
      handleDiagnostics: (uri, diagnostics, next) => next(uri, severeEnough(uri, diagnostics)),
      provideDiagnostics: async (document, previous, token, next) => {
        const report = await next(document, previous, token);
        const uri = document instanceof vscode.Uri ? document : document.uri;
        if (report && "items" in report) report.items = severeEnough(uri, report.items);
        return report;
      },
      provideWorkspaceDiagnostics: (previous, token, reporter, next) =>
        next(previous, token, (chunk) => {
          for (const item of chunk?.items ?? []) {
            if ("items" in item) item.items = severeEnough(item.uri, item.items);
          }
          reporter(chunk);
        }),
      // What the server offers in lenses and code actions is shown, not only answered.
      executeCommand: (command, args, next) => {
        const shown = SHOWN[command];
        return shown === undefined ? next(command, args) : vscode.commands.executeCommand(shown, ...args);
      },
      workspace: {
        configuration: async (params, token, next) => {
          const isOurs = params.items.every((it) => it.section === "plimsoll");
          if (!isOurs) return next(params, token);
          return params.items.map((it) => sectionFor(it.scopeUri === undefined ? undefined : vscode.Uri.parse(it.scopeUri)));
        },
      },
    },
  };
}

/** Starts the extension and returns it. */
export async function start(context: vscode.ExtensionContext, host: Host): Promise<Plimsoll> {
  const plimsoll = new Plimsoll(host);
  context.subscriptions.push(plimsoll, ...registerCommands(plimsoll), watchTargets(plimsoll));
  await vscode.commands.executeCommand("setContext", "plimsoll.native", host.native);
  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((change) => {
      // What was filtered is asked for again by a new client alone.
      const restarts = ["plimsoll.server.path", "plimsoll.minSeverity"].some((it) => change.affectsConfiguration(it));
      if (restarts) void plimsoll.restart();
      else if (change.affectsConfiguration("plimsoll")) void announceSettings(plimsoll);
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void plimsoll.restart()),
  );
  await plimsoll.restart();
  return plimsoll;
}

/** Says that settings have changed; the server asks for them. */
async function announceSettings({ client }: Plimsoll): Promise<void> {
  if (client?.isRunning()) await client.sendNotification(DidChangeConfigurationNotification.type, { settings: null });
}
