// Comfort for browsers that run it. Everything works without; see each module for what it adds.

import { setUpField } from "./field.js";
import { setUpLiveResults } from "./live.js";
import { setUpMap } from "./map.js";
import { setUpPassages } from "./passages.js";

const form = document.querySelector("form.search");
setUpField(form);
setUpLiveResults(form, setUpPassages);
setUpPassages(document);
// Fetched when somebody begins to move about: the first page stays light.
for (const sign of ["pointerover", "focusin"]) addEventListener(sign, () => import("./collect.js"), { once: true });
setUpMap(document.querySelector(".chart"));

// Where there is room beside the text, the outline stands open.
const outline = document.querySelector(".outline");
if (outline && matchMedia("(min-width: 62.01rem)").matches) outline.open = true;

// A menu closes when one clicks elsewhere or leaves it with Escape.
const menus = "details.menu, details.actions, details.review";
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll(`:is(${menus})[open]`)) {
    if (!open.contains(event.target)) open.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && event.target.closest?.(menus);
  if (open?.open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});
