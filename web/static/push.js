// Switches notifications on and off for this browser. It holds no words: the page has them all, and shows one.
"use strict";

(() => {
  const STORE = "push";
  const room = document.querySelector("[data-push]");
  const { key, worker } = room.dataset;
  const scope = new URL(room.dataset.scope, location.href).href;

  const show = (...names) => {
    for (const part of room.querySelectorAll("[data-when]")) part.hidden = !names.includes(part.dataset.when);
  };

  const post = async (path, what) => {
    const json = !(what instanceof FormData);
    const answer = await fetch(path, {
      method: "POST",
      headers: json ? { "Content-Type": "application/json" } : {},
      body: json ? JSON.stringify(what) : new URLSearchParams(what),
    });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer;
  };

  const registered = async () => {
    const found = await navigator.serviceWorker.getRegistrations();
    return found.find((one) => one.scope === scope);
  };

  const subscribed = async () => (await registered())?.pushManager.getSubscription() ?? null;

  // The page is outside the worker's scope, so `ready` would wait for ever.
  const atWork = (registration) => new Promise((done, failed) => {
    if (registration.active) { done(registration); return; }
    const one = registration.installing || registration.waiting;
    one.addEventListener("statechange", () => {
      if (one.state === "activated") done(registration);
      if (one.state === "redundant") failed(new Error(one.state));
    });
  });

  const subscribe = async (manager) => {
    const wanted = { userVisibleOnly: true, applicationServerKey: key };
    try {
      return await manager.subscribe(wanted);
    } catch (error) {
      const other = error.name === "InvalidStateError" && await manager.getSubscription();
      if (!other) throw error;
      await other.unsubscribe(); // the school has a new key
      return manager.subscribe(wanted);
    }
  };

  const begin = async (form) => {
    if (await Notification.requestPermission() !== "granted") { show("denied"); return; }
    const registration = await atWork(await navigator.serviceWorker.register(worker, { scope, updateViaCache: "none" }));
    const subscription = await subscribe(registration.pushManager);
    try {
      const { invitation } = await (await post(form.getAttribute("action"), new FormData(form))).json();
      await post(room.dataset.subscribe, { invitation, subscription });
    } catch (error) {
      await subscription.unsubscribe();
      throw error;
    }
    await (await caches.open(STORE)).put(scope, new Response(JSON.stringify(subscription)));
    show("done", "on");
  };

  const end = async () => {
    const subscription = await subscribed();
    if (subscription) {
      await post(room.dataset.stop, { old: subscription }).catch(() => {}); // unsubscribed, it is refused soon anyway
      await subscription.unsubscribe();
    }
    await (await caches.open(STORE)).delete(scope);
    show("off", "offer");
  };

  room.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    const acts = form.hasAttribute("data-end") ? end() : begin(form);
    acts.catch(() => show("failed", "offer"));
  });

  const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  if (!able) return;
  subscribed()
    .then((one) => show(...(one ? ["on"] : Notification.permission === "denied" ? ["denied"] : ["offer"])))
    .catch(() => show("offer"));
})();
