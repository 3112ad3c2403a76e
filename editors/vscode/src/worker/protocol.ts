// What the extension tells its worker beyond the Language Server Protocol.
import { NotificationType } from "vscode-languageserver-protocol/browser";

/** Files of the workspace as they are saved; text that is open in the editor wins over them. */
export interface Files {
  set: { uri: string; text: string }[];
  remove: string[];
}

export const FilesNotification = new NotificationType<Files>("plimsoll/files");

/** Addresses of the two engines, since a worker of the editor does not know where it came from. */
export interface Engines {
  small: string;
  whole: string;
}
