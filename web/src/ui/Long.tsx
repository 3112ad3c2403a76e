import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface Props<T> {
  items: T[];
  /** Number of items that are rendered at first, and added each time the end comes into view. */
  step: number;
  /** Number of items that are rendered at least. */
  least?: number;
  children: (item: T, index: number) => ComponentChildren;
  /** Renders what is around the rows. */
  wrap: (rows: ComponentChildren) => ComponentChildren;
}

/** A long list that renders only as far as somebody has scrolled. */
export function Long<T>({ items, step, least = 0, children, wrap }: Props<T>) {
  const [scrolled, setLimit] = useState(step);
  const limit = Math.max(scrolled, least);
  const end = useRef<HTMLDivElement>(null);
  const left = items.length - limit;
  useEffect(() => {
    const marker = end.current;
    if (!marker) return undefined;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((it) => it.isIntersecting)) setLimit((it) => it + step);
    }, { rootMargin: "600px" });
    observer.observe(marker);
    return () => observer.disconnect();
  }, [left > 0, limit]);
  return (
    <>
      {wrap(items.slice(0, limit).map(children))}
      {left > 0 && (
        <div class="more" ref={end}>
          <button type="button" onClick={() => setLimit((it) => it + step)}>Show more ({left.toLocaleString("en")} left)</button>
        </div>
      )}
    </>
  );
}
