// A conversation that one looks at is read; a ready answer is laid on the sheet without losing what is written there.
"use strict";
(() => {
  const line = document.getElementById("lu");
  const sheet = document.getElementById("words");
  const ready = document.getElementById("pretes");
  let told = "";

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
  document.addEventListener("visibilitychange", read);
  document.getElementById("vif").addEventListener("htmx:sse:after:message", read);
  read();
})();
