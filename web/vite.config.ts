import { defineConfig, type Plugin } from "vite";

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

export default defineConfig({
  // Relative addresses, so that the folder can be served from anywhere.
  base: "./",
  plugins: [contentSecurityPolicy],
  worker: { format: "es" },
  // The package loads its engine from beside itself, which bundling in advance would break.
  optimizeDeps: { exclude: ["plimsoll"] },
  server: { fs: { allow: [".."] } },
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
