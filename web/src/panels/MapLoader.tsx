import type { Report } from "plimsoll";
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

/** Loads the map with its layout when it is first shown. */
export function MapLoader({ report }: { report: Report }) {
  const [Shown, setShown] = useState<ComponentType<{ report: Report }> | undefined>();
  const [failure, setFailure] = useState("");
  useEffect(() => {
    import("./MapPanel").then(({ MapPanel }) => setShown(() => MapPanel), (error: Error) => setFailure(error.message));
  }, []);
  if (failure) throw new Error(`the map could not be loaded: ${failure}`);
  return Shown ? <Shown report={report} /> : <p class="empty">Drawing the map…</p>;
}
