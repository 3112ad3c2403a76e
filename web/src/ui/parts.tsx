import type { Range, Severity } from "plimsoll";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { place } from "../positions";
import { page } from "../page";
import { SYMBOLS } from "../words";

/** A place in the files, as a button that leads there. */
export function Place({ path, range }: { path: string; range: Range }) {
  const text = place(path, range);
  return <button type="button" class="place" aria-label={`Go to ${text}`} onClick={() => page.reveal(path, range)}>{text}</button>;
}

export function RuleLink({ code }: { code: string }) {
  return <button type="button" class="code" aria-label={`About rule ${code}`} onClick={() => page.openRule(code)}>{code}</button>;
}

export function SeverityMark({ severity }: { severity: Severity }) {
  return (
    <span class={`severity ${severity}`}>
      <span aria-hidden="true">{SYMBOLS[severity]}</span>
      <span class="visually-hidden">{severity}: </span>
    </span>
  );
}

/** A button that copies a text to the clipboard and briefly confirms it. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [label, setLabel] = useState("Copy");
  const click = async () => {
    setLabel((await copy(text)) ? "Copied" : "Not allowed");
    setTimeout(() => setLabel("Copy"), 1500);
  };
  return <button type="button" class="small" aria-label={`Copy ${what}`} onClick={() => void click()}>{label}</button>;
}

export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Hands a file to the browser's downloads. */
export function download(name: string, content: string | Uint8Array<ArrayBuffer>, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

interface DialogProps {
  id: string;
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

/** A modal dialog that is open as long as it is rendered. */
export function Dialog({ id, title, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    // The browser gives the focus back where a dialog is closed, and not where it is only removed.
    return () => dialog?.close();
  }, []);
  return (
    // The event of a dialog that is gone must not close the next one.
    <dialog id={id} ref={element} aria-labelledby={`${id}-title`} onClose={() => element.current && onClose()}>
      <form method="dialog"><h2 id={`${id}-title`}>{title}</h2><button type="submit" class="icon" aria-label="Close">×</button></form>
      {children}
    </dialog>
  );
}

interface SelectProps {
  label: string;
  value: string;
  options: readonly (readonly [value: string, text: string])[];
  onChoose: (value: string) => void;
  /** Name of the question that the choice answers. */
  answers?: string;
}

export function Select({ label, value, options, onChoose, answers }: SelectProps) {
  return (
    <label class="ask">
      {label}{" "}
      <select data-answer={answers} value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {options.map(([it, text]) => <option value={it} selected={it === value}>{text}</option>)}
      </select>
    </label>
  );
}

/** A section with a heading, for lists of sentences. */
export function Group({ title, count, children, ...rest }: { title: string; count?: string; children: ComponentChildren; class?: string }) {
  return <section {...rest}><h2>{title}{count && <> <span class="count">{count}</span></>}</h2>{children}</section>;
}
