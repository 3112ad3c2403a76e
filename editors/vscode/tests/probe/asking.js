// Questions about what VS Code sees, shared by the desktop's probe and the web's.
const vscode = require("vscode");

const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Waits until `ask` returns something other than `undefined` or `false`, and returns that. */
async function wait(what, ask, seconds = 40) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await sleep(60);
  }
}

function equal(what, found, expected) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: expected ${b}, found ${a}`);
}

function holds(what, condition, found) {
  if (!condition) throw new Error(`${what}; found ${JSON.stringify(found)}`);
}

const codeOf = ({ code }) => String(typeof code === "object" ? code.value : code);

/** Returns the findings of Plimsoll in a file. */
function findings(uri) {
  return vscode.languages.getDiagnostics(uri).filter((it) => it.source === "plimsoll");
}

/** Waits for a finding; `text` stands on its line. */
function finding(document, code, text = "") {
  return wait(`${code} in ${document.uri.path}`, () =>
    findings(document.uri).find((it) => codeOf(it) === code && document.lineAt(it.range.start.line).text.includes(text)));
}

function gone(uri, code) {
  return wait(`the end of ${code} in ${uri.path}`, () => !findings(uri).some((it) => codeOf(it) === code));
}

async function open(uri) {
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document, { preview: false, viewColumn: vscode.ViewColumn.One });
  return document;
}

/** Returns the range of a text in a document. */
function rangeOf(document, text) {
  const start = document.getText().indexOf(text);
  holds(`\`${text}\` is in the document`, start >= 0, document.getText());
  return new vscode.Range(document.positionAt(start), document.positionAt(start + text.length));
}

async function hoverText(document, position) {
  const hovers = await vscode.commands.executeCommand("vscode.executeHoverProvider", document.uri, position);
  return hovers.flatMap((it) => it.contents).map((it) => (typeof it === "string" ? it : it.value)).join("\n");
}

async function actions(document, range, kind) {
  const found = await vscode.commands.executeCommand("vscode.executeCodeActionProvider", document.uri, range, kind, 20);
  return found.filter((it) => it.title !== undefined);
}

/**
 * Returns what "fix all" offers for a file. VS Code gives a request up, with an empty answer, when an extension that
 * starts at that moment offers actions too, so an empty answer is asked for again.
 */
function fixAllOffers(document) {
  return wait("the offer to fix all", async () => {
    const offered = await actions(document, new vscode.Range(0, 0, 0, 0), "source.fixAll.plimsoll");
    return offered.length > 0 && offered;
  });
}

/** Applies the quick fix with this title, offered for this range. */
async function applyFix(document, range, title) {
  const action = await wait(`the fix \`${title}\``, async () => {
    const offered = await actions(document, range, vscode.CodeActionKind.QuickFix.value);
    return offered.find((it) => it.title === title);
  });
  holds("the fix has an edit", action.edit !== undefined, action);
  holds("the edit is applied", await vscode.workspace.applyEdit(action.edit), action);
}

function tabs() {
  return vscode.window.tabGroups.all.flatMap((it) => it.tabs);
}

function tab(label) {
  return wait(`the tab \`${label}\``, () => tabs().find((it) => it.label.includes(label)));
}

/** Runs steps in order, also after one that failed, and returns what became of each. `report` gets what is known so far. */
async function runSteps(steps, report = () => {}) {
  const results = [];
  for (const [name, run] of steps) {
    const before = Date.now();
    report({ results: [...results, { name, error: "it did not end" }] });
    try {
      const note = await run();
      results.push({ name, seconds: (Date.now() - before) / 1000, ...(note === undefined ? {} : { note }) });
    } catch (error) {
      const seen = vscode.languages.getDiagnostics().map(([uri, list]) => [uri.path, list.map((it) => `${codeOf(it)}:${it.range.start.line + 1}`).join(" ")]);
      results.push({ name, error: String(error && error.message), seen });
    }
  }
  return results;
}

module.exports = { wait, equal, holds, codeOf, findings, finding, gone, open, rangeOf, hoverText, actions, applyFix, fixAllOffers, tabs, tab, runSteps };
