import type { Example } from "../gallery";
import { byId, h } from "./dom";
import { inline } from "./markdown";

/** The gallery of examples, loaded on first use. */
export class Gallery {
  #dialog = byId<HTMLDialogElement>("gallery");
  #examples: Promise<Example[]> | undefined;

  constructor(private readonly choose: (example: Example) => void) {}

  async first(): Promise<Example | undefined> {
    return (await this.#all())[0];
  }

  async find(name: string): Promise<Example | undefined> {
    return name ? (await this.#all()).find((it) => it.name === name) : undefined;
  }

  async show(): Promise<void> {
    const examples = await this.#all();
    byId("gallery-list").replaceChildren(...examples.map((it) => this.#card(it)));
    this.#dialog.showModal();
  }

  #all(): Promise<Example[]> {
    this.#examples ??= import("../gallery").then(({ examples }) => examples());
    return this.#examples;
  }

  #card(example: Example): HTMLElement {
    const pick = () => {
      this.#dialog.close();
      this.choose(example);
    };
    return h("li", {}, h("button", { type: "button", onclick: pick },
      h("strong", {}, ...inline(example.title)), h("span", {}, ...inline(example.about)),
      h("span", { class: "card-files" }, example.files.map((it) => it.path).join("  "))));
  }
}
