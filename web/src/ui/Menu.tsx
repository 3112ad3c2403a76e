import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** Buttons below a button: a choice, Escape or a click elsewhere closes them. */
export function Menu({ label, children }: { label: string; children: ComponentChildren }) {
  const menu = useRef<HTMLDetailsElement>(null);
  const summary = useRef<HTMLElement>(null);
  const close = () => {
    if (menu.current?.contains(document.activeElement)) summary.current?.focus();
    menu.current?.removeAttribute("open");
  };
  useEffect(() => {
    const elsewhere = (event: Event) => event.target instanceof Node && !menu.current?.contains(event.target) && close();
    document.addEventListener("pointerdown", elsewhere);
    document.addEventListener("focusin", elsewhere);
    return () => {
      document.removeEventListener("pointerdown", elsewhere);
      document.removeEventListener("focusin", elsewhere);
    };
  }, []);
  return (
    <details class="menu" ref={menu} onKeyDown={(event) => event.key === "Escape" && close()}>
      <summary class="button" ref={summary}>{label}</summary>
      <div class="menu-body" onClick={close}>{children}</div>
    </details>
  );
}
