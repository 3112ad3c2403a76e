import { byId } from "./dom";

/** Tabs: arrow keys move between them, and only the selected tab is in the tab order. */
export function tabs(row: HTMLElement, onChoose: (name: string) => void): (name: string) => void {
  const all = [...row.querySelectorAll<HTMLElement>("[role=tab]")];
  const choose = (chosen: HTMLElement) => {
    for (const tab of all) {
      const is = tab === chosen;
      tab.setAttribute("aria-selected", String(is));
      tab.tabIndex = is ? 0 : -1;
      byId(tab.getAttribute("aria-controls") ?? "").hidden = !is;
    }
    onChoose(chosen.dataset.name ?? "");
  };
  for (const [index, tab] of all.entries()) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
      const next = all[(index + step + all.length) % all.length];
      if (!step || !next) return;
      next.focus();
      choose(next);
    });
  }
  return (name) => {
    const tab = all.find((it) => it.dataset.name === name);
    if (tab) choose(tab);
  };
}
