import type { Platform, Today } from "plimsoll";

const LEVELS: [Platform, string][] = [["compose", "Compose"], ["either", "either"], ["kubernetes", "Kubernetes"]];

/** Returns the level of the scale that a platform belongs to. */
function levelOf(platform: string): string {
  return platform === "larger-server" || platform === "swarm" ? "compose" : platform;
}

/** The load line: the water marks the platform that the files ask for, the rings what runs today. */
export function LoadLine({ platform, today }: { platform: Platform; today: Today }) {
  const wanted = levelOf(platform);
  const y = (level: string) => 76 - 28 * LEVELS.findIndex(([it]) => it === level);
  const water = LEVELS.some(([it]) => it === wanted) ? y(wanted) : 90;
  const isHere = (level: string) => levelOf(today) === level || (today === "both" && level !== "either");
  return (
    <svg viewBox="0 0 206 96" class="loadline" role="img" aria-label={`Load line: the files ask for ${platform}; today: ${today}`}>
      <rect x="0" y={water} width="206" height={96 - water} class="water" />
      <path d={`M0 ${water}H206`} class="waterline" />
      <circle cx="28" cy="48" r="17" class="disc" />
      <path d="M4 48H52" class="disc" />
      <path d="M64 12V84" class="scale" />
      {LEVELS.map(([level, name]) => (
        <>
          <path d={`M64 ${y(level)}h18`} class="scale" />
          <text x="88" y={y(level) + (level === wanted ? -5 : 4)} class={level === wanted ? "wanted" : ""}>{isHere(level) ? `${name} · today` : name}</text>
          {isHere(level) && <circle cx="64" cy={y(level)} r="4.5" class="today" />}
        </>
      ))}
    </svg>
  );
}
