// A language server in a worker of the browser: the WebAssembly engine behind the protocol. It answers with
// diagnostics, hovers and fixes; what needs the program is for the desktop.
import init, { explain, loadTargets, needsTargets, rules, type Options } from "plimsoll";
import {
  BrowserMessageReader,
  BrowserMessageWriter,
  CodeActionKind,
  CodeActionRequest,
  ConfigurationRequest,
  createProtocolConnection,
  DidChangeConfigurationNotification,
  DidChangeTextDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  ExecuteCommandRequest,
  HoverRequest,
  InitializedNotification,
  InitializeRequest,
  LogMessageNotification,
  MessageType,
  PublishDiagnosticsNotification,
  ResponseError,
  ErrorCodes,
  ShutdownRequest,
  TextDocumentSyncKind,
  type InitializeResult,
} from "vscode-languageserver-protocol/browser";
import { codeActions, FIX_ALL } from "./actions";
import { hover, touches } from "./convert";
import { href, Project } from "./project";
import { FilesNotification, type Engines } from "./protocol";

/** The commands of the program's server that the engine can answer. */
const DECIDE = "plimsoll.decide";
const EXPLAIN = "plimsoll.explain";

/** Milliseconds to wait after a key before an analysis. */
const PAUSE = 150;

const scope = self as unknown as DedicatedWorkerGlobalScope;
const connection = createProtocolConnection(new BrowserMessageReader(scope), new BrowserMessageWriter(scope));

let projects: Project[] = [];
let options: Options = {};
let engines: Engines | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
/** Whether the engine that builds charts and overlays is the one in use. */
let isWhole = false;

function log(message: string): void {
  void connection.sendNotification(LogMessageNotification.type, { type: MessageType.Warning, message });
}

/** Returns the project of a file: the innermost folder around it, or one of its own for a document that is no file. */
function projectOf(uri: string): Project {
  const around = projects.filter((it) => it.holds(uri)).sort((a, b) => b.root.length - a.root.length);
  const root = uri.slice(0, Math.max(uri.lastIndexOf("/"), uri.indexOf(":")));
  const found = around[0] ?? projects.find((it) => it.root === root);
  if (found) return found;
  const made = new Project(root);
  projects.push(made);
  return made;
}

function soon(): void {
  clearTimeout(timer);
  timer = setTimeout(() => void publish(), PAUSE);
}

async function publish(): Promise<void> {
  try {
    if (engines && !isWhole && needsTargets(projects.flatMap((it) => it.paths()))) {
      await loadTargets(engines.whole);
      isWhole = true;
      for (const project of projects) project.stale();
    }
    for (const project of projects) {
      for (const [uri, diagnostics] of project.diagnostics(options)) {
        const version = project.document(uri)?.version;
        const params = { uri, diagnostics, ...(version === undefined ? {} : { version }) };
        await connection.sendNotification(PublishDiagnosticsNotification.type, params);
      }
    }
  } catch (error) {
    log(error instanceof Error ? error.message : String(error));
  }
}

async function configure(): Promise<void> {
  const [section] = (await connection.sendRequest(ConfigurationRequest.type, { items: [{ section: "plimsoll" }] })) as [unknown];
  const { inlayHints: _, codeLens: __, ...wanted } = (section ?? {}) as Record<string, unknown>;
  options = wanted as Options;
  for (const project of projects) project.stale();
  soon();
}

connection.onRequest(InitializeRequest.type, async (params): Promise<InitializeResult> => {
  engines = (params.initializationOptions as { engines: Engines }).engines;
  await init(engines.small);
  projects = (params.workspaceFolders ?? []).map((it) => new Project(it.uri.replace(/\/$/, "")));
  return {
    serverInfo: { name: "plimsoll" },
    capabilities: {
      textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Full },
      hoverProvider: true,
      codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, FIX_ALL] },
      executeCommandProvider: { commands: [DECIDE, EXPLAIN] },
    },
  };
});
connection.onNotification(InitializedNotification.type, () => void configure());
connection.onNotification(DidChangeConfigurationNotification.type, () => void configure());
connection.onRequest(ShutdownRequest.type, () => undefined);

connection.onNotification(DidOpenTextDocumentNotification.type, ({ textDocument: { uri, version, text } }) => {
  projectOf(uri).open(uri, { version, text });
  soon();
});
connection.onNotification(DidChangeTextDocumentNotification.type, ({ textDocument: { uri, version }, contentChanges }) => {
  const text = contentChanges.at(-1)?.text;
  if (text !== undefined) projectOf(uri).open(uri, { version, text });
  soon();
});
connection.onNotification(DidCloseTextDocumentNotification.type, ({ textDocument: { uri } }) => {
  projectOf(uri).close(uri);
  soon();
});
connection.onNotification(FilesNotification, ({ set, remove }) => {
  for (const { uri, text } of set) projectOf(uri).save(uri, text);
  for (const uri of remove) projectOf(uri).remove(uri);
  soon();
});

connection.onRequest(HoverRequest.type, ({ textDocument: { uri }, position }) => {
  const project = projectOf(uri);
  const locate = project.locator();
  const here = { start: position, end: position };
  const found = project.findings(uri, options).filter((it) => touches(locate(it.path).lines.range(it.range), here));
  if (found.length === 0) return null;
  return { contents: { kind: "markdown" as const, value: found.map((it) => hover(it, href(it))).join("\n\n---\n\n") } };
});
connection.onRequest(CodeActionRequest.type, (params) => codeActions(projectOf(params.textDocument.uri), params, options));
connection.onRequest(ExecuteCommandRequest.type, ({ command, arguments: [argument] = [] }) => {
  if (command === EXPLAIN) return typeof argument === "string" ? explain(argument)?.markdown ?? null : rules();
  if (command !== DECIDE) return new ResponseError(ErrorCodes.InvalidParams, `\`${command}\` is not a command of this server`);
  const project = typeof argument === "string" ? projectOf(argument) : projects[0];
  return project?.report(options).decision ?? null;
});

connection.listen();
