// What the engine knows of a word in the editor: a tooltip over it, and the way to its definition.
import { Prec, type Extension } from "@codemirror/state";
import { EditorView, hoverTooltip, keymap } from "@codemirror/view";
import type { Place } from "plimsoll";
import type { Engine } from "../engine/client";
import { spanOf } from "../positions";

/** Whom to ask, and whom to tell. */
export interface Knowing {
  engine: Pick<Engine, "hover" | "definition">;
  /** Returns where the engine has an offset of the editor. */
  place(at: number): [path: string, byte: number] | undefined;
  reveal(place: Place): void;
  /** Renders what is known. */
  rendered(markdown: string): HTMLElement;
}

/** Stands below the tooltip of a finding, so the engine is asked to leave findings out. */
export function knowledge({ engine, place, reveal, rendered }: Knowing): Extension {
  // Failures are ignored here: the page reports the state of the engine elsewhere.
  const go = (at: number): void => {
    const here = place(at);
    if (here) engine.definition(...here).then(([first]) => first && reveal(first), () => undefined);
  };
  const tooltip = hoverTooltip(async ({ state: { doc } }, at) => {
    const here = place(at);
    const found = here && (await engine.hover(...here).catch(() => null));
    if (!found) return null;
    const { from, to } = spanOf(doc, found.range);
    return from <= at && at <= to ? { pos: from, end: to, create: () => ({ dom: rendered(found.markdown) }) } : null;
  }, { hideOnChange: true });
  return [
    Prec.lowest(tooltip),
    keymap.of([{ key: "F12", run: ({ state }) => (go(state.selection.main.head), true) }]),
    EditorView.domEventHandlers({
      click(event, view) {
        const isAsked = navigator.platform.startsWith("Mac") ? event.metaKey : event.ctrlKey;
        const at = isAsked ? view.posAtCoords(event) : null;
        if (at !== null) go(at);
      },
    }),
  ];
}
