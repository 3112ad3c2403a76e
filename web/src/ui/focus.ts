const FOCUSABLE = "button:not(:disabled), a[href], input:not(:disabled), select:not(:disabled), summary, [tabindex='0']";

/**
 * Keeps the focus on the page. A control that goes away while it has the focus, such as the button of a fix that was
 * applied, would leave it on the body, and the next Tab would begin at the top of the page. What remains of its
 * surroundings gets the focus instead.
 */
export function keepFocus(root: HTMLElement): void {
  let last: Element | undefined;
  /** What is around the control that has the focus, beginning with the innermost. */
  let around: Element[] = [];
  document.addEventListener("focusin", ({ target }) => {
    last = target instanceof Element ? target : undefined;
    around = [];
    for (let it = last?.parentElement; it && it !== root && it !== document.body; it = it.parentElement) around.push(it);
  });
  new MutationObserver((changes) => {
    const { activeElement, body } = document;
    // What is hidden or disabled has the focus until the next frame.
    if (!last || (activeElement && activeElement !== body && activeElement !== last)) return;
    // Whether it can be seen takes long to find out, so only where that may have changed.
    const isHidden = changes.some((it) => it.type === "attributes") && !canHaveFocus(last);
    if (last.isConnected && !isHidden) return;
    last = undefined;
    // A dialog makes everything else unreachable.
    const places = [root.querySelector("dialog[open]"), ...around, root.querySelector("[role=tabpanel]:not([hidden])"), root.querySelector(".cm-content")];
    for (const place of places) {
      const element = place?.isConnected && place.checkVisibility() ? placeIn(place) : undefined;
      if (!element) continue;
      element.focus({ preventScroll: true });
      return;
    }
  }).observe(root, { childList: true, subtree: true, attributeFilter: ["hidden", "disabled", "data-view"] });
}

/** Returns what can have the focus: an element itself, what is current in it, or the first control in it. */
function placeIn(place: Element): HTMLElement | undefined {
  if (place.matches("[tabindex], dialog")) return place as HTMLElement;
  const all = [...place.querySelectorAll<HTMLElement>(FOCUSABLE)].filter((it) => it.checkVisibility({ checkVisibilityCSS: true }));
  return all.find((it) => it.ariaCurrent) ?? all[0];
}

function canHaveFocus(element: Element): boolean {
  return element.checkVisibility() && !element.matches(":disabled");
}
