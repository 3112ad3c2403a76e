// What the server answers: the decision as `plimsoll decide --format json` prints it, and the comparison.
import type { Decision, Range } from "plimsoll";

export type { Decision, Range };

export interface System extends Decision {
  name: string;
  targets: string[];
}

/** The fields of the first system, and all systems. */
export interface Decisions extends Decision {
  systems: System[];
}

interface Placed {
  path: string;
  range: Range;
}

export interface Comparison {
  services: (Placed & {
    service: string;
    counterpart?: Placed & { label: string; matchedBy: string };
    compared: (Partial<Placed> & {
      aspect: string;
      drift: "same" | "drifted" | "lost";
      compose: string;
      cluster: string;
      clusterPath?: string;
      clusterRange?: Range;
    })[];
    crossing: { key: string; fate: string; instead: string }[];
  })[];
  onlyInCluster: (Placed & { label: string })[];
}
