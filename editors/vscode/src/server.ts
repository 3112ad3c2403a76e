// Where the language server is. Pure, so that its order is tested without an editor.
import { delimiter, isAbsolute, join } from "node:path";

/** A place in which the server was looked for. */
export interface Sought {
  /** Value of the setting `plimsoll.server.path`. */
  setting: string;
  /** Folder of the extension. */
  extension: string;
  /** Value of the variable `PATH`. */
  path: string;
  /** Whether this is Windows, where programs end in `.exe`. */
  windows: boolean;
}

export type Found = { program: string; from: "setting" | "extension" | "path" } | { missing: string };

/**
 * Returns the program that the setting names, or else the one in the extension, or else the one on `PATH`.
 * A setting that leads to nothing is reported and not passed over: a person asked for that program.
 */
export function findServer(sought: Sought, isProgram: (path: string) => boolean): Found {
  const name = sought.windows ? "plimsoll.exe" : "plimsoll";
  if (sought.setting !== "") {
    if (isProgram(sought.setting)) return { program: sought.setting, from: "setting" };
    return { missing: `\`plimsoll.server.path\` is \`${sought.setting}\`, where there is no program.` };
  }
  const bundled = join(sought.extension, "server", name);
  if (isProgram(bundled)) return { program: bundled, from: "extension" };
  // An entry such as `.` would run whatever the opened folder holds.
  const folders = sought.path.split(delimiter).filter(isAbsolute);
  const onPath = folders.map((folder) => join(folder, name)).find(isProgram);
  if (onPath !== undefined) return { program: onPath, from: "path" };
  return { missing: "This extension came without the program `plimsoll`, and there is none on `PATH`." };
}
