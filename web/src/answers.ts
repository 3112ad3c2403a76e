/** Questions that only a person can answer, with the values that the engine accepts. */
export const ASKED: [key: string, label: string, values: [value: string, text: string][]][] = [
  ["downtime", "Tolerable downtime", [["hours", "hours"], ["minutes", "minutes"], ["seconds", "seconds"], ["none", "none"]]],
  ["teams", "Teams that deploy", [["1", "one"], ["2", "two"], ["3", "three"], ["5", "more"]]],
  ["audit", "Changes are audited", [["yes", "yes"], ["no", "no"]]],
];

/** The six questions of the decision, each answered by `yes` or `no`. */
const QUESTIONS = ["one-server", "multi-node", "replicas-and-rollouts", "teams-and-environments", "gitops", "packaging"];

/** Whether the engine accepts an answer. One that it does not know would make the whole analysis fail. */
export function isAnswer(key: string, value: string): boolean {
  if (key === "teams") return /^\d{1,4}$/.test(value);
  if (key === "downtime") return ["none", "seconds", "minutes", "hours"].includes(value);
  return (key === "audit" || QUESTIONS.includes(key)) && ["yes", "no"].includes(value);
}

/** Returns an answer in words: `downtime=none` is "Tolerable downtime: none". */
export function inWords(key: string, value: string): string {
  const asked = ASKED.find(([it]) => it === key);
  const label = asked?.[1] ?? `${key.charAt(0).toUpperCase()}${key.slice(1).replaceAll("-", " ")}`;
  return `${label}: ${asked?.[2].find(([it]) => it === value)?.[1] ?? value}`;
}
