import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";
import { writeDocs } from "./scripts/docs";

/**
 * What the finished page may load: its own files and nothing else. WebAssembly needs its keyword. The
 * editor puts its style sheet into the page, which it marks with the nonce. The development server
 * injects scripts of its own, so the policy is for the build alone.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self' 'nonce-editor'",
  "img-src 'self' data:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const contentSecurityPolicy: Plugin = {
  name: "content-security-policy",
  apply: "build",
  transformIndexHtml: () => [
    { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: POLICY }, injectTo: "head-prepend" },
  ],
};

/** Files of `public/`, which the build copies without naming them. */
const PUBLIC = readdirSync("public").map((it) => `./${it}`);

/** Writes `offline.js`, the service worker, with the names of all files that the build made. */
const offline: Plugin = {
  name: "offline",
  apply: "build",
  applyToEnvironment: ({ name }) => name === "client",
  generateBundle: {
    order: "post",
    handler(_, bundle) {
      const files = ["./", ...PUBLIC, ...Object.keys(bundle).filter((it) => it !== "index.html").map((it) => `./${it}`)];
      const name = createHash("sha256").update(files.join()).digest("hex").slice(0, 12);
      const source = `const FILES = ${JSON.stringify(files)};\nconst NAME = "plimsoll-${name}";\n`;
      this.emitFile({ type: "asset", fileName: "offline.js", source: source + readFileSync("src/offline.js", "utf8") });
    },
  },
};

/** Writes the documentation beside the page. It is no part of what works offline, because nobody reads all of it. */
const documentation: Plugin = {
  name: "documentation",
  apply: "build",
  applyToEnvironment: ({ name }) => name === "client",
  writeBundle: ({ dir }) => {
    if (dir) writeDocs("../docs", ["src/style/tokens.css", "src/style/docs.css"], dir);
  },
};

export default defineConfig({
  // Relative addresses, so that the folder can be served from anywhere.
  base: "./",
  plugins: [contentSecurityPolicy, offline, documentation],
  worker: { format: "es" },
  // The package loads its engine from beside itself, which bundling in advance would break.
  optimizeDeps: { exclude: ["plimsoll"] },
  server: { fs: { allow: [".."] } },
  // These are the first browsers with `light-dark()`, which the tokens of the style sheet are written in.
  build: { target: "es2022", cssTarget: ["chrome123", "firefox120", "safari17.5"], assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
