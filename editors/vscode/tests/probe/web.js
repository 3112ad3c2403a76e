// Runs inside VS Code's extension host on the web, where the engine in a worker is the server.
const vscode = require("vscode");
const { applyFix, equal, finding, findings, fixAllOffers, gone, holds, hoverText, open, rangeOf, runSteps, tab, tabs, wait } = require("./asking.js");

const at = (path) => vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, path);
let compose;

const STEPS = [
  ["findings arrive in the open file and in others", async () => {
    compose = await open(at("compose.yaml"));
    const early = await finding(compose, "PLM101");
    equal("what it underlines", compose.getText(early.range), "db");
    equal("its severity", early.severity, vscode.DiagnosticSeverity.Information);
    holds("the code is a link", String(early.code.target).includes("PLM101"), early.code);
    await wait("PLM404 in web.yaml", () => findings(at("k8s/web.yaml")).some((it) => it.code.value === "PLM404"));
    const drift = await finding(compose, "PLM313");
    holds("the other side is related", drift.relatedInformation.some((it) => it.location.uri.path.endsWith("k8s/worker.yaml")), drift);
  }],
  ["charts and overlays are built by the larger engine", async () => {
    const chart = await open(at("chart/templates/web.yaml"));
    await finding(chart, "PLM606");
    await open(compose.uri);
  }],
  ["a hover explains the finding", async () => {
    const { range } = await finding(compose, "PLM101");
    const text = await wait("a hover", async () => (await hoverText(compose, range.start)) || undefined);
    holds("it says why", text.includes("PLM101") && text.includes("Why it hurts") && text.includes("docker compose"), text);
  }],
  ["a name leads to its definition and to those who use it", async () => {
    const { start } = rangeOf(compose, "cache]");
    const ask = (what) => vscode.commands.executeCommand(`vscode.execute${what}Provider`, compose.uri, start);
    const lines = (places) => places.map((it) => [it.uri.toString() === compose.uri.toString(), compose.getText(it.range), compose.lineAt(it.range.start.line).text.trim()]);
    equal("its definition", lines(await ask("Definition")), [[true, "cache", "cache:"]]);
    const uses = lines(await ask("Reference"));
    for (const line of ["REDIS_URL: redis://cache:6379", "depends_on: [db, cache]", "cache: { condition: service_started }", "cache:"]) {
      holds(`\`${line}\` is among its uses`, uses.some(([isHere, text, it]) => isHere && text === "cache" && it === line), uses);
    }
  }],
  ["a name leads to another file", async () => {
    const manifest = await open(at("k8s/web.yaml"));
    const { end } = rangeOf(manifest, "configMapRef: { name: sho");
    const [place] = await vscode.commands.executeCommand("vscode.executeDefinitionProvider", manifest.uri, end);
    holds("its definition", place?.uri.path.endsWith("k8s/config.yaml"), place);
    await open(compose.uri);
  }],
  ["names of the project are offered", async () => {
    const { end } = rangeOf(compose, "depends_on: [db, c");
    const { items } = await vscode.commands.executeCommand("vscode.executeCompletionItemProvider", compose.uri, end);
    const cache = items.find((it) => it.label === "cache" && it.kind === vscode.CompletionItemKind.Module);
    holds("a service is offered", cache !== undefined, items.map((it) => [it.label, it.kind]));
    equal("what it replaces", compose.getText(cache.range.inserting ?? cache.range), "cache");
  }],
  ["a quick fix is applied and its finding goes away", async () => {
    const { range } = await finding(compose, "PLM101");
    await applyFix(compose, range, "Wait until `db` is healthy");
    await wait("the end of the finding", () => !findings(compose.uri).some((it) => it.code.value === "PLM101" && compose.getText(it.range) === "db"));
    holds("its text", compose.getText().includes("service_healthy"), compose.getText());
  }],
  ["fix all applies the safe fixes of the file", async () => {
    const offered = await fixAllOffers(compose);
    equal("what is offered", offered.map((it) => it.title), ["Apply all safe fixes of Plimsoll"]);
    await vscode.commands.executeCommand("plimsoll.fixAll");
    await gone(compose.uri, "PLM102");
    holds("the comment is still there", compose.getText().includes("# for the desktop client"), compose.getText());
  }],
  ["an untitled document is read", async () => {
    const content = "services:\n  app:\n    image: shop/app:1\n    image: shop/app:2\n";
    const document = await vscode.workspace.openTextDocument({ language: "dockercompose", content });
    await finding(document, "PLM002");
  }],
  ["settings are taken over", async () => {
    await finding(compose, "PLM803");
    const settings = vscode.workspace.getConfiguration("plimsoll");
    await settings.update("rules", { PLM803: "off" }, vscode.ConfigurationTarget.Global);
    await gone(compose.uri, "PLM803");
    await settings.update("rules", undefined, vscode.ConfigurationTarget.Global);
  }],
  ["a rule is explained", async () => {
    await vscode.commands.executeCommand("plimsoll.explainRule", "PLM101");
    await tab("PLM101");
  }],
  ["the decision is shown", async () => {
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    await open(compose.uri);
    await vscode.commands.executeCommand("plimsoll.showDecision");
    await tab("Plimsoll: Decision");
  }],
];

exports.run = async () => {
  const results = await runSteps(STEPS);
  console.log(`plimsoll-probe ${JSON.stringify({ results, of: STEPS.map(([name]) => name) })}`);
  const failed = results.find((it) => it.error !== undefined);
  // What the extension shows goes away with the tests, so they end when the driver has taken its picture and closed the tab.
  if (!failed) await wait("the picture", () => !tabs().some((it) => it.label.includes("Plimsoll: Decision")));
  if (failed) throw new Error(`${failed.name}: ${failed.error}`);
};
