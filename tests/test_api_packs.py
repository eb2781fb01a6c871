"""`/api/v1/packs`: a pack from the first excerpt to the file, with nobody overwriting another; reviews."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import docx
import pytest

from kb.exporters import EXPORTERS
from kb.models import Role, Scope
from tests.conftest import MakeBook, account_of, app_of

CAFE = """# Смена в кафе

Эмпатия — это умение поставить себя на место гостя и почувствовать, каково ему сейчас за этим столиком, прежде чем отвечать.

Нельзя обещать того, чего не сделаете.

| Гость | Ответ |
|---|---|
| молчит | спросите |
"""
SHOP = """# 门店

同理心就是设身处地为客人着想。

例如，先问客人发生了什么。
"""


class Caller:
    """A program with a key."""

    def __init__(self, client: Any, key: str | None) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def __call__(self, call: str, body: object = None, **headers: str) -> Any:
        """`caller("POST packs", {...}, If_Match='"1"')`: the answer."""
        method, _, path = call.partition(" ")
        sent = self._headers | {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.open(f"/api/v1/{path}", method=method, headers=sent, json=body)


@pytest.fixture(scope="module")
def here(make_book: MakeBook) -> Iterator[SimpleNamespace]:
    book = make_book({"cafe.md": CAFE, "shop.md": SHOP})
    client = app_of(book).test_client()
    accounts = {name: account_of(book, name, role) for name, role in ROLES.items()}
    callers = {
        name: Caller(client, book.keys.add(name, [Scope.PACKS], account=account)[1])
        for name, account in accounts.items()
    }
    editor = Caller(client, book.keys.add("tags", [Scope.WRITE], account=accounts["oleg"])[1])
    texts = {passage.text[:7]: passage.id for one in book.articles() for passage in book.article(one.id)[1]}
    yield SimpleNamespace(
        book=book,
        nobody=Caller(client, None),
        editor=editor,
        ids=list(texts.values()),
        client=client,
        **callers,
    )


ROLES = {"anna": Role.TRAINER, "wang": Role.TRAINER, "oleg": Role.EDITOR, "root": Role.ADMINISTRATOR}


def body(*passages: str, **said: object) -> dict[str, object]:
    return {"title": "Неделя", "sections": [{"excerpts": [{"passage": id} for id in passages]}], **said}


def passages(answer: Any) -> list[list[str]]:
    """The passages of each section of a kept pack."""
    assert answer.status_code < 300, answer.text
    return [[one["passage"] for one in section["excerpts"]] for section in answer.json["pack"]["sections"]]


def make(here: SimpleNamespace, *ids: str) -> str:
    made = here.anna("POST packs", body(*ids))
    assert made.status_code == 201, made.text
    id: str = made.json["pack"]["id"]
    assert made.headers["Location"] == f"/api/v1/packs/{id}" and made.headers["ETag"] == '"1"'
    return id


# --- The way of a pack ---------------------------------------------------------------------------


def test_a_pack_is_made_read_changed_and_deleted(here: SimpleNamespace) -> None:
    first, second, third, *_ = here.ids
    id = make(here, first)
    read = here.anna(f"GET packs/{id}")
    assert (read.json["owner"], read.json["version"], read.json["pack"]["author"]) == ("anna", 1, "anna")
    (excerpt,) = read.json["pack"]["sections"][0]["excerpts"]
    assert excerpt["blocks"][0]["text"] == here.book.passage(first)[0].text

    section = {"excerpts": [{"passage": second, "note": " Прочесть. ", "questions": ["Кто?", " "]}]}
    beside = {"excerpts": [{"passage": first, "counterpart": third}]}
    changed = here.anna(
        f"PUT packs/{id}",
        {"title": "Дважды", "language": "zh-Hans", "sections": [section, beside]},
        If_Match=read.headers["ETag"],
    )
    assert passages(changed) == [[second], [first]] and changed.headers["ETag"] == '"2"'
    (noted,), (kept,) = (one["excerpts"] for one in changed.json["pack"]["sections"])
    assert (noted["note"], noted["questions"]) == ("Прочесть.", ["Кто?"])
    assert kept["quoted"] == excerpt["quoted"], "what was quoted stays as it was quoted"
    assert kept["counterpart"]["passage"] == third
    assert here.anna(f"DELETE packs/{id}").json == {"deleted": id}
    gone = here.anna(f"GET packs/{id}")
    assert (gone.status_code, gone.json["missing"]) == (404, {"kind": "pack", "id": id})


def test_excerpts_are_added_moved_and_taken_out(here: SimpleNamespace) -> None:
    one, two, three, *_ = here.ids
    id = make(here, one)
    here.anna(
        f"PUT packs/{id}", {"sections": [{"excerpts": [{"passage": one}]}, {"title": "Два"}]}, If_Match="*"
    )
    add = f"POST packs/{id}/excerpts"
    assert passages(here.anna(add, {"passage": two, "note": "важно"})) == [[one], [two]]
    assert passages(here.anna(add, {"passage": three, "section": 0, "place": 0})) == [[three, one], [two]]
    moved = here.anna(f"PATCH packs/{id}/excerpts/{two}", {"section": 0, "place": 1})
    assert passages(moved) == [[three, two, one], []]
    assert moved.json["pack"]["sections"][0]["excerpts"][1]["note"] == "важно"
    assert passages(here.anna(f"PATCH packs/{id}/excerpts/{three}", {})) == [[two, one, three], []]
    assert passages(here.anna(f"DELETE packs/{id}/excerpts/{one}")) == [[two, three], []]
    for call, sent, status, parameter in (
        (f"DELETE packs/{id}/excerpts/{one}", None, 404, None),
        (f"PATCH packs/{id}/excerpts/{one}", {}, 404, None),
        (f"PATCH packs/{id}/excerpts/{two}", {"section": 2}, 400, "section"),
        (f"PATCH packs/{id}/excerpts/{two}", {"place": 2}, 400, "place"),
        (add, {"passage": "nowhere"}, 404, None),
        (add, {"passage": one, "colour": "red"}, 400, "colour"),
    ):
        answer = here.anna(call, sent)
        assert (answer.status_code, answer.json.get("parameter")) == (status, parameter), (call, answer.text)


def test_history_undo_and_restore(here: SimpleNamespace) -> None:
    one, two, *_ = here.ids
    id = make(here, one)
    here.anna(f"POST packs/{id}/excerpts", {"passage": two})
    here.oleg(f"DELETE packs/{id}/excerpts/{one}")
    versions = here.anna(f"GET packs/{id}/versions").json
    assert [(of["number"], of["author"]) for of in versions["versions"]] == [
        (3, "oleg"),
        (2, "anna"),
        (1, "anna"),
    ]
    short = here.anna(f"GET packs/{id}/versions?limit=1&fields=number,author").json
    assert short["versions"] == [{"number": 3, "author": "oleg"}] and short["next"]
    assert passages(here.anna(f"POST packs/{id}/undo")) == [[one, two]]
    assert passages(here.anna(f"POST packs/{id}/undo")) == [[one]]
    assert here.anna(f"POST packs/{id}/undo").status_code == 400, "there is nothing left to take back"
    assert passages(here.anna(f"POST packs/{id}/versions/2/restore")) == [[one, two]]
    assert here.anna(f"POST packs/{id}/versions/99/restore").status_code == 404


def test_nobody_overwrites_another(here: SimpleNamespace) -> None:
    one, two, *_ = here.ids
    id = make(here, one)
    tag = here.anna(f"GET packs/{id}").headers["ETag"]
    assert here.oleg(f"PUT packs/{id}", body(two), If_Match=tag).status_code == 200
    for call, sent in (
        (f"PUT packs/{id}", body(one)),
        (f"DELETE packs/{id}", None),
        (f"POST packs/{id}/excerpts", {"passage": one}),
        (f"PATCH packs/{id}/excerpts/{two}", {}),
        (f"DELETE packs/{id}/excerpts/{two}", None),
        (f"POST packs/{id}/undo", None),
        (f"POST packs/{id}/versions/1/restore", None),
    ):
        refused = here.anna(call, sent, If_Match=tag)
        assert refused.status_code == 412, call
        assert refused.json["changed"] == {"title": "Неделя", "version": 2, "by": "oleg"}
    assert passages(here.anna(f"GET packs/{id}")) == [[two]]
    assert here.anna(f"PUT packs/{id}", body(one)).status_code == 428
    assert here.anna(f"PUT packs/{id}", body(one), If_Match="*").status_code == 200


def test_a_link_is_given_and_withdrawn(here: SimpleNamespace) -> None:
    id = make(here, *here.ids[:2])
    shared = here.anna(f"PUT packs/{id}/link")
    link = shared.json["link"]
    assert here.anna(f"PUT packs/{id}/link").json["link"] == link
    assert here.nobody(f"GET shared-packs/{link}").json["title"] == "Неделя"
    assert here.nobody(f"GET shared-packs/{link}/export?format=csv").data
    copy = here.wang(f"POST shared-packs/{link}/copy", {"title": "Моя"})
    assert copy.status_code == 201 and copy.json["owner"] == copy.json["pack"]["author"] == "wang"
    assert (copy.json["pack"]["title"], copy.json["link"]) == ("Моя", None)
    # A tag of when it was shared is still one of this version.
    assert here.anna(f"DELETE packs/{id}/link").json["link"] is None
    assert here.nobody(f"GET shared-packs/{link}").status_code == 404
    assert here.anna(f"POST packs/{id}/undo", If_Match=shared.headers["ETag"]).status_code == 400
    assert here.anna(f"POST packs/{id}/copy", {}).json["pack"]["title"] == "Неделя"


def test_a_copy_in_a_cache_is_as_old_as_the_pack(here: SimpleNamespace) -> None:
    id = make(here, here.ids[0])
    read = here.anna(f"GET packs/{id}")
    listed = here.anna("GET packs")
    same = here.anna(f"GET packs/{id}", If_None_Match=read.headers["ETag"])
    assert (same.status_code, same.data) == (304, b"")
    assert here.anna("GET packs", If_None_Match=listed.headers["ETag"]).status_code == 304
    here.anna(f"PUT packs/{id}/link")
    assert here.anna(f"GET packs/{id}", If_None_Match=read.headers["ETag"]).json["link"]
    assert here.anna("GET packs", If_None_Match=listed.headers["ETag"]).status_code == 200


# --- Who may -------------------------------------------------------------------------------------


def test_a_pack_is_its_owner_s(here: SimpleNamespace) -> None:
    id = make(here, here.ids[0])
    mine = {one["id"] for one in here.anna("GET packs").json["packs"]}
    assert id in mine and id not in {one["id"] for one in here.wang("GET packs").json["packs"]}
    assert id in {one["id"] for one in here.oleg("GET packs").json["packs"]}, "editors see all"
    for call, sent in (
        (f"GET packs/{id}", None),
        (f"PUT packs/{id}", body()),
        (f"DELETE packs/{id}", None),
        (f"POST packs/{id}/excerpts", {"passage": here.ids[0]}),
        (f"GET packs/{id}/versions", None),
        (f"GET packs/{id}/export?format=csv", None),
        (f"PUT packs/{id}/link", None),
        (f"POST packs/{id}/copy", {}),
    ):
        assert here.wang(call, sent).status_code == 404, call


def test_a_key_that_acts_for_nobody_keeps_no_packs(here: SimpleNamespace) -> None:
    key = here.book.keys.add("widget", [Scope.ADMIN])[1]
    refused = Caller(here.client, key)("GET packs")
    assert refused.status_code == 403 and "--account" in refused.json["detail"]


# --- Exports -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", EXPORTERS)
def test_a_pack_is_exported_kept_or_not(here: SimpleNamespace, form: str) -> None:
    title = "Неделя 第一周"
    id = here.anna("POST packs", body(*here.ids, title=title)).json["pack"]["id"]
    for answer in (
        here.anna(f"GET packs/{id}/export?format={form}"),
        here.nobody(f"POST packs:export?format={form}&counterparts=zh", body(*here.ids, title=title)),
    ):
        assert answer.status_code == 200, answer.text
        assert answer.mimetype == EXPORTERS[form].media_type and answer.data
        said = answer.headers["Content-Disposition"]
        assert quote(f"{title}{EXPORTERS[form].suffix}") in said, said


def test_counterparts_stand_beside(here: SimpleNamespace) -> None:
    russian = here.book.search("эмпатия", language="ru", limit=1).hits[0].passage.id
    made = here.nobody("POST packs:draft?counterparts=zh", body(russian)).json
    assert made["sections"][0]["excerpts"][0]["counterpart"]["source"]["language"] == "zh"
    written = here.nobody("POST packs:export?format=docx&counterparts=zh", body(russian)).data
    (table,) = docx.Document(io.BytesIO(written)).tables
    assert "同理心" in table.rows[0].cells[1].text


def test_ready_made_and_asked_about(here: SimpleNamespace) -> None:
    pack = here.nobody("GET principles/empathy/pack?language=ru").json
    assert pack["title"] == "Подборка: Эмпатия" and pack["sections"]
    ids = [one["passage"] for section in pack["sections"] for one in section["excerpts"]]
    asked = here.nobody("POST packs:quiz", body(*ids)).json["questions"]
    assert asked and all(0 <= one["right"] < len(one["choices"]) for one in asked)
    assert here.nobody("GET principles/nowhere/pack").status_code == 404


def test_the_examples_of_bodies_work(here: SimpleNamespace) -> None:
    """Every JSON body of the contract, sent as its example has it, of passages that are there."""
    passage, other, *_ = here.ids
    key = here.book.keys.add("all", [Scope.ADMIN], account=here.book.accounts.named("root"))[1]
    caller = Caller(here.client, key)
    spec = here.client.get("/api/v1/openapi.json").json
    tried = 0
    for path, methods in spec["paths"].items():
        for method, call in methods.items():
            schema = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            if schema is None:
                continue
            kept = here.book.packs.keep(here.book.pack_from([other]), here.book.accounts.named("root"))
            link = here.book.packs.share(kept.pack.id, here.book.accounts.named("root")).link
            (example,) = spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["examples"]
            sent = json.loads(json.dumps(example).replace("cdc1836e4b8e", passage))
            address = path.removeprefix("/api/v1/").format(pack_id=kept.pack.id, passage_id=other, link=link)
            query = "?format=csv" if path.endswith(":export") else ""
            conditions = {"If_Match": "*"} if method == "put" else {}
            answer = caller(f"{method.upper()} {address}{query}", sent, **conditions)
            assert answer.status_code < 300, (path, answer.text)
            tried += 1
    assert tried == 11


@pytest.mark.parametrize(
    ("call", "sent", "status", "parameter"),
    [
        ("POST packs:draft", {"sections": [{"excerpts": [{"passage": "nowhere"}]}]}, 404, None),
        ("POST packs:draft", {"language": "de"}, 400, "language"),
        ("POST packs:draft", {"sections": [{"excerpts": [{}]}]}, 400, "sections.0.excerpts.0.passage"),
        ("POST packs:draft?counterparts=de", {}, 400, "counterparts"),
        ("POST packs:export", {}, 400, "format"),
        ("POST packs:export?format=pdf", {}, 400, "format"),
        ("POST packs", {"title": "x" * 201}, 400, "title"),
        ("POST packs", {"sections": [{"excerpts": [{"passage": "a"}] * 300}] * 2}, 400, "excerpts"),
        ("POST packs", [], 400, None),
        ("GET packs?cursor=YQ", None, 400, "cursor"),
        ("GET packs/nowhere", None, 404, None),
        ("GET shared-packs/nowhere", None, 404, None),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_what_is_wrong_is_said(
    here: SimpleNamespace, call: str, sent: object, status: int, parameter: str | None
) -> None:
    answer = here.anna(call, sent)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text
    assert answer.json.get("parameter") == parameter


# --- When articles change ------------------------------------------------------------------------


def test_what_has_become_of_its_words(make_book: MakeBook) -> None:
    book = make_book({"cafe.md": CAFE})
    anna = account_of(book, "anna", Role.TRAINER)
    caller = Caller(app_of(book).test_client(), book.keys.add("x", [Scope.PACKS], account=anna)[1])
    ids = [passage.id for passage in book.article(book.articles()[0].id)[1]]
    id = caller("POST packs", body(*ids)).json["pack"]["id"]
    assert book.settings.corpus
    (book.settings.corpus / "cafe.md").write_text(
        CAFE.replace("на место гостя", "на место каждого гостя"), "utf-8"
    )
    book.index()
    states = caller(f"GET packs/{id}/wording").json["excerpts"]
    assert [one["state"]["wording"] for one in states] == ["changed", *["same"] * (len(ids) - 1)]
    now = states[0]["state"]["now"]["passage"]
    renewed = caller(f"PUT packs/{id}", body(now, *ids[1:]), If_Match='"1"')
    assert "каждого" in json.dumps(renewed.json, ensure_ascii=False)
    assert {one["state"]["wording"] for one in caller(f"GET packs/{id}/wording").json["excerpts"]} == {"same"}


# --- Reviews of tags -----------------------------------------------------------------------------


def test_tags_are_accepted_rejected_and_left_again(here: SimpleNamespace) -> None:
    passage = here.book.search("эмпатия", language="ru", limit=1).hits[0].passage.id

    def tags() -> set[str]:
        found = here.nobody(f"GET passages/{passage}").json["passage"]["principles"]
        return {one["id"] for one in found}

    assert "empathy" in tags()
    made = here.editor("POST reviews", {"passage": passage, "principle": "empathy", "accepted": False})
    assert made.status_code == 201 and made.json["reviewer"] == "oleg" and "empathy" not in tags()
    number = made.json["number"]
    assert here.editor(f"GET reviews/{number}").json == made.json
    assert made.headers["Location"] == f"/api/v1/reviews/{number}"
    added = here.editor("POST reviews", {"passage": passage, "principle": "loyalty", "accepted": True})
    assert "loyalty" in tags()
    listed = here.editor(f"GET reviews?passage={passage}").json
    assert [one["principle"] for one in listed["reviews"]] == ["empathy", "loyalty"] and listed["total"] == 2
    assert here.editor(f"GET reviews?passage={passage}&principle=loyalty").json["total"] == 1
    assert here.editor(f"DELETE reviews/{number}").json == {"undone": True}
    assert here.editor(f"DELETE reviews/{added.json['number']}").json == {"undone": True}
    assert "empathy" in tags() and "loyalty" not in tags()
    assert here.editor(f"DELETE reviews/{number}").status_code == 404


def test_a_review_of_nothing(here: SimpleNamespace) -> None:
    good = {"passage": here.ids[0], "principle": "empathy", "accepted": True}
    for wrong in ({"passage": "nowhere"}, {"principle": "nowhere"}):
        assert here.editor("POST reviews", {**good, **wrong}).status_code == 404
    assert here.editor("POST reviews", {**good, "accepted": None}).status_code == 400
    assert here.anna("POST reviews", good).status_code == 403, "its scope is for packs"
