import { signal } from "@preact/signals";
import type { Explanation, Rule } from "plimsoll";
import { useEffect, useRef, useState } from "preact/hooks";
import { page } from "../page";
import { FAMILIES } from "../words";
import { CodeBlock, Inline, Markdown } from "../ui/Markdown";

const SIDES: Record<Rule["on"], string> = {
  compose: "Compose", kubernetes: "Kubernetes", both: "either side", dual: "both sides compared",
  delivery: "charts, overlays, Argo CD and Flux", document: "any YAML",
};

const filter = signal("");

/** The list of rules, or the page of one, both as the engine gives them. */
export function Rules() {
  const code = page.rule.value;
  return <div class="rules">{code ? <RulePage key={code} code={code} /> : <RuleList />}</div>;
}

function RuleList() {
  const words = filter.value.toLowerCase().split(/\s+/);
  const shown = (page.rules.value ?? []).filter((it) => {
    const text = `${it.code} ${it.name} ${it.summary} ${it.severity} ${SIDES[it.on]} ${FAMILIES[it.family] ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return (
    <>
      <div class="rules-head">
        <input type="search" placeholder="Filter: code, name or words" aria-label="Filter rules" autocomplete="off" value={filter.value}
          onInput={(event) => (filter.value = event.currentTarget.value)} />
      </div>
      {!page.rules.value && <p class="empty">Asking the engine for its rules…</p>}
      {page.rules.value && !shown.length && <p class="empty">No rule matches this filter.</p>}
      {[...byFamily(shown)].map(([family, rules]) => (
        <section key={family}>
          <h2>{FAMILIES[family] ?? family} <span class="count">{family}xx</span></h2>
          <ul class="rule-list">
            {rules.map((it) => (
              <li key={it.code}>
                <button type="button" onClick={() => page.openRule(it.code)}>
                  <span class="rule-name"><span class={`severity ${it.severity}`}>{it.code}</span> {it.name}</span>
                  <span class="rule-summary"><Inline text={it.summary} /></span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function byFamily(rules: Rule[]): Map<string, Rule[]> {
  const families = new Map<string, Rule[]>();
  for (const rule of rules) {
    const members = families.get(rule.family);
    if (members) members.push(rule);
    else families.set(rule.family, [rule]);
  }
  return families;
}

function RulePage({ code }: { code: string }) {
  const [found, setFound] = useState<Explanation | "none" | undefined>();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    page.engine.explain(code).then((it) => setFound(it ?? "none"), (error: Error) => page.say(`The rule could not be read: ${error.message}`));
  }, [code]);
  useEffect(() => {
    heading.current?.closest("[role=tabpanel]")?.scrollTo(0, 0);
    if (heading.current && heading.current.getBoundingClientRect().top < 0) heading.current.scrollIntoView();
    heading.current?.focus({ preventScroll: true });
  }, [found]);
  const back = <button type="button" class="small" onClick={() => page.openRule(undefined)}>← All rules</button>;
  if (found === "none") return <>{back}<p class="empty">There is no rule {code}.</p></>;
  if (!found) return <p class="empty">Reading the rule…</p>;
  const { rule, sections, examples } = found;
  const exampleTitles = [...new Set(examples.map((it) => it.section))];
  return (
    <article class="rule">
      {back}
      <h2 ref={heading} tabIndex={-1}>{rule.code} {rule.name}</h2>
      <p class="rule-facts">{rule.severity} · reads {SIDES[rule.on]} · since {rule.since} · <a href={`./rules/${rule.code}-${rule.name}/`}>a page of its own</a></p>
      <p><Inline text={rule.summary} /></p>
      {sections.filter((it) => !exampleTitles.includes(it.title)).map((it) => <><h3>{it.title}</h3><Markdown source={it.body} /></>)}
      {exampleTitles.map((title) => <RuleExample code={rule.code} title={title} examples={examples.filter((it) => it.section === title)} />)}
    </article>
  );
}

function RuleExample({ code, title, examples }: { code: string; title: string; examples: Explanation["examples"] }) {
  return (
    <>
      <h3>{title}</h3>
      {examples.map((it) => <>{examples.length > 1 && <p class="file-name">{it.path}</p>}<CodeBlock text={it.text} /></>)}
      <button type="button" class="small" onClick={() => page.openContents(examples, `${code}, ${title}`)}>Open {title} in the playground</button>
    </>
  );
}
