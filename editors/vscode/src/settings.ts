// The editor's settings as the server reads them: with the keys of `plimsoll.yaml`.
import * as vscode from "vscode";

/** Settings for the editor alone, which mean nothing in a `plimsoll.yaml`. */
const OURS = ["server.path", "trace.server", "minSeverity"];

const SEVERITIES = ["error", "warning", "info", "hint"] as const;

/** Returns the names of all settings of this extension, without `plimsoll.`. */
function names(): string[] {
  const extension = vscode.extensions.getExtension("plimsoll.plimsoll-vscode");
  const manifest = extension?.packageJSON as { contributes: { configuration: { properties: object } } } | undefined;
  const properties = Object.keys(manifest?.contributes.configuration.properties ?? {});
  return properties.map((it) => it.replace(/^plimsoll\./, ""));
}

/**
 * Returns the section `plimsoll` with what a person has set and nothing else: the editor's defaults are empty
 * strings and zeros, which would be mistakes.
 */
export function sectionFor(scope: vscode.Uri | undefined): Record<string, unknown> {
  const config = vscode.workspace.getConfiguration("plimsoll", scope);
  const section: Record<string, unknown> = {};
  for (const name of names().filter((it) => !OURS.includes(it))) {
    const found = config.inspect(name);
    const isSet = [found?.globalValue, found?.workspaceValue, found?.workspaceFolderValue].some((it) => it !== undefined);
    const value: unknown = config.get(name);
    if (!isSet || value === null) continue;
    const [first = name, second] = name.split(".");
    if (second === undefined) section[first] = value;
    else section[first] = { ...(section[first] as object | undefined), [second]: value };
  }
  // The editor's values are proxies, which cannot be posted to a worker.
  return JSON.parse(JSON.stringify(section)) as Record<string, unknown>;
}

export function serverPath(): string {
  return vscode.workspace.getConfiguration("plimsoll").get<string>("server.path", "").trim();
}

/** Returns the diagnostics that are severe enough to be shown. */
export function severeEnough(scope: vscode.Uri, diagnostics: vscode.Diagnostic[]): vscode.Diagnostic[] {
  const least = vscode.workspace.getConfiguration("plimsoll", scope).get<string>("minSeverity", "hint");
  const limit = SEVERITIES.findIndex((it) => it === least);
  // The editor counts severities from 0, the worst, as the list above does.
  return limit < 0 ? diagnostics : diagnostics.filter((it) => it.severity <= limit);
}
