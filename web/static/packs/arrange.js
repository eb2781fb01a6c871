// The rows of a pack are moved by dragging them, or with Alt and an arrow. The form sends them in the
// order they stand in; without scripts the buttons ↑ and ↓ do the same.

import { DRAFT } from "../collect.js";

// A draft that one has arranged oneself, not one that somebody's link has led to.
const came = document.referrer && new URL(document.referrer);
const isDraft = document.querySelector(".pack-form:not([method])");
if (isDraft && came && came.origin === location.origin && came.pathname === location.pathname) {
  localStorage.setItem(DRAFT, location.search);
}

const list = document.querySelector(".pack-form .rows");
let dragged = null;

for (const row of list?.querySelectorAll(".row:has([name=item])") ?? []) {
  const handle = row.querySelector(".order");
  // Only the handle drags: text in fields must stay selectable.
  handle.addEventListener("pointerdown", (event) => {
    row.draggable = !event.target.closest("button");
  });
  row.addEventListener("dragstart", () => {
    dragged = row;
    row.classList.add("dragged");
  });
  row.addEventListener("dragend", () => {
    row.draggable = false;
    row.classList.remove("dragged");
    if (dragged) changed(row);
    dragged = null;
  });
}

list?.addEventListener("dragover", (event) => {
  const over = event.target.closest(".row");
  if (!dragged || !over || over === dragged) return;
  event.preventDefault();
  const { top, height } = over.getBoundingClientRect();
  over[event.clientY < top + height / 2 ? "before" : "after"](dragged);
});

list?.addEventListener("keydown", (event) => {
  const row = event.target.closest(".row");
  if (!row || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  const isUp = event.key === "ArrowUp";
  const other = isUp ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  other[isUp ? "before" : "after"](row);
  event.target.focus();
  changed(row);
});

// The numbers that the buttons send follow the rows; a screen reader is told the new place.
function changed(row) {
  const rows = [...list.children];
  rows.forEach((one, number) => {
    for (const button of one.querySelectorAll("button[name=do]")) {
      button.value = button.value.replace(/^(up|down|remove|section) \d+$/, `$1 ${number}`);
    }
    const up = one.querySelector("button[value^=up]");
    if (up) up.disabled = number === 0;
  });
  document.querySelector("#said").textContent = list.dataset.moved.replace("%", rows.indexOf(row) + 1);
}
