import { useEffect, useRef, useState } from "preact/hooks";

const LEAST = 25;
const MOST = 75;

/** The bar between the files and the results, moved by pointer or by arrow keys. */
export function Splitter() {
  const bar = useRef<HTMLDivElement>(null);
  const [share, setShare] = useState(stored);
  useEffect(() => {
    bar.current?.parentElement?.style.setProperty("--split", `${share}%`);
    try {
      localStorage.setItem("split", String(share));
    } catch {
      // A browser without storage forgets the width, and nothing else.
    }
  }, [share]);
  const set = (wanted: number) => setShare(Math.round(Math.min(Math.max(wanted, LEAST), MOST)));
  const drag = (event: PointerEvent) => {
    const main = bar.current?.parentElement?.getBoundingClientRect();
    if (main && bar.current?.hasPointerCapture(event.pointerId)) set(((event.clientX - main.left) / main.width) * 100);
  };
  const key = (event: KeyboardEvent) => {
    const to = { ArrowLeft: share - 4, ArrowRight: share + 4, Home: LEAST, End: MOST }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    set(to);
  };
  return (
    <div ref={bar} class="splitter" role="separator" tabIndex={0} aria-orientation="vertical" aria-label="Width of the files" aria-valuenow={share} aria-valuemin={LEAST} aria-valuemax={MOST}
      onPointerDown={(event) => bar.current?.setPointerCapture(event.pointerId)} onPointerMove={drag} onDblClick={() => set(52)} onKeyDown={key} />
  );
}

function stored(): number {
  try {
    const share = Number(localStorage.getItem("split"));
    return share >= LEAST && share <= MOST ? share : 52;
  } catch {
    return 52;
  }
}
