// Runs inside VS Code's extension host on the desktop. The workspace is a copy of `examples/shop-two-sides`.
const { existsSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const vscode = require("vscode");
const { applyFix, equal, finding, findings, fixAllOffers, gone, holds, hoverText, open, rangeOf, runSteps, tab, wait } = require("./asking.js");

/** Folder in which the probe and the driver of the browser leave files for one another. */
const OUT = process.env.PLIMSOLL_PROBE_OUT;

/** Has the driver take a picture. */
async function picture(name) {
  writeFileSync(join(OUT, `picture-${name}`), "");
  await wait(`the picture ${name}`, () => existsSync(join(OUT, `taken-${name}`)));
}

const settings = () => vscode.workspace.getConfiguration("plimsoll");
const at = (path) => vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, path);
let compose;

async function replace(document, old, text) {
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, rangeOf(document, old), text);
  holds("the text is replaced", await vscode.workspace.applyEdit(edit));
}

const STEPS = [
  ["a Compose file has the language of Compose files", async () => {
    compose = await open(at("compose.yaml"));
    equal("its language", compose.languageId, "dockercompose");
  }],
  ["findings arrive, with ranges, codes and links", async () => {
    const early = await finding(compose, "PLM101");
    equal("what it underlines", compose.getText(early.range), "db");
    equal("its severity", early.severity, vscode.DiagnosticSeverity.Information);
    holds("the code is a link", String(early.code.target).includes("PLM101"), early.code);
    const drift = await finding(compose, "PLM313");
    holds("the other side is related", drift.relatedInformation.some((it) => it.location.uri.path.endsWith("k8s/worker.yaml")), drift);
  }],
  ["findings arrive in files that are not open", async () => {
    const manifest = at("k8s/web.yaml");
    await wait("PLM404 in web.yaml", () => findings(manifest).some((it) => it.code.value === "PLM404"));
  }],
  ["a hover explains the finding", async () => {
    const { range } = await finding(compose, "PLM101");
    const text = await wait("a hover", async () => (await hoverText(compose, range.start)) || undefined);
    holds("it says why", text.includes("PLM101") && text.includes("Why it hurts") && text.includes("docker compose"), text);
    await vscode.commands.executeCommand("plimsoll.showOutput");
    await vscode.commands.executeCommand("workbench.action.closePanel");
    vscode.window.activeTextEditor.selection = new vscode.Selection(range.start, range.start);
    vscode.window.activeTextEditor.revealRange(range, vscode.TextEditorRevealType.InCenter);
    await vscode.commands.executeCommand("editor.action.showHover");
    await picture("findings");
  }],
  ["a quick fix is applied and its finding goes away", async () => {
    const { range } = await finding(compose, "PLM101");
    await applyFix(compose, range, "Wait until `db` is healthy");
    await wait("the fixed text", () => /db: ?\{ ?condition: service_healthy|db:\n\s+condition: service_healthy/.test(compose.getText()));
    await wait("the end of the finding", () => !findings(compose.uri).some((it) => it.code.value === "PLM101" && compose.getText(it.range) === "db"));
  }],
  ["fix all applies the safe fixes of the file", async () => {
    await fixAllOffers(compose);
    await vscode.commands.executeCommand("plimsoll.fixAll");
    await gone(compose.uri, "PLM102");
    holds("the missing healthcheck is there", compose.getText().includes("pg_isready"), compose.getText());
    holds("the comment is still there", compose.getText().includes("# for the desktop client"), compose.getText());
  }],
  ["typing changes what is found", async () => {
    await replace(compose, "image: redis\n", "image: redis:7.4\n");
    await gone(compose.uri, "PLM801");
  }],
  ["unsaved text of an environment file counts", async () => {
    const env = await open(at(".env"));
    await finding(compose, "PLM501");
    await replace(env, "# later", "DB_PASSWORD=example");
    await gone(compose.uri, "PLM501");
    await vscode.commands.executeCommand("workbench.action.files.revert");
  }],
  ["an untitled document is read", async () => {
    const content = "services:\n  app:\n    image: shop/app:1\n    image: shop/app:2\n";
    const document = await vscode.workspace.openTextDocument({ language: "dockercompose", content });
    await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.One });
    await finding(document, "PLM002");
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  }],
  ["settings are taken over without a restart", async () => {
    holds("there is PLM803", findings(compose.uri).some((it) => it.code.value === "PLM803"));
    await settings().update("rules", { PLM803: "off" }, vscode.ConfigurationTarget.Workspace);
    await gone(compose.uri, "PLM803");
    await settings().update("rules", undefined, vscode.ConfigurationTarget.Workspace);
    await finding(compose, "PLM803");
    await settings().update("minSeverity", "warning", vscode.ConfigurationTarget.Workspace);
    await gone(compose.uri, "PLM803");
    await finding(compose, "PLM401");
    await settings().update("minSeverity", undefined, vscode.ConfigurationTarget.Workspace);
    await finding(compose, "PLM803");
  }],
  ["hints and lenses stand in the text, and can be switched off", async () => {
    const manifest = await open(at("k8s/web.yaml"));
    const everything = new vscode.Range(0, 0, manifest.lineCount, 0);
    const hints = () => vscode.commands.executeCommand("vscode.executeInlayHintProvider", manifest.uri, everything);
    const shown = await wait("hints", async () => { const found = await hints(); return found.length > 0 && found; });
    const lenses = await vscode.commands.executeCommand("vscode.executeCodeLensProvider", compose.uri, 50);
    const commands = lenses.map((it) => it.command.command);
    holds("the decision is a lens", commands.includes("plimsoll.showDecision"), commands);
    holds("counterparts are lenses", commands.includes("plimsoll.openPlace"), commands);
    await picture("hints");
    await settings().update("inlayHints.budgets", false, vscode.ConfigurationTarget.Workspace);
    await wait("fewer hints", async () => (await hints()).length < shown.length);
    await settings().update("inlayHints.budgets", undefined, vscode.ConfigurationTarget.Workspace);
    await wait("all hints", async () => (await hints()).length === shown.length);
  }],
  ["a rename follows a name through the files", async () => {
    const rename = async (document, offset) => {
      const place = document.positionAt(offset);
      const edit = await vscode.commands.executeCommand("vscode.executeDocumentRenameProvider", document.uri, place, "finder");
      return { edit, files: edit.entries().map(([uri]) => uri.path.split("/").at(-1)).sort() };
    };
    const service = await rename(compose, compose.getText().indexOf("search:\n    image"));
    holds("the Compose file is changed", service.files.includes("compose.yaml"), service.files);

    // A Service of the cluster, and its address in a ConfigMap of another file.
    const stores = await vscode.workspace.openTextDocument(at("k8s/stores.yaml"));
    const head = stores.getText().lastIndexOf("kind: Service\n");
    const { edit, files } = await rename(stores, stores.getText().indexOf("search", head));
    holds("both files are changed", files.includes("config.yaml") && files.includes("stores.yaml"), files);
    holds("the edit is applied", await vscode.workspace.applyEdit(edit));
    const config = await vscode.workspace.openTextDocument(at("k8s/config.yaml"));
    holds("the address follows", config.getText().includes("http://finder:7700"), config.getText());
    return `${service.files.join(" ")} / ${files.join(" ")}`;
  }],
  ["the decision is shown beside the files", async () => {
    await open(compose.uri);
    await vscode.commands.executeCommand("plimsoll.showDecision");
    await tab("Plimsoll: Decision");
    await picture("decision");
  }],
  ["both sides are compared", async () => {
    await vscode.commands.executeCommand("plimsoll.showComparison");
    await tab("Plimsoll: Both Sides");
    await picture("comparison");
    await vscode.commands.executeCommand("workbench.action.closeEditorsInOtherGroups");
  }],
  ["a target is rendered into a document that cannot be changed", async () => {
    await vscode.commands.executeCommand("plimsoll.renderTarget", "k8s");
    const rendered = await wait("the document", () => vscode.workspace.textDocuments.find((it) => it.uri.scheme === "plimsoll" && it.uri.path.endsWith("k8s.yaml")));
    holds("its text", rendered.getText().includes("kind: Deployment") && rendered.getText().includes("# source: "), rendered.getText());
    equal("its language", rendered.languageId, "yaml");
    const line = rendered.getText().split("\n").findIndex((it) => it.includes("kind: Deployment"));
    const [place] = await vscode.commands.executeCommand("vscode.executeDefinitionProvider", rendered.uri, new vscode.Position(line, 0));
    const source = await vscode.workspace.openTextDocument(place.uri);
    holds("a line leads to its source", source.lineAt(place.range.start.line).text.includes("kind: Deployment"), place.uri.toString());
    await vscode.window.showTextDocument(rendered);
    const shown = rendered.getText();
    await vscode.commands.executeCommand("type", { text: "x" });
    equal("nothing can be typed into it", rendered.getText(), shown);
    await picture("rendered");
  }],
  ["a rule is explained", async () => {
    await vscode.commands.executeCommand("plimsoll.explainRule", "PLM101");
    await tab("PLM101");
    await picture("rule");
  }],
  ["the server is restarted", async () => {
    await vscode.workspace.saveAll(false);
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    await vscode.commands.executeCommand("plimsoll.restart");
    const manifest = await open(at("k8s/web.yaml"));
    await finding(manifest, "PLM404");
    await picture("manifest");
  }],
  ["a server that is not there is said to be missing, with ways out", async () => {
    const manifest = vscode.window.activeTextEditor.document;
    await settings().update("server.path", "/nowhere/plimsoll", vscode.ConfigurationTarget.Workspace);
    await wait("the end of the findings", () => findings(manifest.uri).length === 0);
    await picture("missing");
    await settings().update("server.path", undefined, vscode.ConfigurationTarget.Workspace);
    await finding(manifest, "PLM404");
  }],
];

/** In a workspace that is not trusted and names a program of its own as the server. */
const UNTRUSTED = [
  ["findings arrive from the server of the extension", async () => {
    equal("trust", vscode.workspace.isTrusted, false);
    compose = await open(at("compose.yaml"));
    await finding(compose, "PLM101");
    await picture("untrusted");
  }],
];

exports.activate = async () => {
  const steps = process.env.PLIMSOLL_PROBE_STEPS === "untrusted" ? UNTRUSTED : STEPS;
  const write = (name, results) => writeFileSync(join(OUT, name), JSON.stringify({ results, of: steps.map(([step]) => step) }));
  write("results.json", await runSteps(steps, ({ results }) => write("so-far.json", results)));
};
