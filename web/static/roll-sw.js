// Keeps the roll pages of this day for when there is no network, and sends what was taken meanwhile.
// rollBox stands before this in the same file.
"use strict";

const KEPT = "appel";
const PATIENCE = 6000; // ms that a page may take while an older one is at hand
const { KEPT_AT } = rollBox;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const isRoll = ({ pathname }) => /^\/presences(\/\d+)?$/.test(pathname);
const isLook = ({ pathname, origin }) => origin === self.location.origin && pathname.startsWith("/static/");
const isKept = ({ pathname, search }) => isRoll({ pathname }) && /^\?demi=(matin|apres-midi)$/.test(search);
const sameDay = (at) => new Date(at).toDateString() === new Date().toDateString();

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET") return;
  if (request.mode === "navigate" && isRoll(url)) event.respondWith(rollPage(request, url));
  else if (isLook(url)) event.respondWith(look(request));
});

async function keep(address, answer) {
  const store = await caches.open(KEPT);
  if (answer.ok && !answer.redirected && answer.type === "basic") {
    const headers = new Headers(answer.headers);
    headers.set(KEPT_AT, String(Date.now()));
    await store.put(address, new Response(await answer.blob(), { headers }));
  } else if (answer.status === 403 || answer.status === 404) await store.delete(address);
}

async function kept(address) {
  const store = await caches.open(KEPT);
  const found = await store.match(address, { ignoreVary: true });
  if (!found || sameDay(Number(found.headers.get(KEPT_AT)))) return found;
  await store.delete(address); // a page of another day
  return undefined;
}

async function rollPage(request, url) {
  const address = url.pathname + url.search.replace(/&.*/, "");
  const asked = fetch(request).then(async (answer) => {
    if (isKept(url)) await keep(address, answer.clone());
    return answer;
  });
  const old = await kept(address);
  try {
    if (!old) return await asked;
    return await Promise.race([asked, new Promise((_, late) => setTimeout(late, PATIENCE))]);
  } catch {
    asked.catch(() => {});
    return old ?? await instead(url) ?? nothing();
  }
}

// Without the very page: the same of this half-day, or the roll of the only class that is kept.
async function instead(url) {
  const half = new Date().getHours() < 13 ? "matin" : "apres-midi";
  const addresses = (await (await caches.open(KEPT)).keys()).map((one) => new URL(one.url));
  const classes = new Set(addresses.map(({ pathname }) => pathname).filter((path) => /^\/presences\/\d+$/.test(path)));
  const paths = url.pathname === "/presences" && classes.size === 1 ? [url.pathname, ...classes] : [url.pathname];
  for (const address of url.search ? [] : paths.map((path) => `${path}?demi=${half}`)) {
    if (await kept(address)) return Response.redirect(address);
  }
  return undefined;
}

const nothing = () => new Response(
  "Pas de réseau, et l’appel n’a pas encore été ouvert aujourd’hui sur cet appareil : revenez quand le réseau est là.",
  { status: 503, headers: { "Content-Type": "text/plain; charset=utf-8" } },
);

// The look changes its address when it changes, so what is kept is right.
async function look(request) {
  const store = await caches.open(KEPT);
  const found = await store.match(request.url, { ignoreVary: true });
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok && new URL(request.url).search) await store.put(request.url, answer.clone());
  return answer;
}

self.addEventListener("message", (event) => {
  if (event.data?.keep) event.waitUntil(keepAll(event.data.keep, event.data.look));
});

async function keepAll(addresses, pieces) {
  const store = await caches.open(KEPT);
  const pages = addresses.map(async (address) => keep(address, await fetch(address, { redirect: "manual" })));
  const rest = pieces.map(async (piece) => await store.match(piece) ?? await store.add(piece));
  await Promise.allSettled([...pages, ...rest]);
  for (const client of await self.clients.matchAll({ includeUncontrolled: true })) client.postMessage("kept");
}

self.addEventListener("sync", (event) => {
  if (event.tag === KEPT) event.waitUntil(sendKept());
});

async function sendKept() {
  const away = await rollBox.sendAll();
  for (const client of await self.clients.matchAll({ includeUncontrolled: true })) client.postMessage("sent");
  if (away) throw new Error("still away");
}
