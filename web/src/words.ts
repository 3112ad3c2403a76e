import type { Finding, Platform, Severity } from "plimsoll";

/** The severities, worst first. */
export const SEVERITIES: Severity[] = ["error", "warning", "info", "hint"];
export const SYMBOLS: Record<Severity, string> = { error: "■", warning: "▲", info: "●", hint: "○" };

/** Names of the rule families, each of which is one pitfall; the first digit of a code is its family. */
export const FAMILIES: Record<string, string> = {
  PLM0: "Documents", PLM1: "Startup order", PLM2: "Migrations", PLM3: "Mounts and images", PLM4: "Networking",
  PLM5: "Config and secrets", PLM6: "Probes and resources", PLM7: "State", PLM8: "A single server done well", PLM9: "Delivery",
};

export const PLATFORMS: Record<Platform, string> = {
  compose: "Docker Compose is enough", "larger-server": "Docker Compose on a larger server is enough",
  swarm: "Docker Compose in Swarm mode is enough", either: "Either would do", kubernetes: "This asks for Kubernetes",
};

/** The platforms as a destination. */
export const NAMES: Record<Platform, string> = {
  compose: "Docker Compose", "larger-server": "Docker Compose on a larger server", swarm: "Docker Compose in Swarm mode", either: "either",
  kubernetes: "Kubernetes",
};

export function familyOf(code: string): string {
  return code.slice(0, 4);
}

/** Returns what makes a finding the same one after the text has changed: rule, file and object, but no place. */
export function keyOf(finding: Finding): string {
  return [finding.code, finding.path, finding.subject].join("\n");
}

/** Returns the name of a target as people read it: the folder that holds everything has no name of its own. */
export function targetName(name: string): string {
  return name === "." ? "the root" : name;
}

export function amount(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** Returns the first names of a list, and how many more there are. */
export function firstOf(names: string[]): string {
  const more = names.length - 3;
  return names.slice(0, 3).join(", ") + (more > 0 ? ` and ${more.toLocaleString("en")} more` : "");
}

/** Returns the worst of some severities; `undefined` when there are none. */
export function worstOf(severities: Iterable<Severity>): Severity | undefined {
  const all = new Set(severities);
  return SEVERITIES.find((it) => all.has(it));
}
