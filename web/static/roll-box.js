// Keeps the rolls that could not be sent and sends them later: the page and its worker both do. It holds no names.
"use strict";

const rollBox = (() => {
  const BASE = "appel", STORE = "rolls";
  const KEPT_AT = "Passerelle-Kept-At";
  const ASTRAY = 60000; // ms between two clocks that still count as going alike

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

  const clockOf = (page) => Number(/data-now="(\d+)"/.exec(page)?.[1]);

  // The school's clock and this one's at one moment: of the page that is kept, else of the one that is open.
  async function clocks(path, open) {
    const page = await globalThis.caches?.match(path, { ignoreVary: true }).catch(() => {});
    return page ? { school: clockOf(await page.text()), here: Number(page.headers.get(KEPT_AT)) } : open;
  }

  // The word that a form of this session carries, whose session it is, and the school's clock; nothing where nobody is
  // signed in.
  async function session(roll) {
    const page = await fetch(roll.path, { cache: "no-store", redirect: "manual" });
    if (page.type === "opaqueredirect") return {};
    if (page.status >= 500) throw new Error("later");
    const text = page.ok ? await page.text() : "";
    const found = (form) => form.exec(text)?.[1];
    const token = found(/name="csrf" value="([0-9a-f]+)"/);
    return { refused: !page.ok, token, who: found(/data-who="(\d+)"/), clock: clockOf(text) };
  }

  // How many seconds ago it was taken. Our clock counts if it has gone as the school's does since they were compared;
  // one that was set meanwhile says nothing, and the roll is as old as it can be: late, it alerts nobody unasked.
  function age(roll, clock) {
    const waited = Date.now() - roll.takenAt;
    const then = roll.clocks ?? { school: clock, here: Date.now() };
    const since = clock - then.school;
    const astray = waited < 0 || Math.abs(Date.now() - then.here - since) > ASTRAY;
    return Math.max(0, Math.round((astray ? since : waited) / 1000));
  }

  const post = (roll, token, seconds) => fetch(roll.path.replace(/\?.*/, ""), {
    method: "POST",
    headers: { Accept: "application/json" },
    redirect: "manual",
    body: new URLSearchParams([...roll.fields, ["csrf", token], ["age", seconds]]),
  });

  // Gives what became of it: sent, refused, signed-out (nobody is in, or somebody else). Throws while we are away.
  // With the page's own token it is sent as it is taken.
  async function send(roll, token) {
    let answer = token && await post(roll, token, 0);
    if (!answer || answer.status === 401 || answer.status === 403) {
      const now = await session(roll);
      if (now.refused) return { state: "refused" };
      if (!now.token || now.who !== roll.who) return { state: "signed-out" };
      answer = await post(roll, now.token, age(roll, now.clock));
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

  return { KEPT_AT, all, clocks, drop, keep, send, sendAll, settle };
})();
