// The grid of an assessment under ten fingers: arrows and Enter go from box to box as in a spreadsheet, 1 to 4 set a
// level, A says absent, Backspace empties. Every word is in the page.
"use strict";
(() => {
  const grid = document.querySelector("table.grid");
  if (!grid) return;
  for (const hint of document.querySelectorAll(".only-keys")) hint.hidden = false;

  const boxIn = (row, column) => row?.cells[column]?.querySelector("select, input:not([type=hidden])");

  function go(box, rows, columns) {
    const cell = box.closest("td");
    let row = cell.parentElement;
    for (let n = 0; row && n < Math.abs(rows); n += 1) row = rows > 0 ? row.nextElementSibling : row.previousElementSibling;
    const next = boxIn(row, cell.cellIndex + columns);
    if (!next) return false;
    next.focus();
    if (next.select) next.select();
    return true;
  }

  function set(box, value) {
    box.value = value;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // In words one goes on inside them: only at their edge do the arrows leave the box.
  const atEdge = (box, columns) => {
    if (box.tagName === "SELECT") return true;
    if (box.selectionStart === 0 && box.selectionEnd === box.value.length) return true;
    const edge = columns < 0 ? 0 : box.value.length;
    return box.selectionStart === edge && box.selectionEnd === edge;
  };

  const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

  function moved(event, box) {
    const [rows, columns] = event.key === "Enter" ? [event.shiftKey ? -1 : 1, 0] : MOVES[event.key];
    if (columns && !atEdge(box, columns)) return;
    event.preventDefault();
    go(box, rows, columns);
  }

  function typed(event, box) {
    const level = box.tagName === "SELECT";
    if (level && /^[1-4]$/.test(event.key)) set(box, event.key);
    else if (/^a$/i.test(event.key) && (level || box.inputMode === "decimal")) set(box, "abs");
    else if (level && (event.key === "Backspace" || event.key === "Delete")) set(box, "");
    else return;
    event.preventDefault();
  }

  grid.addEventListener("keydown", (event) => {
    const box = event.target.closest("select, input");
    if (!box || event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    if (event.key === "Enter" || event.key in MOVES) moved(event, box);
    else typed(event, box);
  });
  grid.addEventListener("focusin", ({ target }) => { if (target.inputMode === "decimal") target.select(); });
})();
