import type { Report, Severity } from "plimsoll";
import type { Project, ProjectFile } from "../project";
import { h } from "./dom";

/** The row of file tabs: select, rename, close. */
export class FileTabs {
  #marks = new Map<string, { worst: Severity; count: number }>();

  constructor(private readonly list: HTMLElement, private readonly project: Project) {
    project.onChange((change) => {
      if (change !== "text") this.#draw();
    });
  }

  /** Shows the number of findings on each tab. */
  mark(report: Report): void {
    const order: Severity[] = ["error", "warning", "info", "hint"];
    this.#marks.clear();
    for (const { path, severity } of report.findings) {
      const { worst, count } = this.#marks.get(path) ?? { worst: severity, count: 0 };
      this.#marks.set(path, { worst: order.indexOf(severity) < order.indexOf(worst) ? severity : worst, count: count + 1 });
    }
    if (!this.list.querySelector("input")) this.#draw();
  }

  #draw(): void {
    const focused = this.list.contains(document.activeElement) ? document.activeElement?.getAttribute("data-key") : null;
    this.list.replaceChildren(...this.project.files.map((it) => this.#tab(it)));
    if (focused) this.list.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    this.list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #tab(file: ProjectFile): HTMLElement {
    const active = file === this.project.active;
    const mark = this.#marks.get(file.path);
    const item = h("li", { class: active ? "active" : "" });
    const name = h("button", {
      type: "button", class: "file-name", "data-key": `open ${file.id}`, "aria-current": active ? "true" : null,
      title: active ? "Double-click or F2 to rename" : null,
      onclick: () => this.project.show(file),
      ondblclick: () => this.#rename(item, file),
      onkeydown: (event: KeyboardEvent) => event.key === "F2" && this.#rename(item, file),
    }, file.path, mark ? h("span", { class: `badge ${mark.worst}`, "aria-label": `${mark.count} found` , role: "img" }, String(mark.count)) : null);
    item.append(name);
    if (active) {
      item.append(h("button", { type: "button", class: "tab-action", "aria-label": `Rename ${file.path}`,
        "data-key": `rename ${file.id}`, onclick: () => this.#rename(item, file) }, "✎"));
    }
    item.append(h("button", { type: "button", class: "tab-action", "aria-label": `Close ${file.path}`,
      "data-key": `close ${file.id}`, onclick: () => this.project.close(file) }, "×"));
    return item;
  }

  #rename(item: HTMLElement, file: ProjectFile): void {
    const input = h("input", { value: file.path, "aria-label": `New name of ${file.path}`, spellcheck: "false", size: Math.max(12, file.path.length) });
    let done = false;
    const finish = (keep: boolean) => {
      if (done) return;
      done = true;
      if (keep) this.project.rename(file, input.value);
      this.#draw();
      this.list.querySelector<HTMLElement>(`[data-key="open ${file.id}"]`)?.focus();
    };
    input.addEventListener("keydown", ({ key }) => {
      if (key === "Enter" || key === "Escape") finish(key === "Enter");
    });
    input.addEventListener("blur", () => finish(true));
    item.replaceChildren(input);
    input.focus();
    // Selects the name without its extension, the part that usually changes.
    input.setSelectionRange(0, Math.max(0, file.path.lastIndexOf(".")) || file.path.length);
  }
}
