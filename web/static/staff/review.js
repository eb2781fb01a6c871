// What trainers say of tags is kept without leaving the page: the form is sent, and what the answer
// shows of this passage, and the notice with "undo", are put in place.

document.addEventListener("submit", async (event) => {
  const form = event.target.closest(".review form, .heard form");
  if (!form) return;
  event.preventDefault();
  const { submitter } = event;
  const body = new URLSearchParams(new FormData(form, submitter));
  const headers = { "X-Typing": "1" }; // the page one comes back to was not searched anew
  submitter.disabled = true;
  try {
    const answer = await fetch(submitter.hasAttribute("formaction") ? submitter.formAction : form.action, { method: "POST", body, headers });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    show(page, form.closest(".review")?.id);
  } catch {
    form.submit(); // the browser says what is wrong
  }
});

function show(page, id) {
  const heard = page.querySelector(".heard");
  if (!heard) {
    // The index is busy, or the session has ended: the page that says so takes this one's place.
    document.querySelector("main").replaceWith(page.querySelector("main"));
    document.querySelector("main").focus();
    return;
  }
  for (const old of document.querySelectorAll(".review")) {
    const fresh = page.getElementById(old.id);
    if (fresh) (old.closest(".rail") ?? old).replaceWith(fresh.closest(".rail") ?? fresh);
  }
  const place = id && document.getElementById(id);
  if (place) place.open = true;
  place?.querySelector("summary").focus();
  document.querySelector(".heard")?.remove();
  document.querySelector("#said").before(heard);
  document.querySelector("#said").textContent = heard.querySelector("p").textContent;
}
