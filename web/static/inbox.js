// A conversation that one looks at is read; a ready answer is laid on the sheet without losing what is written there;
// where the list has room beside the conversation, it is followed too, and stays where one had scrolled it.
"use strict";
(() => {
  const line = document.getElementById("lu");
  const sheet = document.getElementById("words");
  const ready = document.getElementById("pretes");
  const board = document.getElementById("vif");
  const large = matchMedia("(min-width: 62.5em)");
  const LIST = "passerelle-liste";
  let told = "", asked = null;

  async function read() { // a look at it, and nothing less: a GET changes nothing
    const turns = document.getElementById("fil");
    const newest = turns?.dataset.newest;
    if (document.hidden || !newest || !turns.dataset.unread || newest === told) return;
    told = newest;
    line.elements.jusqua.value = newest;
    try {
      const answer = await fetch(line.action, { method: "POST", body: new URLSearchParams(new FormData(line)), redirect: "manual" });
      line.hidden = answer.type === "opaqueredirect";
    } catch {
      line.hidden = false;
    }
    if (!line.hidden) told = "";
  }

  ready?.addEventListener("click", (event) => {
    const chip = event.target.closest("a");
    if (!chip) return;
    event.preventDefault();
    sheet.value = [sheet.value.trimEnd(), chip.dataset.text].filter(Boolean).join("\n");
    sheet.focus();
  });

  function follow() { // the same line, with the list or without
    if (!asked) return;
    const address = new URL(board.getAttribute("hx-sse:connect"), location.href);
    if (large.matches) address.searchParams.set("large", "1");
    asked.request.action = address.pathname + address.search;
  }
  board.addEventListener("htmx:config:request", (event) => {
    asked = event.detail.ctx;
    follow();
  });
  large.addEventListener("change", () => {
    follow();
    board._htmx?.sse?.reader?.cancel(); // it asks again by itself
  });

  const list = document.getElementById("liste");
  if (list && large.matches) {
    list.scrollTop = Number(sessionStorage.getItem(LIST));
    const frame = list.getBoundingClientRect(), here = list.querySelector('a[aria-current="page"]')?.getBoundingClientRect();
    if (here && (here.top < frame.top || here.bottom > frame.bottom)) list.scrollTop += here.top - frame.top - frame.height / 3;
    addEventListener("pagehide", () => sessionStorage.setItem(LIST, document.getElementById("liste")?.scrollTop ?? 0));
  }

  document.addEventListener("visibilitychange", read);
  board.addEventListener("htmx:sse:after:message", read);
  read();
})();
