// The roll under one thumb: a touch on a name goes round present, absent, late. What is taken is kept here until the
// school has it. Every word is in the page.
"use strict";
(() => {
  const form = document.getElementById("appel");
  const waiting = document.getElementById("attente");
  const opened = new Date().toDateString();
  const clocks = { school: Number(form?.dataset.now), here: Date.now() };
  const sent = new Map();
  let pressed = false, plain = false, drawing = Promise.resolve();

  const several = (element, n) => `${n} ${n > 1 ? element.dataset.many : element.dataset.one}`;

  function count() {
    const bar = document.getElementById("compte");
    const marked = (mark) => form.querySelectorAll(`.pupil input[value="${mark}"]:checked`).length;
    for (const part of bar.querySelectorAll("[data-mark]")) {
      const n = marked(part.dataset.mark);
      part.textContent = several(part, n);
      part.hidden = part.dataset.mark && !n;
    }
    const nobody = !marked("absent") && !marked("late");
    for (const part of form.querySelectorAll("[data-when]")) part.hidden = (part.dataset.when === "nobody") !== nobody;
  }

  // A press on the row outside its buttons goes on to the next of the three.
  function touched({ target }) {
    const row = target.closest(".pupil");
    if (!row || target.closest(".marks")) return;
    const marks = [...row.querySelectorAll("input")];
    marks[(marks.findIndex((one) => one.checked) + 1) % marks.length].checked = true;
    count();
  }

  const taken = (submitter) => ({
    key: form.dataset.key,
    path: form.dataset.path,
    label: form.dataset.label,
    who: form.dataset.who,
    takenAt: Date.now(),
    fields: [
      ...[...new FormData(form)].filter(([name, value]) => value && name !== "csrf"),
      ...(submitter?.name ? [[submitter.name, submitter.value]] : []),
    ],
  });

  async function submit(event) {
    if (plain) return;
    event.preventDefault();
    if (pressed) return; // a second touch is the same press
    pressed = true;
    const roll = taken(event.submitter);
    try {
      roll.clocks = await rollBox.clocks(roll.path, clocks);
      await rollBox.keep(roll);
    } catch { // a browser that keeps nothing: the form goes its plain way
      plain = true;
      form.requestSubmit(event.submitter);
      return;
    }
    try {
      const { state, to } = await rollBox.send(roll, form.elements.csrf.value);
      if (state === "sent") {
        await rollBox.drop(roll.key);
        location.assign(to);
        return;
      }
      await rollBox.settle(roll, state);
    } catch {
      navigator.serviceWorker?.ready.then((worker) => worker.sync?.register("appel")).catch(() => {});
    }
    pressed = false;
    sent.delete(roll.key);
    await show();
    waiting.scrollIntoView({ block: "nearest" });
  }

  // A line for each roll that is kept here: not sent yet, to sign in for, refused; or sent while one looks.
  async function draw() {
    for (const roll of await rollBox.all()) {
      if (roll.state !== "sent") continue;
      sent.set(roll.key, roll);
      await rollBox.drop(roll.key);
    }
    const kept = await rollBox.all();
    const lines = [...sent.values(), ...kept].map((roll) => {
      const line = waiting.querySelector(`template[data-state="${roll.state}"]`).content.cloneNode(true);
      line.querySelector("b").textContent = roll.label;
      const link = line.querySelector("a[data-to]");
      if (link) link.href = roll.to;
      line.querySelector("button")?.addEventListener("click", () => rollBox.drop(roll.key).then(show));
      return line;
    });
    waiting.querySelector("ul").replaceChildren(...lines);
    waiting.hidden = !lines.length;
  }

  // The worker and the page may both have news: one drawing after the other.
  const show = () => { drawing = drawing.then(draw, draw); return drawing; };

  let sending = null;
  const again = () => {
    sending ??= rollBox.sendAll().then(show).catch(() => {}).finally(() => { sending = null; });
    return sending;
  };

  // What was marked here and is not sent yet stands in the roll again.
  async function back() {
    const mine = (await rollBox.all()).find(({ key, state }) => key === form.dataset.key && state !== "sent");
    for (const [name, value] of mine?.fields ?? []) {
      const mark = form.querySelector(`.pupil input[name="${name}"][value="${value}"]`);
      if (mark) mark.checked = true;
    }
    if (mine) {
      const named = new Set(mine.fields.map(([name]) => name));
      for (const there of form.querySelectorAll('.pupil input[value=""]')) if (!named.has(there.name)) there.checked = true;
    }
    count();
  }

  async function begin() {
    const keep = form?.dataset.keep ?? waiting.dataset.keep;
    if ("serviceWorker" in navigator) {
      await navigator.serviceWorker.register("/presences/sw.js", { scope: "/presences", updateViaCache: "none" });
      const pieces = [...document.querySelectorAll("link[href], script[src], use[href]")]
        .map((one) => new URL(one.getAttribute("href") ?? one.getAttribute("src"), location.href))
        .map(({ pathname, search }) => pathname + search);
      const { active } = await navigator.serviceWorker.ready;
      if (keep) active.postMessage({ keep: keep.split(" "), look: [...new Set(pieces)] });
    }
  }

  if (form) {
    form.addEventListener("click", touched);
    form.addEventListener("change", count);
    form.addEventListener("submit", submit);
    back().catch(count);
  }
  document.querySelector("form.me")?.addEventListener("submit", () => { window.caches?.delete("appel"); });
  navigator.serviceWorker?.addEventListener("message", ({ data }) => {
    if (data === "kept") document.body.dataset.kept = "";
    if (data === "sent") show().catch(() => {});
  });
  addEventListener("online", again);
  addEventListener("pageshow", () => { pressed = false; });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && opened !== new Date().toDateString()) location.reload(); // a page of yesterday
  });
  begin().catch(() => {});
  again();
})();
