import type { Platform } from "plimsoll";

const SVG = "http://www.w3.org/2000/svg";
const LEVELS: [Platform, string][] = [["compose", "Compose"], ["either", "either"], ["kubernetes", "Kubernetes"]];

/** Returns the level of the scale that a platform belongs to. */
function levelOf(platform: string): string {
  return platform === "larger-server" || platform === "swarm" ? "compose" : platform;
}

/** The load line: the water marks the platform that the files ask for, the rings what runs today. */
export function loadLine(platform: Platform, today: string): SVGSVGElement {
  const svg = make("svg", { viewBox: "0 0 206 96", class: "loadline", role: "img",
    "aria-label": `Load line: the files ask for ${platform}; today: ${today}` });
  const wanted = levelOf(platform);
  const y = (level: string) => 76 - 28 * LEVELS.findIndex(([it]) => it === level);
  const water = LEVELS.some(([it]) => it === wanted) ? y(wanted) : 90;
  svg.append(
    make("rect", { x: 0, y: water, width: 206, height: 96 - water, class: "water" }),
    make("path", { d: `M0 ${water}H206`, class: "waterline" }),
    make("circle", { cx: 28, cy: 48, r: 17, class: "disc" }),
    make("path", { d: "M4 48H52", class: "disc" }),
    make("path", { d: "M64 12V84", class: "scale" }),
  );
  for (const [level, name] of LEVELS) {
    const text = make("text", { x: 88, y: y(level) + (level === wanted ? -5 : 4) });
    if (level === wanted) text.setAttribute("class", "wanted");
    const here = levelOf(today) === level || (today === "both" && level !== "either");
    text.textContent = here ? `${name} · today` : name;
    svg.append(make("path", { d: `M64 ${y(level)}h18`, class: "scale" }), text);
    if (here) {
      svg.append(make("circle", { cx: 64, cy: y(level), r: 4.5, class: "today" }));
    }
  }
  return svg;
}

function make<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Record<string, string | number>): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}
