// The search field: "/" and Ctrl-K lead to it, completions and recent searches stand below it.
// The list is an ARIA combobox. Recent searches never leave this browser.

const RECENT = "servicebook.recent";
const MOST_RECENT = 6;
const PAUSE = 120;

export function setUpField(form) {
  const input = form.elements.q;
  const list = Object.assign(document.createElement("ul"), { id: "options", className: "options", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.labels[0].textContent);
  input.parentElement.append(list);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-controls": list.id, "aria-expanded": "false", "aria-autocomplete": "list",
  })) input.setAttribute(name, value);

  let asking = null;
  let timer = 0;
  let active = -1;

  const options = () => [...list.children];

  function show(entries) {
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(...entries.map(option));
    list.hidden = entries.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
  }

  function option({ text, note = "", act }, number) {
    const item = document.createElement("li");
    item.id = `option-${number}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    const label = document.createElement("span");
    label.textContent = text;
    item.append(label);
    if (note) item.append(Object.assign(document.createElement("small"), { textContent: note }));
    item.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    item.addEventListener("click", act);
    return item;
  }

  function move(step) {
    const all = options();
    active = (active + step + all.length + 1) % (all.length + 1);
    if (active === all.length || active < 0) active = -1;
    all.forEach((item, number) => item.setAttribute("aria-selected", String(number === active)));
    if (active < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", all[active].id);
    all[active]?.scrollIntoView({ block: "nearest" });
  }

  function close() {
    clearTimeout(timer);
    asking?.abort();
    show([]);
  }

  function searchFor(text) {
    input.value = text;
    close();
    form.requestSubmit();
  }

  async function complete() {
    const typed = input.value.trim();
    if (!typed) return showRecent();
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    try {
      const answer = await fetch(`${form.dataset.suggest}?${new URLSearchParams({ q: typed })}`, { signal });
      const { suggestions = [] } = answer.ok ? await answer.json() : {};
      if (document.activeElement !== input || input.value.trim() !== typed) return;
      const others = suggestions.filter(({ text }) => text.toLowerCase() !== typed.toLowerCase());
      show(others.map(({ text, kind }) => ({ text, note: form.dataset[kind], act: () => searchFor(text) })));
    } catch (error) {
      if (error.name !== "AbortError") show([]); // completions are a comfort: without them one types on
    }
  }

  function showRecent() {
    const entries = recent().map((text) => ({ text, note: form.dataset.recent, act: () => searchFor(text) }));
    if (entries.length) {
      const forget = () => { remember([]); close(); };
      entries.push({ text: form.dataset.forget, act: forget });
    }
    show(entries);
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(complete, PAUSE);
  }

  // Nothing is sent, and Enter does not submit, while an input method is composing.
  input.addEventListener("input", (event) => { if (!event.isComposing) later(); });
  input.addEventListener("compositionend", later);
  input.addEventListener("click", () => { if (!input.value) showRecent(); });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) {
      if (event.key === "Enter" || event.keyCode === 229) event.stopImmediatePropagation();
      if (event.key === "Enter") event.preventDefault();
      return;
    }
    if (event.key === "ArrowDown" && list.hidden) complete();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden) return;
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && active >= 0) options()[active].click();
    else if (event.key === "Escape" && !list.hidden) close();
    else return;
    event.preventDefault();
  });
  form.addEventListener("submit", () => {
    close();
    keep(input.value);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest(".result a")) keep(input.value);
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
    const slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
    const command = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
    if (!slash && !command) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
}

function keep(text) {
  const typed = text.trim();
  if (typed) remember([typed, ...recent().filter((other) => other !== typed)].slice(0, MOST_RECENT));
}

function recent() {
  try {
    return JSON.parse(localStorage.getItem(RECENT) ?? "[]").filter((text) => typeof text === "string");
  } catch {
    return []; // storage is forbidden, or holds what is not ours
  }
}

function remember(texts) {
  try {
    localStorage.setItem(RECENT, JSON.stringify(texts));
  } catch {
    // storage is forbidden or full: then nothing is remembered
  }
}
