// The desk keeps what is typed: without a network nothing is pressed, and the page says so.
"use strict";
(() => {
  const form = document.querySelector("form.write");
  const line = document.getElementById("reseau");
  const say = () => { line.hidden = navigator.onLine; };
  let pressed = false;

  form.addEventListener("submit", (event) => {
    if (!navigator.onLine || pressed) event.preventDefault(); // a second touch is the same press
    else pressed = true;
    say();
  });
  addEventListener("pageshow", () => { pressed = false; say(); });
  addEventListener("online", say);
  addEventListener("offline", say);
})();
