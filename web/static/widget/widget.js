// A search box over a Servicebook, for any page:
//
//   <script type="module" src="https://handbook.example.com/widget.js"></script>
//   <servicebook-search lang="ru"></servicebook-search>
//
// Attributes: lang (of its words: ru, zh-Hans, zh-Hant, en; else that of the page), language (only
// articles in ru, zh or en), limit (hits, 5), placeholder, label, and key: an API key with the scope
// "read", where reading is for members; whoever sees the page sees it.
//
// It dresses by custom properties: --servicebook-accent, --servicebook-text, --servicebook-muted,
// --servicebook-background, --servicebook-border, --servicebook-mark, --servicebook-radius and
// --servicebook-font; beyond these by ::part(input), ::part(results), ::part(result) and ::part(mark).

const HOME = new URL("./", import.meta.url);
const PAUSE = 200; // milliseconds without a key before it asks
const MOST_IN_EXTRACT = 300;

const WORDS = {
  ru: {
    label: "Поиск по стандартам сервиса",
    empty: "Ничего не нашлось. Попробуйте другие слова.",
    failed: "Поиск сейчас не отвечает. Попробуйте ещё раз через минуту.",
    all: "Все результаты",
    found: (n) => `${n} ${new Intl.PluralRules("ru").select(n) === "one" ? "фрагмент" : few(n) ? "фрагмента" : "фрагментов"}`,
  },
  "zh-Hans": {
    label: "搜索服务标准",
    empty: "没有找到。换几个词试试。",
    failed: "搜索暂时没有响应，请稍后再试。",
    all: "全部结果",
    found: (n) => `${n} 个段落`,
  },
  "zh-Hant": {
    label: "搜尋服務標準",
    empty: "沒有找到。換幾個詞試試。",
    failed: "搜尋暫時沒有回應，請稍後再試。",
    all: "全部結果",
    found: (n) => `${n} 個段落`,
  },
  en: {
    label: "Search the service standards",
    empty: "Nothing was found. Try other words.",
    failed: "Search does not answer now. Try again in a minute.",
    all: "All results",
    found: (n) => `${n} ${n === 1 ? "passage" : "passages"}`,
  },
};

const few = (n) => new Intl.PluralRules("ru").select(n) === "few";

const STYLE = `
  :host { display: block; position: relative; font: var(--servicebook-font, inherit); color: var(--servicebook-text, inherit); }
  :host([hidden]) { display: none; }
  * { box-sizing: border-box; }
  label { display: block; margin-bottom: .3em; }
  input { width: 100%; font: inherit; color: inherit; padding: .55em .7em; background: var(--servicebook-background, Canvas);
    border: 1px solid var(--servicebook-border, color-mix(in srgb, currentColor 50%, Canvas)); border-radius: var(--servicebook-radius, 6px); }
  input:focus-visible, a:focus-visible { outline: 2px solid var(--servicebook-accent, Highlight); outline-offset: 1px; }
  .status { margin: .5em 0 .2em; color: var(--servicebook-muted, color-mix(in srgb, currentColor 78%, Canvas)); font-size: .9em; min-height: 1.3em; }
  ol { list-style: none; margin: 0; padding: 0; }
  li + li { border-top: 1px solid var(--servicebook-border, color-mix(in srgb, currentColor 50%, Canvas)); }
  a { display: block; padding: .6em .2em; color: inherit; text-decoration: none; }
  a:hover .title, a:focus-visible .title, .all { text-decoration: underline; }
  .title, .all { color: var(--servicebook-accent, LinkText); }
  .title { font-weight: 600; }
  .text { display: block; margin-top: .2em; }
  mark { background: var(--servicebook-mark, Mark); color: inherit; }
`;

const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);

class ServicebookSearch extends HTMLElement {
  #asking = null;
  #timer = 0;
  #asked = "";

  connectedCallback() {
    if (this.shadowRoot) return;
    const words = this.#words();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    root.adoptedStyleSheets = [sheet];
    this.input = element("input", {
      type: "search",
      id: "q",
      name: "q",
      part: "input",
      autocomplete: "off",
      maxlength: 1000,
      placeholder: this.getAttribute("placeholder") ?? "",
    });
    this.status = element("p", { class: "status", role: "status", part: "status" });
    this.results = element("ol", { part: "results" });
    const label = element("label", { for: "q", part: "label" }, this.getAttribute("label") ?? words.label);
    const form = element("form", { role: "search", lang: this.#language() }, label, this.input, this.status, this.results);
    root.append(form);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#search();
    });
    this.input.addEventListener("input", (event) => {
      clearTimeout(this.#timer);
      // An input method is composing: 'nih' is on its way to become 你好.
      if (!event.isComposing) this.#timer = setTimeout(() => this.#search(), PAUSE);
    });
    this.input.addEventListener("compositionend", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#search(), PAUSE);
    });
    form.addEventListener("keydown", (event) => this.#key(event));
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
  }

  /** Search for what is in the box; `text` puts something there first. */
  async search(text) {
    if (text !== undefined) this.input.value = text;
    await this.#search();
  }

  #language() {
    const said = (this.getAttribute("lang") || this.closest("[lang]")?.lang || navigator.language).toLowerCase();
    if (said.startsWith("zh")) return /hant|tw|hk|mo/.test(said) ? "zh-Hant" : "zh-Hans";
    return said.startsWith("ru") ? "ru" : "en";
  }

  #words() {
    return WORDS[this.#language()];
  }

  async #search() {
    const text = this.input.value.trim();
    if (text === this.#asked) return;
    this.#asked = text;
    this.#asking?.abort();
    if (!text) return this.#show([], "");
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const words = this.#words();
    try {
      const found = await this.#ask(text, signal);
      if (signal.aborted) return;
      this.#show(found.hits, found.total ? words.found(found.total) : words.empty);
      if (found.total > found.hits.length) this.results.append(this.#toAll(text));
      this.dispatchEvent(new CustomEvent("servicebook-results", { bubbles: true, composed: true, detail: found }));
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#asked = "";
      this.#show([], words.failed);
    }
  }

  async #ask(text, signal) {
    const url = new URL("api/v1/search", HOME);
    url.searchParams.set("q", text);
    url.searchParams.set("limit", Number.parseInt(this.getAttribute("limit"), 10) || 5);
    url.searchParams.set("fields", "passage,article,highlights,extract");
    if (this.getAttribute("language")) url.searchParams.set("language", this.getAttribute("language"));
    const key = this.getAttribute("key");
    const headers = key ? { Authorization: `Bearer ${key}` } : {};
    const answer = await fetch(url, { signal, headers, credentials: "omit" });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  }

  #show(hits, said) {
    this.status.textContent = said;
    this.results.replaceChildren(...hits.map((hit) => this.#result(hit)));
  }

  #result(hit) {
    const url = new URL(`articles/${encodeURIComponent(hit.article.id)}`, HOME);
    url.searchParams.set("q", this.#asked);
    url.hash = hit.passage.id;
    const title = [hit.article.title, ...hit.passage.headings.slice(-1)].join(" › ");
    return element(
      "li",
      { part: "result" },
      element(
        "a",
        { href: url.href, lang: hit.passage.locale },
        element("span", { class: "title", part: "title" }, title),
        element("span", { class: "text", part: "text" }, ...marked(hit)),
      ),
    );
  }

  #toAll(text) {
    const url = new URL("search", HOME);
    url.searchParams.set("q", text);
    return element("li", {}, element("a", { class: "all", href: url.href }, this.#words().all));
  }

  #key(event) {
    if (event.isComposing) return;
    const stops = [this.input, ...this.results.querySelectorAll("a")];
    const at = stops.indexOf(this.shadowRoot.activeElement);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = stops[at + (event.key === "ArrowDown" ? 1 : -1)];
      if (!next) return;
      event.preventDefault();
      next.focus();
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.input.value = "";
      this.input.focus();
      this.#search();
    }
  }
}

function element(name, attributes, ...content) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...content);
  return made;
}

/** The extract of a passage with what was searched for marked. Offsets count code points. */
function marked(hit) {
  const points = Array.from(hit.passage.text);
  const [start, end] = [hit.extract[0], Math.min(hit.extract[1], hit.extract[0] + MOST_IN_EXTRACT)];
  const pieces = start > 0 ? ["… "] : [];
  let at = start;
  for (const [from, to] of hit.highlights) {
    if (from < at || to > end) continue;
    pieces.push(points.slice(at, from).join(""), element("mark", { part: "mark" }, points.slice(from, to).join("")));
    at = to;
  }
  pieces.push(points.slice(at, end).join(""), end < points.length ? " …" : "");
  return pieces;
}

if (!customElements.get("servicebook-search")) customElements.define("servicebook-search", ServicebookSearch);
