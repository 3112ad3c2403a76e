import type { Decision as Report, Decisions, Question, Scenario, Sum } from "plimsoll";
import { ASKED, inWords } from "../answers";
import { choice } from "../choices";
import { decisionMarkdown } from "../exports";
import { page } from "../page";
import { NAMES, PLATFORMS } from "../words";
import { Inline } from "../ui/Markdown";
import { download, Group, Place, Select } from "../ui/parts";
import { Checklist, CrossingTable } from "./Checklists";
import { LoadLine } from "./LoadLine";

const FITS: Record<Report["fit"], string> = {
  fits: "This fits what runs today.",
  outgrown: "Outgrown: the files ask for more than one host can give.",
  "over-built": "Over-built: more platform is operated than the files use.",
  mixed: "Mixed: both sides look like production.",
  open: "Still open: a question that decides is not answered.",
};
const SCENARIOS: Record<Scenario["nearest"], string> = {
  "internal-app": "an internal business app", "growing-saas": "a growing SaaS",
  "multi-team-platform": "a multi-team platform", regulated: "a regulated or high-change system",
};

/** Questions that are unfolded. */
const openQuestions = choice<ReadonlySet<string>>(new Set());

/** The decision report: the outcome first, then what would change it, then the evidence behind it. */
export function Decision({ report }: { report: Decisions }) {
  const shown = page.decisionOf(report);
  const choose = (name: string) => {
    page.system.value = name;
    page.changes.value = [];
  };
  return (
    <div class="decision">
      <Verdict report={shown} />
      {report.systems.length > 1 && (
        <section><Select label="Application" value={page.system.value || report.systems[0]?.name || ""}
          options={report.systems.map((it) => [it.name, it.name] as const)} onChoose={choose} /></section>
      )}
      <Asks report={shown} />
      {shown.reasons.length > 0 && <Group title="Why"><ul>{shown.reasons.map((it) => <li><Sentence text={it} /></li>)}</ul></Group>}
      {shown.steps.length > 0 && (
        <Group title="Next steps">
          <ol>
            {shown.steps.map((it) => (
              <li>{it.subject && <strong><Inline text={`${it.subject}: `} /></strong>}<Inline text={it.text} /> {it.path && it.range && <Place path={it.path} range={it.range} />}</li>
            ))}
          </ol>
        </Group>
      )}
      {shown.flips.length > 0 && (
        <Group title="What would flip this"><ul>{shown.flips.map((it) => <li><Inline text={it.fact} /> → {NAMES[it.to] ?? it.to}</li>)}</ul></Group>
      )}
      {shown.myth && <p class="myth"><Inline text={shown.myth} /></p>}
      <Group title="Six questions">{shown.questions.map((it) => <QuestionRow key={it.id} question={it} />)}<Form /></Group>
      <Facts report={shown} />
      <Checklist title="A single server done well" items={shown.checklists.server} />
      <Checklist title="Crossing from Compose to Kubernetes" items={shown.checklists.crossing} />
      <CrossingTable rows={shown.crossing} />
    </div>
  );
}

/** A sentence of the engine, whose place in brackets at the end can be followed. */
function Sentence({ text }: { text: string }) {
  const [, words, path, line] = /^(.*) \(([^()\s]+):(\d+)\)$/s.exec(text) ?? [];
  if (words === undefined || !path || !page.project.find(path)) return <Inline text={text} />;
  const start = { line: Number(line), column: 1, offset: 0 };
  return <><Inline text={words} /> <Place path={path} range={{ start, end: start }} /></>;
}

/** The outcome, which stays in view while the evidence scrolls. */
function Verdict({ report }: { report: Report }) {
  const { outcome, verdict, fit, today } = report;
  const save = () => {
    const day = new Date().toISOString().slice(0, 10);
    download("decision.md", decisionMarkdown(report, page.project.answers, day), "text/markdown");
  };
  return (
    <section class="verdict" aria-label="Verdict">
      <div>
        <h2 class="outcome">{PLATFORMS[outcome.platform] ?? "Not enough to say yet"}</h2>
        <p><Inline text={verdict} /></p>
        <p class={`fit ${fit}`}>{FITS[fit] ?? ""} <button type="button" class="small" onClick={save}>Save as a record (.md)</button></p>
      </div>
      <LoadLine platform={outcome.platform} today={today} />
    </section>
  );
}

/** The answers worth giving, each with a button that gives it, and what the last one changed. */
function Asks({ report }: { report: Report }) {
  const given = Object.entries(page.project.answers);
  const changes = page.changes.value;
  if (!report.ask.length && !given.length) return null;
  return (
    <section class="asks">
      <h2>Worth answering</h2>
      {report.ask.length > 0 && (
        <ul class="plain">
          {report.ask.slice(0, 2).map(({ answer, changes }) => {
            const [key = "", value = ""] = answer.split("=");
            return <li key={answer}><button type="button" onClick={() => page.answer(key, value)}>{inWords(key, value)}</button> <Inline text={changes} /></li>;
          })}
        </ul>
      )}
      {given.length > 0 && (
        <p class="given">You said: {given.map(([key, value]) => (
          <button type="button" class="small" key={key} aria-label={`Take back ${inWords(key, value)}`} onClick={() => page.answer(key, "")}>{inWords(key, value)} ×</button>
        ))}</p>
      )}
      {changes.length > 0 && <div class="changes" role="status"><strong>What changed</strong><ul>{changes.map((it) => <li>{it}</li>)}</ul></div>}
    </section>
  );
}

function Facts({ report }: { report: Report }) {
  const { outcome, sums, cost, scenario, today, counted } = report;
  const facts: [string, string][] = [
    ["Today", today], ["Counted", counted], ["CPU", amountOf(sums.cpu, 1, "")], ["Memory", amountOf(sums.memory, 2 ** 30, " GiB")],
    ["Kustomize", outcome.kustomize], ["Helm", outcome.helm], ["Argo CD", outcome.argocd], ["Flux", outcome.flux],
    ["To stay", cost.stay.text], ["To move", cost.move.text],
    ["Nearest to", scenario.because && `${SCENARIOS[scenario.nearest]}: ${scenario.because}`],
  ];
  return <Group title="In numbers"><dl class="facts">{facts.map(([name, value]) => value && <div><dt>{name}</dt><dd>{value}</dd></div>)}</dl></Group>;
}

function QuestionRow({ question }: { question: Question }) {
  const toggle = (open: boolean) => {
    const next = new Set(openQuestions.value);
    if (open) next.add(question.id);
    else next.delete(question.id);
    openQuestions.value = next;
  };
  return (
    <details class="question" data-id={question.id} open={openQuestions.value.has(question.id)} onToggle={(event) => toggle(event.currentTarget.open)}>
      <summary>
        <span class={`answer ${question.answer}`}>{question.answer}</span>
        <span>{question.text}</span>
        {question.by === "person" && <span class="by">your answer</span>}
      </summary>
      <ul class="evidence">
        {question.evidence.map((it) => (
          <li>
            <span class={`points ${it.points}`} title={`weight ${it.weight} of 3`}>
              {it.points} <span aria-hidden="true">{"●".repeat(it.weight)}</span><span class="visually-hidden">, weight {it.weight} of 3</span>
            </span>
            <span title={it.because}><Inline text={it.fact} /> {it.path && it.range && <Place path={it.path} range={it.range} />}</span>
          </li>
        ))}
      </ul>
      {question.settledBy.length > 0 && <p class="settled">What would settle this: <Inline text={question.settledBy.join("; ")} />.</p>}
      <AnswerSelect id={question.id} label="Your answer" open="as the files say" values={[["yes", "yes"], ["no", "no"]]} />
    </details>
  );
}

function Form() {
  return (
    <fieldset class="asked">
      <legend>What the files cannot know</legend>
      {ASKED.map(([key, label, values]) => <AnswerSelect key={key} id={key} label={label} open="not said" values={values} />)}
    </fieldset>
  );
}

function AnswerSelect({ id, label, open, values }: { id: string; label: string; open: string; values: [string, string][] }) {
  return <Select label={label} value={page.project.answers[id] ?? ""} options={[["", open], ...values]} onChoose={(it) => page.answer(id, it)} answers={id} />;
}

/** Returns a sum as a range, with the number of containers that state an amount. */
function amountOf(sum: Sum, unit: number, suffix: string): string {
  const round = (value: number): number => Math.round((value / unit) * 100) / 100;
  const range = sum.min === sum.max ? `${round(sum.min)}` : `${round(sum.min)} to ${round(sum.max)}`;
  return `${sum.sized ? range + suffix : "unknown"}, stated by ${sum.sized} of ${sum.containers} containers`;
}
