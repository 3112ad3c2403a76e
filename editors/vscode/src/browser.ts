// The entry on the web: the language server is a worker with the WebAssembly engine.
import * as vscode from "vscode";
import { State } from "vscode-languageclient";
import { LanguageClient } from "vscode-languageclient/browser";
import { start, type Plimsoll } from "./extension";
import { FilesNotification, type Engines } from "./worker/protocol";

/** Files that a project may consist of; the engine decides which of them mean something. */
const FILES = "**/{*.yaml,*.yml,*.tpl,*.env,.env*,env.*,Dockerfile*,*.Dockerfile,Containerfile*}";
const VENDORED = "**/{node_modules,vendor,.git,target,dist}/**";

/** Maximum number of files that are sent to the engine. */
const MOST_FILES = 3000;

let plimsoll: Plimsoll | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const dist = (name: string): string => vscode.Uri.joinPath(context.extensionUri, "dist", name).toString(true);
  const engines: Engines = { small: dist("plimsoll_bg.wasm"), whole: dist("plimsoll_targets_bg.wasm") };
  plimsoll = await start(context, {
    native: false,
    create: async (options) => {
      const worker = new Worker(dist("worker.js"));
      const client = new LanguageClient("plimsoll", "Plimsoll", worker, { ...options, initializationOptions: { engines } });
      let watcher: vscode.Disposable | undefined;
      client.onDidChangeState(({ newState }) => {
        watcher?.dispose();
        watcher = newState === State.Running ? sendFiles(client) : undefined;
        if (newState === State.Stopped) worker.terminate();
      });
      return client;
    },
    explain: (missing) => void vscode.window.showErrorMessage(`Plimsoll: ${missing}`),
  });
}

export async function deactivate(): Promise<void> {
  await plimsoll?.shutDown();
}

/** Sends the files of the workspace, and what becomes of them until the result is disposed of. */
function sendFiles(client: LanguageClient): vscode.Disposable {
  const watcher = vscode.workspace.createFileSystemWatcher(FILES);
  const changed = (uri: vscode.Uri): void => void read([uri]).then((set) => client.sendNotification(FilesNotification, { set, remove: [] }));
  const gone = (uri: vscode.Uri): void => void client.sendNotification(FilesNotification, { set: [], remove: [uri.toString()] });
  void vscode.workspace.findFiles(FILES, VENDORED, MOST_FILES).then(async (found) => {
    if (found.length === MOST_FILES) {
      void vscode.window.showWarningMessage(`Plimsoll reads the first ${MOST_FILES} files of this workspace; open a folder further down for the others.`);
    }
    await client.sendNotification(FilesNotification, { set: await read(found), remove: [] });
  });
  return vscode.Disposable.from(watcher, watcher.onDidChange(changed), watcher.onDidCreate(changed), watcher.onDidDelete(gone));
}

/** Reads files; one that cannot be read is left out. */
async function read(uris: vscode.Uri[]): Promise<{ uri: string; text: string }[]> {
  const decoder = new TextDecoder();
  const texts = uris.map(async (uri) => {
    try {
      return [{ uri: uri.toString(), text: decoder.decode(await vscode.workspace.fs.readFile(uri)) }];
    } catch {
      return [];
    }
  });
  return (await Promise.all(texts)).flat();
}
