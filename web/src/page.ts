import { batch, computed, signal } from "@preact/signals";
import type { Decision, Decisions, Finding, Fix, Range, Report, ReportFormat, Rule } from "plimsoll";
import { Address } from "./address";
import { isAnswer } from "./answers";
import { changesBetween } from "./changes";
import { choice, forgetChoices } from "./choices";
import { Editor } from "./editor/editor";
import { Engine } from "./engine/client";
import { Live, type Analysis } from "./engine/live";
import type { Core, Fixed, Part, Trouble } from "./engine/protocol";
import type { Example } from "./gallery";
import { read, type Found } from "./intake";
import { Keeper, type Earlier } from "./keep";
import { Messages } from "./messages";
import { guessName, Project, tidy, type Content, type ProjectFile, type ReplaceOptions } from "./project";
import { withLevel, withSetting, type Setting } from "./settings";
import { LinkError, unpack } from "./share";
import { statusOf, type EngineState } from "./status";
import { chooseTheme, storedTheme, type Theme } from "./theme";
import { diagnosticsOf } from "./ui/diagnostics";
import { known } from "./ui/known";
import { amount, firstOf, keyOf } from "./words";

export type PanelName = "findings" | "compare" | "decision" | "map" | "rules";
/** What the panel of both sides shows: the services side by side, or what each target gets. */
export type CompareView = "services" | "targets";

export type DialogName = "bring" | "examples" | "help" | "fixes" | "settings";

/** Milliseconds without a new result after which it is announced to screen readers. */
const QUIET = 1200;
/** Where the settings of a project are. */
const CONFIG = "plimsoll.yaml";
const NOT_KEPT = "The browser has no room to keep these files; please save them before you leave.";
const JUST_CHANGED = "The text has just changed. Please try again in a moment.";

/** What the page shows, as signals, and everything that people can do on it. */
export class Page extends Messages {
  readonly project = new Project();
  readonly engine = new Engine();
  readonly keeper = new Keeper(this.project, () => this.say(NOT_KEPT));
  readonly address = new Address(this.project, () => this.keeper.soon());

  /** Number of changes to the list of files, by which components follow the project. */
  readonly filesChanged = signal(0);
  readonly analysis = signal<Analysis | undefined>(undefined);
  readonly engineState = signal<EngineState>({ kind: "starting" });
  readonly panel = signal<PanelName>("findings");
  readonly compareView = signal<CompareView>("services");
  readonly rule = signal<string | undefined>(undefined);
  readonly dialog = signal<DialogName | undefined>(undefined);
  readonly ignoring = signal<Finding | undefined>(undefined);
  readonly fixed = signal<Fixed | undefined>(undefined);
  readonly announcement = signal("");
  readonly caret = signal<{ path: string; line: number }>({ path: "", line: 0 });
  /** Keys of the findings that are unfolded. */
  readonly unfolded = choice<ReadonlySet<string>>(new Set());
  /** Name of the application whose decision is shown, where the files hold several. */
  readonly system = choice("");
  /** What the last answer changed in the decision. */
  readonly changes = choice<string[]>([]);
  /** What a narrow window shows. */
  readonly view = signal<"results" | "files">("results");
  readonly theme = signal<Theme>(storedTheme());
  readonly rules = signal<Rule[] | undefined>(undefined);
  readonly status = computed(() => statusOf(this.analysis.value, this.engineState.value));

  #editor: Editor | undefined;
  #live = new Live(this.engine, this.project, {
    wanted: () => this.#wanted(),
    done: (analysis) => this.#done(analysis),
    failed: (message, trouble) => this.#failed(message, trouble),
    refused: (length) => (this.engineState.value = { kind: "large", length }),
    slow: () => (this.engineState.value = { kind: "slow" }),
  });
  #announce: ReturnType<typeof setTimeout> | undefined;
  /** The decision that was shown before the last answer, until its result is there. */
  readonly #beforeAnswer = choice<Decision | undefined>(undefined);
  #unfoldWorst = false;
  /** The panel from which a rule was opened. */
  #beforeRule: PanelName = "rules";
  #afterNext: ((report: Core) => void)[] = [];

  get editor(): Editor {
    if (!this.#editor) throw new Error("internal error: the editor is not there yet");
    return this.#editor;
  }

  /** Puts the editor into the page. */
  mountEditor(parent: HTMLElement): void {
    this.#editor ??= new Editor(parent, this.project, {
      pasteWhole: (file, text) => this.#pasteWhole(file, text),
      caret: (path, line) => {
        const { path: oldPath, line: oldLine } = this.caret.value;
        if (path !== oldPath || line !== oldLine) this.caret.value = { path, line };
      },
      reveal: (path, range) => this.reveal(path, range),
      rendered: known,
    }, this.engine);
    let { id } = this.project;
    this.project.onChange((change) => {
      if (id !== this.project.id) forgetChoices();
      ({ id } = this.project);
      if (change === "active") this.#underline();
      if (change !== "text") this.filesChanged.value += 1;
    });
  }

  /** Shows what the address asks for, or else what was kept, or else an example. */
  async start(): Promise<void> {
    this.engine.start();
    const kept = await this.keeper.start();
    const { rule, files, example } = this.address.read();
    // The address that this page wrote itself may be older than what was kept a moment later.
    const isOwn = kept && kept.hash === location.hash;
    const wanted = (files || example) && !isOwn;
    if (kept) this.#restore(kept);
    const shown = wanted ? await this.#openAddress() : kept !== undefined;
    if (!shown) await this.#openFirst();
    if (rule) this.openRule(rule);
    window.addEventListener("hashchange", () => (this.address.isOlder() ? this.#goBack() : void this.#openAddress()));
    if (this.analysis.value) this.#underline();
  }

  #restore(kept: Earlier, label?: string): void {
    const answers = Object.entries(kept.answers ?? {}).filter(([key, value]) => isAnswer(key, value));
    this.#unfoldWorst = kept.example !== undefined;
    // A project that another tab shows stays with that tab, and this one has a copy.
    const id = kept.isOpen ? undefined : kept.id;
    const isBorrowed = kept.isOpen && !label;
    this.project.replace(kept.files, { answers: Object.fromEntries(answers), example: kept.example, isBorrowed, id, ...(label ? { label } : {}) });
    const active = kept.active && this.project.find(kept.active);
    if (active) this.project.show(active);
  }

  async #openFirst(): Promise<void> {
    const first = await import("./gallery").then(({ examples }) => examples()[0]).catch(() => undefined);
    this.#unfoldWorst = true;
    this.project.replace(first?.files ?? [{ path: "compose.yaml", text: "" }], { example: first?.name, isBorrowed: true });
  }

  /** Opens what the address names. Returns whether that was a project. */
  async #openAddress(): Promise<boolean> {
    const { rule, files, example } = this.address.read();
    if (rule) this.openRule(rule);
    if (files) {
      try {
        const { leftOut, ...shared } = await unpack(files);
        const isReplacing = !this.project.isEmpty();
        this.project.replace(shared.files, { answers: shared.answers, isBorrowed: true, label: "the link opened" });
        const left = leftOut.length ? ` without ${leftOut.join(", ")}` : "";
        if (isReplacing || left) this.say(`Opened the link${left}.`, isReplacing);
        return true;
      } catch (error) {
        this.say(`This link ${error instanceof LinkError ? error.message : "is damaged or incomplete"}, so something else is shown instead.`);
        return false;
      }
    }
    if (!example || example === this.project.untouchedExample()) return example !== undefined;
    const found = await import("./gallery").then(({ examples }) => examples().find((it) => it.name === example));
    if (found) this.openExample(found, this.project.files.length > 0);
    return found !== undefined;
  }

  #done(analysis: Analysis): void {
    const { report } = analysis;
    batch(() => {
      this.analysis.value = analysis;
      this.engineState.value = { kind: "ready" };
      if (this.#unfoldWorst) {
        this.#unfoldWorst = false;
        const worst = report.findings.find((it) => it.severity === "error") ?? report.findings[0];
        if (worst) this.unfolded.value = new Set([keyOf(worst)]);
      }
      const before = this.#beforeAnswer.value;
      const { decision } = analysis.parts;
      // Where another panel is shown by now, nothing is compared: a later decision differs by more than the answer.
      if (before) this.changes.value = decision ? changesBetween(before, this.decisionOf(decision)) : [];
      this.#beforeAnswer.value = undefined;
    });
    // A panel may have been opened after this analysis was asked for.
    void this.#askFor(this.#wanted());
    this.#underline();
    for (const run of this.#afterNext.splice(0)) run(report);
    clearTimeout(this.#announce);
    this.#announce = setTimeout(() => (this.announcement.value = amount(report.findings.length, "finding")), QUIET);
  }

  #failed(message: string, trouble: Trouble): void {
    // What waits for a result of its own edit must not judge a later one.
    this.#afterNext = [];
    this.engineState.value = { kind: trouble, message };
  }

  #underline(): void {
    const file = this.project.active;
    const analysis = this.analysis.value;
    // The editor moves underlines along with the text by itself until the next result is there.
    if (!file || analysis?.version !== this.project.version) return;
    const here = analysis.report.findings.filter((it) => it.path === file.path);
    this.editor.underline(diagnosticsOf(this.editor.docOf(file), here, (fix) => this.apply(fix)));
  }

  // What people do with files.

  /** Takes files that somebody brought: in the place of an untouched example, or beside their own. */
  async take(found: Found[], unseen: string[] = []): Promise<void> {
    const { files, summary } = await read(found, unseen);
    await this.takeContents(files, summary);
  }

  async takeContents(files: Content[], summary: string): Promise<void> {
    this.dialog.value = undefined;
    if (!files.length) return this.say(summary || "None of these is a YAML file.");
    const { project } = this;
    const example = project.untouchedExample();
    if (example || project.isEmpty()) {
      this.#open(files, example ? { label: "the example replaced" } : {});
      const said = example ? `${amount(files.length, "file")} opened in the place of the example. ` : "";
      if (said || summary) this.say(said + summary, Boolean(example));
      return;
    }
    const clashes = files.filter((it) => project.find(it.path));
    const names = firstOf(clashes.map((it) => it.path));
    const option = clashes.length ? await this.ask("A file with this name is here already", names, ["Replace", "Keep both", "Open alone"])
      : project.wasExample ? await this.ask("The example has been changed", "Your files can take its place, or stand beside what is here.", ["Open alone", "Keep both"])
      : "Keep both";
    if (!option) return;
    if (option === "Open alone") {
      this.#open(files, { label: "other files opened" });
      return this.say(`${amount(files.length, "file")} opened alone. ${summary}`, true);
    }
    project.add(files, option === "Replace" ? "replace" : "both");
    this.view.value = "results";
    if (option === "Replace") this.say(`${amount(clashes.length, "file")} replaced. ${summary}`, true);
    else if (summary) this.say(summary);
  }

  /** Takes a text that was pasted outside of the editor. */
  takeText(text: string): void {
    if (text.trim()) void this.takeContents([{ path: guessName(text), text }], "");
  }

  #pasteWhole(file: ProjectFile, text: string): boolean {
    if (this.project.untouchedExample(file)) {
      this.#open([{ path: guessName(text), text }], { label: "the example replaced" });
      this.say("Your file is opened in the place of the example.", true);
      return true;
    }
    if (/^untitled/.test(file.path)) {
      const name = guessName(text);
      this.project.rename(file, name);
      if (file.path !== name && !/^untitled/.test(name)) this.say(`Named ${file.path}, because there is a ${name} already.`);
    }
    return false;
  }

  rename(file: ProjectFile, name: string): void {
    const taken = this.project.find(tidy(name));
    if (taken && taken !== file) return this.say(`There is a ${taken.path} already, so ${file.path} keeps its name.`);
    this.project.rename(file, name);
  }

  openExample(example: Example, undoable = true): void {
    this.#unfoldWorst = true;
    this.#open(example.files, { example: example.name, isBorrowed: true, ...(undoable ? { label: "the example opened" } : {}) });
    if (undoable) this.say(`Opened: ${example.title}.`, true);
  }

  openContents(contents: Content[], title: string): void {
    this.#open(contents.map(({ path, text }) => ({ path, text })), { label: title });
    this.say(`Opened: ${title}.`, true);
  }

  /** Opens what was kept for another tab, or on an earlier visit. */
  openKept(kept: Earlier): void {
    this.dialog.value = undefined;
    this.#restore(kept, "earlier work opened");
    this.#fresh();
    this.say(`${amount(kept.files.length, "file")} opened again.`, true);
  }

  close(file: ProjectFile): void {
    this.project.close(file);
    this.say(`${file.path} closed.`, true);
  }

  override undo(): void {
    const label = this.project.undoable;
    this.project.undo();
    if (label) this.say(`Undone: ${label}.`, { label: "Redo", run: () => this.redo() });
  }

  /** Returns to what an undo has taken back, with everything that was typed. */
  redo(): void {
    const label = this.project.redoable;
    this.project.redo();
    if (label) this.say(`Done again: ${label}.`, true);
  }

  /** Opens a project in the place of the present one. */
  #open(contents: Content[], options: ReplaceOptions): void {
    this.project.replace(contents, options);
    this.#fresh();
  }

  #fresh(): void {
    this.showPanel("findings");
    this.view.value = "results";
  }

  // What people do with results.

  reveal(path: string, range: Range): void {
    this.view.value = "files";
    this.editor.reveal(path, range);
  }

  showPanel(name: PanelName): void {
    this.panel.value = name;
    this.address.showRule(name === "rules" ? this.rule.value : undefined);
    void this.#askFor(this.#wanted());
    if (name === "rules" && !this.rules.value) {
      this.engine.rules().then((rules) => (this.rules.value = rules), (error: Error) => this.say(`The rules could not be read: ${error.message}`));
    }
  }

  showCompareView(view: CompareView): void {
    this.compareView.value = view;
    void this.#askFor(this.#wanted());
  }

  /** Returns the parts of a report that are shown. */
  #wanted(): Part[] {
    const panel = this.panel.value;
    if (panel === "compare") return [this.compareView.value === "services" ? "comparison" : "rendered"];
    return panel === "decision" || panel === "map" ? [panel] : [];
  }

  /** Asks the engine for parts of the last report that are not here yet. */
  async #askFor(wanted: Part[]): Promise<void> {
    const before = this.analysis.value;
    const missing = wanted.filter((it) => before && !before.parts[it]);
    if (!before || !missing.length) return;
    try {
      const parts = await this.engine.parts(missing);
      // Other parts of the same report may have arrived meanwhile.
      const now = this.analysis.value;
      if (now?.report === before.report) this.analysis.value = { ...now, parts: { ...now.parts, ...parts } };
    } catch (error) {
      this.say(`This part of the report could not be read: ${(error as Error).message}`);
    }
  }

  /** Returns the whole report, as it is for downloads. */
  async wholeReport(): Promise<Report | undefined> {
    await this.#askFor(["decision", "map"]);
    const analysis = this.analysis.value;
    if (!analysis?.parts.decision || !analysis.parts.map) return undefined;
    return { ...analysis.report, decision: analysis.parts.decision, map: analysis.parts.map };
  }

  /** Returns the report in a format of the command. */
  async rendered(format: ReportFormat): Promise<string | undefined> {
    return this.engine.render(format).catch((error: Error) => {
      this.say(`The report could not be written: ${error.message}`);
      return undefined;
    });
  }

  openRule(code: string | undefined): void {
    if (!this.rule.value || this.panel.value !== "rules") this.#beforeRule = this.panel.value;
    this.rule.value = code;
    this.showPanel("rules");
  }

  /** Stays with the project, which is newer than the address, and leaves a rule. */
  #goBack(): void {
    this.address.renew();
    if (this.panel.value !== "rules" || !this.rule.value) return;
    this.rule.value = undefined;
    this.showPanel(this.#beforeRule);
  }

  unfold(key: string, open: boolean): void {
    const keys = new Set(this.unfolded.value);
    if (open) keys.add(key);
    else keys.delete(key);
    this.unfolded.value = keys;
  }

  /** Whether the shown places belong to the text as it is; says so if not. */
  #isCurrent(): boolean {
    if (this.analysis.value?.version === this.project.version) return true;
    this.say(JUST_CHANGED);
    return false;
  }

  apply(fix: Fix): void {
    if (!this.#isCurrent()) return;
    const several = new Set(fix.edits.map((it) => it.path)).size > 1;
    this.view.value = "files";
    this.editor.apply(fix);
    this.say(`Done: ${fix.title}.${several ? "" : " Ctrl+Z undoes it."}`, several);
  }

  /** Asks the engine for every safe fix, to be read before it is taken. */
  async proposeFixes(): Promise<void> {
    try {
      const { version } = this.project;
      const fixed = await this.engine.fixAll(this.project.contents());
      if (version !== this.project.version) return this.say(JUST_CHANGED);
      this.fixed.value = fixed;
      this.dialog.value = "fixes";
    } catch (error) {
      this.say(`The fixes could not be worked out: ${(error as Error).message}`);
    }
  }

  takeFixes(): void {
    const fixed = this.fixed.value;
    this.dialog.value = undefined;
    if (!fixed?.files.length) return;
    this.project.rewrite(fixed.files, `${amount(fixed.titles.length, "fix", "fixes")} applied`);
    this.say(`${amount(fixed.titles.length, "fix", "fixes")} applied.`, true);
  }

  /** Writes a comment that silences a finding, and takes it back where a comment does not reach. */
  ignore(finding: Finding, reason: string): void {
    this.ignoring.value = undefined;
    if (!this.#isCurrent()) return;
    const same = (report: Core) => report.findings.filter((it) => it.code === finding.code && it.subject === finding.subject && it.path === finding.path).length;
    const before = same(this.analysis.value?.report as Core);
    const words = reason.trim().replace(/\s+/g, " ");
    this.view.value = "files";
    this.editor.insertAbove(finding.path, finding.range.start.line, `# plimsoll: ignore ${finding.code}${words ? ` -- ${words}` : ""}`);
    const { version, active } = this.project;
    this.#afterNext.push((report) => {
      if (same(report) < before) return this.say(`${finding.code} is ignored here, with your reason. Ctrl+Z undoes it.`);
      // The last change of the editor is the comment only as long as nothing else was edited or opened.
      if (version !== this.project.version || active !== this.project.active) {
        return this.say("A comment does not reach this place; please remove it. `plimsoll.yaml` can switch the rule off.");
      }
      this.editor.undo();
      this.say("A comment does not reach this place, so nothing was changed. `plimsoll.yaml` can switch the rule off.");
    });
  }

  /** The configuration of the project; `undefined` when it has none. */
  get config(): ProjectFile | undefined {
    return this.project.find(CONFIG) ?? this.project.find(`.${CONFIG}`);
  }

  /** Writes a level of a rule into `plimsoll.yaml`; an empty one is taken out. */
  setLevel(code: string, level: string): void {
    this.#configure(level ? `${code}: ${level}` : `${code} as it is`, (text) => withLevel(text, code, level));
  }

  /** Writes a setting into `plimsoll.yaml`; an empty one is taken out. */
  writeSetting(key: Setting, value: string): void {
    this.#configure(value ? `${key}: ${value}` : `no ${key}`, (text) => withSetting(text, key, value));
  }

  #configure(what: string, change: (text: string) => string | undefined): void {
    const { config, project } = this;
    const before = config?.text ?? "";
    const text = change(before);
    if (text === undefined) return this.say(`${config?.path} is written in another form there; please change it yourself.`);
    if (text === before) return;
    if (config) project.rewrite([{ path: config.path, text }], `${what} in ${config.path}`);
    else project.add([{ path: CONFIG, text }]);
    this.say(`${this.config?.path} now says ${what}.`, config !== undefined);
  }

  answer(key: string, value: string): void {
    const decision = this.analysis.value?.parts.decision;
    if (decision) this.#beforeAnswer.value ??= this.decisionOf(decision);
    this.project.answer(key, value);
  }

  /** Returns the decision about the application that is chosen, or about the first. */
  decisionOf(report: Decisions): Decision {
    return report.systems.find((it) => it.name === this.system.value) ?? report;
  }

  retryEngine(): void {
    this.engineState.value = { kind: "starting" };
    this.#live.retry();
  }

  checkAnyway(): void {
    this.engineState.value = { kind: "slow" };
    this.#live.runAnyway();
  }

  stopEngine(): void {
    this.engine.stop();
  }

  setTheme(theme: Theme): void {
    this.theme.value = theme;
    chooseTheme(theme);
  }
}

export const page = new Page();
