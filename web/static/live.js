// Results as one types: the page of the new address is fetched and its content put in place. A request
// that is overtaken is cancelled; nothing is sent while an input method is composing.

const PAUSE = 160;
const SETTLED = 1500; // after so long without a key one has found what one sees, or has not

export function setUpLiveResults(form, onNewContent) {
  const main = document.querySelector("main");
  if (!main.matches("[data-live]")) return;
  const input = form.elements.q;
  let asking = null;
  let timer = 0;
  let settled = 0; // the search log counts what stays, not every letter on the way
  let typing = false; // whether the newest history entry is of this run of typing

  function address() {
    const url = new URL(form.action);
    for (const [name, value] of new FormData(form)) {
      if (value.trim()) url.searchParams.append(name, value.trim());
    }
    return url;
  }

  async function fetchInto(url, inHistory) {
    asking?.abort();
    clearTimeout(settled);
    asking = new AbortController();
    const { signal } = asking;
    main.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(url, { signal, headers: { Accept: "text/html", "X-Typing": "1" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (signal.aborted) return;
      show(page);
      inHistory(url);
      if ("logged" in form.dataset) settled = setTimeout(() => fetch(url, { method: "HEAD" }), SETTLED);
    } catch (error) {
      if (error.name !== "AbortError") location.assign(url); // the browser says what is wrong
    } finally {
      if (!signal.aborted) main.removeAttribute("aria-busy");
    }
  }

  function show(page) {
    const fresh = page.querySelector("main");
    main.className = fresh.className;
    main.replaceChildren(...fresh.childNodes);
    document.title = page.title;
    document.querySelector(".menu ul").replaceWith(page.querySelector(".menu ul"));
    document.querySelector("#said").textContent = main.querySelector("h1").textContent;
    for (const old of form.querySelectorAll("input[type=hidden]")) old.remove();
    form.append(...page.querySelectorAll("form.search input[type=hidden]"));
    onNewContent(main);
    scrollTo({ top: 0, behavior: "instant" });
  }

  function search() {
    const url = address();
    if (url.href === location.href) return;
    fetchInto(url, () => {
      if (typing) history.replaceState(null, "", url);
      else history.pushState(null, "", url);
      typing = true;
    });
  }

  function later() {
    clearTimeout(timer);
    asking?.abort();
    timer = setTimeout(search, PAUSE);
  }

  input.addEventListener("input", (event) => { if (!event.isComposing) later(); });
  input.addEventListener("compositionend", later);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    search();
    typing = false;
  });
  input.addEventListener("blur", () => { typing = false; });
  addEventListener("popstate", () => {
    const url = new URL(location);
    input.value = url.searchParams.get("q") ?? "";
    fetchInto(url, () => {});
  });
}
