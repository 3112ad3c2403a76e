import type { Range } from "plimsoll";
import { place } from "../positions";
import { h } from "../ui/dom";

/** What panels can ask of the page. */
export interface Actions {
  reveal(path: string, range: Range): void;
  openRule(code: string): void;
}

/** A place in the files, as a button that leads there. */
export function placeLink(actions: Actions, path: string, range: Range): HTMLButtonElement {
  const text = place(path, range);
  return h("button", {
    type: "button", class: "place", "aria-label": `Go to ${text}`, onclick: () => actions.reveal(path, range),
  }, text);
}

export function ruleLink(actions: Actions, code: string): HTMLButtonElement {
  return h("button", {
    type: "button", class: "code", "aria-label": `About rule ${code}`, onclick: () => actions.openRule(code),
  }, code);
}
