import { render } from "preact";
import { App } from "./App";
import { page } from "./page";
import { applyTheme } from "./theme";

applyTheme(page.theme.value);
const root = document.getElementById("app");
if (root) {
  root.replaceChildren();
  render(<App />, root);
}

if (import.meta.env.PROD && "serviceWorker" in navigator) {
  // Only for working offline, so a browser that refuses it loses nothing else.
  navigator.serviceWorker.register("./offline.js").catch(() => undefined);
}
