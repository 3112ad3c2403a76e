// A language server in a worker of the browser: the WebAssembly engine behind the protocol. It answers with
// diagnostics, hovers, definitions, references, completions and fixes; what needs the program is for the desktop.
import init, { explain, loadTargets, needsTargets, rules, type Options } from "plimsoll";
import {
  BrowserMessageReader,
  BrowserMessageWriter,
  CodeActionKind,
  CodeActionRequest,
  CompletionRequest,
  ConfigurationRequest,
  createProtocolConnection,
  DefinitionRequest,
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
  ReferencesRequest,
  ResponseError,
  ErrorCodes,
  ShutdownRequest,
  TextDocumentSyncKind,
  type InitializeResult,
  type TextDocumentPositionParams,
} from "vscode-languageserver-protocol/browser";
import { codeActions, FIX_ALL } from "./actions";
import { Project } from "./project";
import { FilesNotification, type Engines } from "./protocol";

/** The commands of the program's server that the engine can answer. */
const DECIDE = "plimsoll.decide";
const EXPLAIN = "plimsoll.explain";

/** Where completions are asked for without a key of their own, as from the language server of the desktop. */
const TRIGGERS = [" ", ".", "{", "[", ":", "/", "@", "=", "$", "\""];

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

function log(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
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
    log(error);
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
      definitionProvider: true,
      referencesProvider: true,
      completionProvider: { triggerCharacters: TRIGGERS },
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

/** Answers a question about a place. A failure is only logged, since the editor would otherwise show it at every keystroke. */
function at<T>(params: TextDocumentPositionParams, answer: (project: Project, uri: string) => T): T | null {
  const { uri } = params.textDocument;
  try {
    return answer(projectOf(uri), uri);
  } catch (error) {
    log(error);
    return null;
  }
}

connection.onRequest(HoverRequest.type, (params) => at(params, (project, uri) => project.hover(uri, params.position, options)));
connection.onRequest(DefinitionRequest.type, (params) => at(params, (project, uri) => project.definition(uri, params.position, options)));
connection.onRequest(ReferencesRequest.type, (params) =>
  at(params, (project, uri) => project.references(uri, params.position, options, params.context.includeDeclaration)));
connection.onRequest(CompletionRequest.type, (params) => at(params, (project, uri) => project.completions(uri, params.position, options)));
connection.onRequest(CodeActionRequest.type, (params) => codeActions(projectOf(params.textDocument.uri), params, options));
connection.onRequest(ExecuteCommandRequest.type, ({ command, arguments: [argument] = [] }) => {
  if (command === EXPLAIN) return typeof argument === "string" ? explain(argument)?.markdown ?? null : rules();
  if (command !== DECIDE) return new ResponseError(ErrorCodes.InvalidParams, `\`${command}\` is not a command of this server`);
  const project = typeof argument === "string" ? projectOf(argument) : projects[0];
  return project?.report(options).decision ?? null;
});

connection.listen();
