import type { ProjectMap } from "plimsoll";
import type { ComponentType } from "preact";
import type { Core } from "../engine/protocol";
import { useEffect, useState } from "preact/hooks";

interface Props {
  report: Core;
  map: ProjectMap;
}

/** Loads the map with its layout when it is first shown. */
export function MapLoader({ report, map }: Props) {
  const [Shown, setShown] = useState<ComponentType<Props> | undefined>();
  const [failure, setFailure] = useState("");
  useEffect(() => {
    import("./MapPanel").then(({ MapPanel }) => setShown(() => MapPanel), (error: Error) => setFailure(error.message));
  }, []);
  if (failure) throw new Error(`the map could not be loaded: ${failure}`);
  return Shown ? <Shown report={report} map={map} /> : <p class="empty">Drawing the map…</p>;
}
