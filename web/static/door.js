// Whoever is at the door is nobody yet: the pages of the one before go, a roll that waits leads to where it is sent.
"use strict";
(async () => {
  if ("caches" in window) await caches.delete("appel");
  const waits = (await rollBox.all()).some(({ state }) => state === "waits" || state === "signed-out");
  const back = document.querySelector("input[name=vers]");
  document.getElementById("appel-attend").hidden = !waits;
  if (waits && back.value === "/") back.value = "/presences";
})();
