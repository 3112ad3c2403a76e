/**
 * Keeps the focus on the page. A control that goes away while it has the focus, such as the button of a fix that was
 * applied, would leave it on the body, and the next Tab would begin at the top of the page.
 */
export function keepFocus(root: HTMLElement): void {
  let last: Element | undefined;
  document.addEventListener("focusin", ({ target }) => (last = target instanceof Element ? target : undefined));
  new MutationObserver((changes) => {
    const { activeElement, body } = document;
    // What is hidden or disabled has the focus until the next frame.
    if (!last || (activeElement && activeElement !== body && activeElement !== last)) return;
    // Whether it can be seen takes long to find out, so only where that may have changed.
    const isHidden = changes.some((it) => it.type === "attributes") && !canHaveFocus(last);
    if (last.isConnected && !isHidden) return;
    last = undefined;
    // What is shown, beginning with the innermost: a dialog makes everything else unreachable.
    for (const place of ["dialog[open]", "[role=tabpanel]:not([hidden])", ".cm-content"]) {
      const element = root.querySelector<HTMLElement>(place);
      if (!element?.checkVisibility()) continue;
      element.focus({ preventScroll: true });
      return;
    }
  }).observe(root, { childList: true, subtree: true, attributeFilter: ["hidden", "disabled", "data-view"] });
}

function canHaveFocus(element: Element): boolean {
  return element.checkVisibility() && !element.matches(":disabled");
}
