import { signal, type Signal } from "@preact/signals";

const resets: (() => void)[] = [];

/** What somebody has chosen to see of a project, such as a filter. Another project starts with the first value again. */
export function choice<T>(first: T): Signal<T> {
  const it = signal(first);
  resets.push(() => (it.value = first));
  return it;
}

/** Forgets every choice, because another project is shown. */
export function forgetChoices(): void {
  for (const reset of resets) reset();
}
