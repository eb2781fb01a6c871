// Passages are collected without leaving the page: by the button in a passage's menu, or by the key "p"
// on the passage that has the focus or lies under the pointer. Then the tray is shown as it is now.

const SELECTOR = ".result, .passage";
let under = null;

// Title, notes and order of a draft are in its address: the way back to it leads there, and what was
// collected since is added. `packs/arrange.js` remembers the address.
export const DRAFT = "draft";

function leadBack(link) {
  const left = localStorage.getItem(DRAFT);
  if (left) link.search = `${left}&do=collect`;
}

if (!document.querySelector("#tray")?.dataset.passages) localStorage.removeItem(DRAFT);
document.addEventListener("click", (event) => {
  const link = event.target.closest("#tray a[data-draft]");
  if (link) leadBack(link);
});
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form.collect");
  if (!form) return;
  event.preventDefault();
  collect(form);
});
document.addEventListener("pointerover", (event) => {
  under = event.target.closest(SELECTOR);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "p" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const place = document.activeElement.closest(SELECTOR) ?? under;
  const form = place?.querySelector("form.collect");
  if (form) collect(form);
});

async function collect(form) {
  const asked = new URLSearchParams(new FormData(form));
  try {
    const answer = await fetch(`${form.action}?${asked}`, { headers: { "X-Typing": "1" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const tray = page.querySelector("#tray");
    if (!answer.ok || !tray) throw new Error(answer.statusText);
    document.querySelector("#tray").replaceWith(tray);
    const passage = asked.get("passage");
    const isIn = tray.dataset.passages.split(" ").includes(passage);
    for (const other of document.querySelectorAll(`form.collect:has([value="${CSS.escape(passage)}"])`)) show(other, isIn);
    document.querySelector("#said").textContent = isIn ? tray.dataset.added : tray.dataset.removed;
  } catch {
    form.submit(); // the browser says what is wrong
  }
}

function show(form, isIn) {
  const button = form.querySelector("button");
  button.textContent = isIn ? button.dataset.remove : button.dataset.add;
  form.querySelector("[name=drop]").value = isIn ? "1" : "";
}
