// Shows what the school writes, and takes the answer of a button. Every word comes with the message.
"use strict";

const STORE = "push";
const ICON = "/static/icon-192.png";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const show = ({ title, body, lang, dir, tag, url }, actions) =>
  self.registration.showNotification(title, {
    body, lang, dir, tag, actions, icon: ICON, data: { title, body, lang, dir, tag, url },
  });

self.addEventListener("push", (event) => {
  if (!event.data) return;
  const message = event.data.json();
  event.waitUntil(show(message, message.actions));
});

self.addEventListener("notificationclick", (event) => {
  const { notification, action } = event;
  notification.close();
  event.waitUntil(action ? answer(notification.data, action) : open(notification.data));
});

// A button answers; where that does not end it (no network, several adults here, withdrawn) the page does.
async function answer(message, act) {
  try {
    const answered = await fetch(message.url, { method: "POST", body: new URLSearchParams({ act }), redirect: "error" });
    if (["noted", "already"].includes(answered.headers.get("Passerelle-Taken"))) return;
  } catch { /* the page says what is the matter */ }
  await open(message);
}

// A browser may refuse to open a page some time after the tap: then the message stands there again, to be tapped.
async function open(message) {
  if (!message.url) return;
  try {
    await self.clients.openWindow(message.url);
  } catch {
    await show(message, []);
  }
}

self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(changed(event)));

async function changed(event) {
  const store = await caches.open(STORE);
  const kept = await store.match(self.registration.scope);
  const old = kept ? await kept.json() : event.oldSubscription;
  const fresh = event.newSubscription || await self.registration.pushManager.subscribe({
    userVisibleOnly: true, applicationServerKey: new URL(self.location.href).searchParams.get("key"),
  });
  if (!old) return;
  const told = await fetch("/push/changed", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ old, new: fresh }),
  });
  if (told.ok) await store.put(self.registration.scope, new Response(JSON.stringify(fresh)));
}
