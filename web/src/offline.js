// Caches the files of the page so that it opens offline. The network comes first, so that a newer
// version is always used when there is one. The build adds FILES and NAME.
/* global FILES, NAME */

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((it) => it.startsWith("plimsoll-") && it !== NAME).map((it) => caches.delete(it))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  event.respondWith(
    fetch(request).catch(async (error) => {
      const kept = await caches.match(request, { ignoreSearch: true });
      if (kept) return kept;
      if (request.mode === "navigate") return away();
      throw error;
    }),
  );
});

/** Says in words why a page is not there, with the way back. */
function away() {
  const home = self.registration.scope;
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>No connection · Plimsoll</title>
<main>
<h1>This page is not kept for use without a connection</h1>
<p>The playground works offline, and its panel “Rules” explains every rule. The guides need a connection.</p>
<p><a href="${home}">Open the playground</a></p>
</main>
</html>
`;
  return new Response(html, { status: 503, headers: { "content-type": "text/html; charset=utf-8" } });
}
