// Read-only documents: rendered targets, whose lines lead to their sources, and explained rules.
import * as vscode from "vscode";
import type { Location } from "vscode-languageclient";

const SCHEME = "plimsoll";

/** A text, and for each line the place that it comes from, if there is one. */
export interface Placed {
  text: string;
  places: (Location | null)[];
}

export class Documents implements vscode.TextDocumentContentProvider, vscode.DefinitionProvider, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #documents = new Map<string, Placed>();
  readonly #registration = vscode.Disposable.from(
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
    vscode.languages.registerDefinitionProvider({ scheme: SCHEME }, this),
    vscode.workspace.onDidCloseTextDocument((it) => this.#documents.delete(it.uri.toString())),
    this.#changed,
  );
  readonly onDidChange = this.#changed.event;

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#documents.get(uri.toString())?.text ?? "";
  }

  provideDefinition({ uri }: vscode.TextDocument, { line }: vscode.Position): vscode.Location | undefined {
    const place = this.#documents.get(uri.toString())?.places[line];
    if (!place) return undefined;
    const { start } = place.range;
    return new vscode.Location(vscode.Uri.parse(place.uri), new vscode.Position(start.line, start.character));
  }

  /** Sets the text of the document with this path, whether it is open or not. */
  set(path: string, text: string, places: Placed["places"] = []): vscode.Uri {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${path}` });
    this.#documents.set(uri.toString(), { text, places });
    this.#changed.fire(uri);
    return uri;
  }

  dispose(): void {
    this.#registration.dispose();
  }
}
