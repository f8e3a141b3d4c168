// The board stays honest: it counts down to the departure, says when the line is lost, moves nothing under a
// finger, and prints the call sheet.
"use strict";
(() => {
  const board = document.getElementById("vif");
  const print = document.getElementById("imprimer");
  const LOST_AFTER = 2500, SILENT_AFTER = 25000; // ms without a line; ms without a sign of life (one every 10 s)
  const STILL_FOR = 600, HELD_AT_MOST = 3000; // ms without a touch before anything moves; ms that a picture may wait
  let heardAt = Date.now(), touchedAt = 0, lost = null, told = false;

  const hour = (at, zone) => new Intl.DateTimeFormat("fr-FR", { hour: "numeric", minute: "2-digit", timeZone: zone })
    .formatToParts(at).map(({ type, value }) => (type === "literal" ? "\u00a0h\u00a0" : type === "hour" ? String(+value) : value)).join("");

  function say(words) {
    document.getElementById("ligne").textContent = words;
  }

  function offline() {
    const tag = document.getElementById("etat");
    if (told || !tag) return;
    told = true;
    const words = tag.dataset.lost.replace("%s", hour(heardAt, tag.dataset.zone));
    tag.lastElementChild.textContent = words;
    say(words);
  }

  function heard() {
    heardAt = Date.now();
    clearTimeout(lost);
    lost = null;
    if (told) say(document.getElementById("etat").dataset.back);
    told = false;
  }

  function losing() {
    lost ??= setTimeout(offline, LOST_AFTER);
  }

  const leaving = document.getElementById("depart");
  function gone() { // the bar makes room for the rooms again
    document.getElementById("attente").hidden = true;
    document.body.classList.replace("task", "roomy");
    document.querySelector(".rooms").classList.remove("only-wide");
  }
  if (leaving) {
    const due = performance.now() + leaving.dataset.seconds * 1000; // the school's clock, whatever this computer thinks
    const tick = () => {
      const seconds = Math.ceil((due - performance.now()) / 1000);
      if (seconds > 0) leaving.textContent = leaving.dataset.words.replace("%s", seconds);
      else gone();
      if (seconds > 0) setTimeout(tick, 250);
    };
    tick();
  }
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }
  if (!board.hasAttribute("hx-sse:connect")) return;

  for (const sign of ["pointerdown", "pointermove", "touchmove", "scroll"]) {
    addEventListener(sign, () => { touchedAt = performance.now(); }, { passive: true });
  }
  board.addEventListener("htmx:sse:after:connection", heard);
  board.addEventListener("encore", heard);
  board.addEventListener("htmx:sse:error", losing);
  board.addEventListener("htmx:sse:before:connection", (event) => {
    if (event.detail.connection.attempt > 0) losing();
  });
  board.addEventListener("htmx:sse:close", (event) => {
    if (event.detail.reason === "message") heard(); else losing();
  });
  board.addEventListener("htmx:sse:before:message", (event) => {
    heard();
    const since = performance.now();
    event.detail.waitUntil(new Promise((go) => {
      const look = () => {
        const now = performance.now();
        if (now - touchedAt >= STILL_FOR || now - since >= HELD_AT_MOST) go();
        else setTimeout(look, 100);
      };
      look();
    }));
  });
  addEventListener("offline", () => { losing(); });
  setInterval(() => {
    if (document.hidden || Date.now() - heardAt < SILENT_AFTER || !board._htmx?.sse) return;
    offline();
    board._htmx.sse.reader?.cancel(); // the line died without a word: ask again
  }, 5000);
})();
