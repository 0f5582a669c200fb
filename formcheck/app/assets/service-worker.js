// Keeps one page: the one that says that FormCheck is not running. All else comes from the app itself.
const PLACE = "formcheck-offline-1";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(PLACE).then((place) => place.add("/offline.html")).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const others = caches.keys().then((names) => Promise.all(names.filter((name) => name !== PLACE).map((name) => caches.delete(name))));
  event.waitUntil(others.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  if (event.request.mode !== "navigate") return;
  event.respondWith(fetch(event.request).catch(() => caches.match("/offline.html")));
});
