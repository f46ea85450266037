// The service worker: the shell comes from the cache, the page from the network first.
const SHELL = "panshi-shell-{{ version }}";
const PAGES = "panshi-pages";
const FILES = [{% for file in files %}"{{ file|escapejs }}"{% if not forloop.last %}, {% endif %}{% endfor %}];
const PATIENCE_MS = 4000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(FILES)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("panshi-shell-") && name !== SHELL) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
  if (event.data === "keep the page") event.waitUntil(keep().then(() => event.source.postMessage("kept"), () => null));
});

async function keep() {
  const cache = await caches.open(PAGES);
  const answer = await fetch("/field/", { credentials: "same-origin" });
  if (answer.ok && !answer.redirected) await cache.put("/field/", answer);
}

async function fromShell(request) {
  return (await caches.match(request, { cacheName: SHELL })) || fetch(request);
}

// Only the app's own page is kept, one copy, under the person who is signed in.
async function page(request) {
  const cache = await caches.open(PAGES);
  const fresh = fetch(request).then(async (answer) => {
    if (answer.ok && answer.type === "basic" && !answer.redirected) await cache.put("/field/", answer.clone());
    return answer;
  });
  const late = new Promise((_done, failed) => setTimeout(failed, PATIENCE_MS));
  try {
    return await Promise.race([fresh, late]);
  } catch {
    return (await cache.match("/field/")) || fresh;
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const address = new URL(request.url);
  if (address.origin !== self.location.origin) return;
  if (FILES.includes(address.pathname)) event.respondWith(fromShell(request));
  else if (request.mode === "navigate" && address.pathname === "/field/") event.respondWith(page(request));
});
