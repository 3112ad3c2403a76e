// The entry on the desktop: the language server is a program.
import { accessSync, constants, statSync } from "node:fs";
import * as vscode from "vscode";
import { LanguageClient } from "vscode-languageclient/node";
import { start, type Plimsoll } from "./extension";
import { findServer } from "./server";
import { serverPath } from "./settings";

let plimsoll: Plimsoll | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  plimsoll = await start(context, {
    native: true,
    create: async (options) => {
      const found = findServer(
        {
          setting: serverPath(),
          extension: context.extensionPath,
          path: process.env["PATH"] ?? "",
          windows: process.platform === "win32",
        },
        isProgram,
      );
      if ("missing" in found) return found;
      const program = { command: found.program, args: ["lsp"] };
      return new LanguageClient("plimsoll", "Plimsoll", { run: program, debug: program }, options);
    },
    explain: (missing) => void offerWaysOut(missing),
  });
}

export async function deactivate(): Promise<void> {
  await plimsoll?.shutDown();
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

async function offerWaysOut(missing: string): Promise<void> {
  const choose = "Choose Program…";
  const install = "How to Install";
  const output = "Show Output";
  const chosen = await vscode.window.showErrorMessage(`Plimsoll has no language server. ${missing}`, choose, install, output);
  if (chosen === install) await vscode.commands.executeCommand("extension.open", "plimsoll.plimsoll-vscode");
  if (chosen === output) await vscode.commands.executeCommand("plimsoll.showOutput");
  if (chosen !== choose) return;
  const [program] = (await vscode.window.showOpenDialog({ title: "The program plimsoll", canSelectMany: false })) ?? [];
  if (program === undefined) return;
  const settings = vscode.workspace.getConfiguration("plimsoll");
  await settings.update("server.path", program.fsPath, vscode.ConfigurationTarget.Global);
}
