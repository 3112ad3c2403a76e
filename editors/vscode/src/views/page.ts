// A page beside the files: no scripts, links to places as commands, computed again when a file is saved.
import * as vscode from "vscode";
import type { Html } from "./html";
import { STYLE } from "./style";

type Content = () => Promise<Html | undefined>;

export class Page {
  static readonly #open = new Map<string, Page>();
  readonly #panel: vscode.WebviewPanel;
  #content: Content;
  #isClosed = false;

  /** Shows the page of a kind, of which there is one at a time. */
  static async show(kind: string, title: string, content: Content, otherwise: string): Promise<void> {
    const html = await content();
    if (html === undefined) {
      void vscode.window.showInformationMessage(otherwise);
      return;
    }
    // Looked up only now, because the page may have been closed or opened in the meantime.
    const page = Page.#open.get(kind) ?? new Page(kind, title);
    page.#content = content;
    page.#set(html);
    page.#panel.reveal(undefined, true);
  }

  private constructor(kind: string, title: string) {
    this.#content = () => Promise.resolve(undefined);
    const where = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    const options = { enableScripts: false, enableFindWidget: true, enableCommandUris: ["plimsoll.openPlace"], localResourceRoots: [] };
    this.#panel = vscode.window.createWebviewPanel(`plimsoll.${kind}`, title, where, options);
    Page.#open.set(kind, this);
    const saved = vscode.workspace.onDidSaveTextDocument(() => void this.#refresh());
    this.#panel.onDidDispose(() => {
      this.#isClosed = true;
      saved.dispose();
      Page.#open.delete(kind);
    });
  }

  async #refresh(): Promise<void> {
    if (!this.#panel.visible) return;
    const html = await this.#content();
    if (html !== undefined && !this.#isClosed) this.#set(html);
  }

  #set(html: Html): void {
    const nonce = crypto.randomUUID();
    this.#panel.webview.html = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${nonce}'">
<title>Plimsoll</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>${html.text}</body>
</html>`;
  }
}
