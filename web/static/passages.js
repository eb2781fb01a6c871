// What one can do with a passage: copy its text, its text with citation, or a link to it, and share it.
// Also says so when the passage that a link meant is no longer in the article.

const HAN = /\p{Script=Han}/u;

export function setUpPassages(root) {
  const template = document.querySelector("#passage-actions");
  for (const menu of root.querySelectorAll(".actions > div")) {
    const place = menu.closest(".result, .passage");
    if (menu.querySelector("[data-do]")) continue;
    menu.prepend(template.content.cloneNode(true));
    menu.querySelector("[data-do=share]").hidden = !navigator.share;
    menu.addEventListener("click", (event) => {
      const button = event.target.closest("[data-do]");
      if (button) act(place, button);
    });
  }
  sayWhatIsLost();
}

async function act(place, button) {
  const passage = await passageOf(place);
  const said = document.body.dataset.copied;
  const cited = `${passage.text}\n\n— ${passage.citation} ${passage.plainLink}`;
  if (button.dataset.do === "share") {
    await navigator.share({ title: passage.title, text: passage.text, url: passage.link }).catch(() => {});
    return;
  }
  await copy({ text: passage.text, citation: cited, link: passage.link }[button.dataset.do]);
  const label = button.textContent;
  button.textContent = `✓ ${said}`;
  document.querySelector("#said").textContent = said;
  setTimeout(() => {
    button.textContent = label;
    document.querySelector("#said").textContent = "";
    button.closest("details").open = false;
  }, 1200);
}

// The whole passage, also where a page shows only a part of it.
async function passageOf(place) {
  const article = place.closest("[data-address]");
  const plainLink = place.dataset.link
    ? new URL(place.dataset.link, location).href
    : `${article.dataset.address}?${new URLSearchParams({
      passage: place.dataset.passage, at: place.dataset.at, near: place.dataset.near,
    })}#${place.dataset.passage}`;
  const id = new URL(plainLink).searchParams.get("passage");
  const answer = await fetch(document.querySelector("#passage-actions").dataset.passages + id);
  const shown = place.querySelector(".text");
  const found = answer.ok ? await answer.json() : { passage: { text: shown.innerText, headings: [] }, article: {} };
  const headings = found.passage.headings.join(" › ");
  return {
    text: found.passage.text,
    title: found.article.title ?? document.title,
    citation: [place.dataset.citation ?? article.dataset.citation, headings].filter(Boolean).join(" "),
    plainLink,
    link: `${plainLink}:~:text=${fragment(found.passage.text)}`,
  };
}

// The first words of a text, as a text fragment: the browser marks them on arrival.
export function fragment(text) {
  const line = text.split("\n")[0].split(" | ")[0];
  const words = HAN.test(line) ? [...line].slice(0, 16).join("") : line.split(/\s+/).slice(0, 7).join(" ");
  return encodeURIComponent(words).replaceAll("-", "%2D");
}

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without https there is no clipboard for pages but this.
  const area = Object.assign(document.createElement("textarea"), { value: text, className: "unseen" });
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

function sayWhatIsLost() {
  const notice = document.querySelector("#lost");
  const anchor = decodeURIComponent(location.hash.slice(1));
  if (notice?.hidden && anchor && !document.getElementById(anchor)) notice.hidden = false;
}
