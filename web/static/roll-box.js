// Keeps the rolls that could not be sent and sends them later: the page and its worker both do. It holds no names.
"use strict";

const rollBox = (() => {
  const BASE = "appel", STORE = "rolls";

  const opened = () => new Promise((done, failed) => {
    const asked = indexedDB.open(BASE, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "key" });
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });

  async function deal(mode, act) {
    const base = await opened();
    try {
      return await new Promise((done, failed) => {
        const dealing = base.transaction(STORE, mode);
        const asked = act(dealing.objectStore(STORE));
        dealing.oncomplete = () => done(asked?.result);
        dealing.onabort = () => failed(dealing.error);
      });
    } finally {
      base.close();
    }
  }

  const all = () => deal("readonly", (store) => store.getAll());
  const keep = (roll) => deal("readwrite", (store) => store.put({ ...roll, state: "waits" }));
  const drop = (key) => deal("readwrite", (store) => store.delete(key));

  // What became of a roll; one that was taken again in between keeps waiting.
  const settle = (roll, state, more = {}) => deal("readwrite", (store) => {
    store.get(roll.key).onsuccess = ({ target }) => {
      if (target.result?.takenAt === roll.takenAt) store.put({ ...roll, ...more, state });
    };
  });

  // The word that a form of this session carries, and whose session it is; nothing where nobody is signed in.
  async function session(roll) {
    const page = await fetch(roll.path, { cache: "no-store", redirect: "manual" });
    if (page.type === "opaqueredirect") return {};
    if (page.status >= 500) throw new Error("later");
    const text = page.ok ? await page.text() : "";
    const found = (form) => form.exec(text)?.[1];
    return { refused: !page.ok, token: found(/name="csrf" value="([0-9a-f]+)"/), who: found(/data-who="(\d+)"/) };
  }

  // How long ago it was taken, and not when: a tablet's clock may be wrong.
  const post = (roll, token) => fetch(roll.path.replace(/\?.*/, ""), {
    method: "POST",
    headers: { Accept: "application/json" },
    redirect: "manual",
    body: new URLSearchParams([...roll.fields, ["csrf", token], ["age", Math.max(0, Math.round((Date.now() - roll.takenAt) / 1000))]]),
  });

  // Gives what became of it: sent, refused, signed-out (nobody is in, or somebody else). Throws while we are away.
  async function send(roll, token) {
    let answer = token && await post(roll, token);
    if (!answer || answer.status === 401 || answer.status === 403) {
      const now = await session(roll);
      if (now.refused) return { state: "refused" };
      if (!now.token || now.who !== roll.who) return { state: "signed-out" };
      answer = await post(roll, now.token);
    }
    if (answer.ok) return { state: "sent", to: (await answer.json()).to };
    if (answer.status >= 500 || answer.status === 429) throw new Error("later");
    return { state: answer.status === 401 ? "signed-out" : "refused" };
  }

  // Sends all that wait; gives whether we are still away.
  async function sendAll() {
    let away = false;
    for (const roll of await all()) {
      if (roll.state !== "waits" && roll.state !== "signed-out") continue;
      try {
        const { state, to } = await send(roll);
        await settle(roll, state, { to });
      } catch {
        away = true;
      }
    }
    return away;
  }

  return { all, keep, drop, send, sendAll, settle };
})();
