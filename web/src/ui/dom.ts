type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | null | undefined | ((event: never) => void)>;

/** Creates an element. `on…` attributes become listeners; `false`, `null` and `undefined` are ignored. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(name.slice(2), value as (event: Event) => void);
    } else if (value === true) {
      element.setAttribute(name, "");
    } else if (value !== false && value != null) {
      element.setAttribute(name, String(value));
    }
  }
  element.append(...children.filter((it): it is Node | string => it != null && it !== false && it !== ""));
  return element;
}

export function byId<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`internal error: no element #${id}`);
  return found as T;
}

/**
 * Makes `parent` hold exactly `children`, and leaves those in place that are there already, so that
 * neither focus nor scroll position is lost when only some of them changed.
 */
export function reconcile(parent: Element, children: Element[]): void {
  const wanted = new Set(children);
  for (const old of [...parent.children]) if (!wanted.has(old)) old.remove();
  let next = parent.firstElementChild;
  for (const child of children) {
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
  }
}

/** A button that copies a text to the clipboard and briefly confirms it. */
export function copyButton(text: string, what: string): HTMLButtonElement {
  const button = h("button", { type: "button", class: "small", "aria-label": `Copy ${what}` }, "Copy");
  button.addEventListener("click", async () => {
    const done = await copy(text);
    button.textContent = done ? "Copied" : "Not allowed";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  return button;
}

export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

let hideToast: ReturnType<typeof setTimeout> | undefined;

/** Shows a message in a corner for a while, announced to screen readers, with an optional action. */
export function toast(message: string, offer?: { label: string; run: () => void }): void {
  const box = byId("toast");
  const hide = () => box.classList.remove("shown");
  const button = offer && h("button", { type: "button", class: "small", onclick: () => {
    hide();
    offer.run();
  } }, offer.label);
  box.replaceChildren(message, ...(button ? [button] : []));
  box.classList.add("shown");
  clearTimeout(hideToast);
  hideToast = setTimeout(hide, offer ? 8000 : 4000);
}
