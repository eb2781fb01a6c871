"""What trainers say of tags, by plain forms as browsers without scripts send them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kb import knowledge_base
from kb.knowledge_base import KnowledgeBase
from kb.models import Passage
from tests.conftest import MakeApp, book_of, csrf_of, signed_in
from web import interface

ARTICLE = """# Смена в кафе

## Эмпатия у стойки

Гость молчит и смотрит в пол. Поставьте себя на его место и спросите, что случилось.

## Погода

Сегодня солнечно, завтра дождь.
"""


@pytest.fixture(scope="module")
def app(make_app: MakeApp) -> Flask:
    return make_app({"cafe.md": ARTICLE})


@pytest.fixture
def book(app: Flask) -> Iterator[KnowledgeBase]:
    """The book, without reviews."""
    found = book_of(app)
    yield found
    for review in found.reviews():
        found.review(review.passage, review.principle, None, "")


@pytest.fixture
def trainer(app: Flask) -> FlaskClient:
    return signed_in(app, "trainer")


def passage(book: KnowledgeBase, words: str) -> Passage:
    (found,) = [one for one in book.article(book.articles()[0].id)[1] if words in one.text]
    return found


def principles(book: KnowledgeBase, words: str) -> list[str]:
    return [tag.principle for tag in passage(book, words).tags]


def send(client: FlaskClient, address: str, next: str = "/search?q=гость", **form: str) -> str:
    """Send a form; returns the text of the page that it leads to, after the address of that page."""
    token = csrf_of(client, "/account")
    russian = {"Accept-Language": "ru"}
    answer = client.post(address, data={**form, "next": next, "csrf_token": token}, headers=russian)
    assert answer.status_code == 303, answer.text[-600:]
    page = client.get(answer.location, headers=russian).text
    return f"{answer.location}\n{page}"


def notice(page: str) -> str:
    (said,) = re.findall(r'class="heard"><p role="status">(.*?)</p>', page)
    return str(said)


def undo_of(page: str) -> str:
    (address,) = set(re.findall(r'class="heard">.*?action="([^"]+)"', page))
    return str(address)


# --- Right, wrong, missing, undo -----------------------------------------------------------------


def test_wrong_and_undo(book: KnowledgeBase, trainer: FlaskClient) -> None:
    one = passage(book, "Гость молчит")
    assert "empathy" in principles(book, "Гость молчит")
    page = send(trainer, f"/passages/{one.id}/tags", say="wrong empathy", reason="о сне")
    assert "empathy" not in principles(book, "Гость молчит")
    assert notice(page) == "Записано: отрывок не о принципе «Эмпатия»."
    assert "trainer: неверно" in page and "о сне" in page
    page = send(trainer, undo_of(page))
    assert notice(page) == "Отменено. Всё как было."
    assert "empathy" in principles(book, "Гость молчит")
    assert book.reviews() == []


def test_right_keeps_a_tag_for_good(book: KnowledgeBase, trainer: FlaskClient) -> None:
    one = passage(book, "Гость молчит")
    page = send(trainer, f"/passages/{one.id}/tags", say="right empathy")
    (tag,) = [tag for tag in passage(book, "Гость молчит").tags if tag.principle == "empathy"]
    assert (tag.origin, tag.weight) == ("review", 1.0)
    assert "trainer: верно" in page and 'aria-pressed="true"' in page


@pytest.mark.parametrize("language", interface.LANGUAGES)
def test_missing_by_its_name_in_the_reader_s_language(
    book: KnowledgeBase, trainer: FlaskClient, language: str
) -> None:
    one = passage(book, "солнечно")
    speaks = {"Accept-Language": language}
    page = trainer.get(f"/articles/{one.article_id}", headers=speaks).text
    offered = re.findall(r'<option value="([^"]+)">', page.partition("<datalist")[2])
    name = offered[[principle.id for principle in book.principles()].index("loyalty")]
    form = {"missing": f" {name.upper()} ", "csrf_token": csrf_of(trainer, "/account")}
    assert trainer.post(f"/passages/{one.id}/tags", data=form, headers=speaks).status_code == 303
    assert principles(book, "солнечно") == ["loyalty"]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"missing": "нет такого <b>"}, "Принципа «нет такого &lt;b&gt;» нет."),
        ({"missing": ""}, "Выберите принцип из списка."),
        ({}, "Выберите принцип из списка."),
        ({"say": "perhaps empathy"}, "Выберите принцип из списка."),
        ({"say": "right"}, None),
        ({"say": "right nowhere"}, None),
    ],
)
def test_what_cannot_be_kept(
    book: KnowledgeBase, trainer: FlaskClient, form: dict[str, str], said: str | None
) -> None:
    address = f"/passages/{passage(book, 'Гость молчит').id}/tags"
    if said:
        page = send(trainer, address, **form)
        assert notice(page) == said
        assert "/undo" not in page.partition('class="heard"')[2]
    else:
        token = csrf_of(trainer, "/account")
        assert trainer.post(address, data={**form, "csrf_token": token}).status_code == 404
    assert book.reviews() == []


def test_a_passage_that_is_gone(trainer: FlaskClient) -> None:
    form = {"say": "right empathy", "csrf_token": csrf_of(trainer, "/account")}
    assert trainer.post("/passages/nowhere/tags", data=form).status_code == 404
    assert trainer.post("/reviews/99/undo", data=form).status_code == 404


# --- Where one comes back to ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["search", "article", "principle"])
def test_one_comes_back_to_the_passage(book: KnowledgeBase, trainer: FlaskClient, kind: str) -> None:
    one = passage(book, "Гость молчит")
    pages = {
        "search": "/search?q=гость&language=ru",
        "article": f"/articles/{one.article_id}?q=гость",
        "principle": "/principles/empathy?left=ru",
    }
    shown = trainer.get(pages[kind]).text
    assert f'id="tags-{one.id}"' in shown
    form = next(
        form
        for form in re.findall(r'<form method="post".*?</form>', shown, re.S)
        if f"/passages/{one.id}/tags" in form and 'name="say"' in form
    )
    fields = dict(re.findall(r'name="(csrf_token|next)" value="([^"]*)"', form))
    fields["next"] = fields["next"].replace("&amp;", "&")
    answer = trainer.post(f"/passages/{one.id}/tags", data={**fields, "say": "right empathy"})
    place = urlsplit(answer.location)
    assert place.path == urlsplit(pages[kind]).path
    assert place.fragment == f"tags-{one.id}"
    assert f'id="tags-{one.id}"' in trainer.get(answer.location).text


def test_nobody_is_led_elsewhere(book: KnowledgeBase, trainer: FlaskClient) -> None:
    one = passage(book, "Гость молчит")
    form = {"say": "right empathy", "next": "//evil.example", "csrf_token": csrf_of(trainer, "/account")}
    assert trainer.post(f"/passages/{one.id}/tags", data=form).location == f"/#tags-{one.id}"


# --- Several people ------------------------------------------------------------------------------


def test_who_said_it_is_shown_and_may_be_overruled(
    app: Flask, book: KnowledgeBase, trainer: FlaskClient
) -> None:
    one = passage(book, "Гость молчит")
    editor = signed_in(app, "editor")
    first = undo_of(send(trainer, f"/passages/{one.id}/tags", say="wrong empathy"))
    page = send(editor, f"/passages/{one.id}/tags", say="right empathy")
    assert "editor: верно" in page
    assert "trainer: неверно" not in page
    page = send(trainer, first)
    assert notice(page).startswith("С тех пор кто-то решил иначе")
    assert "empathy" in principles(book, "Гость молчит")
    send(editor, undo_of(send(editor, f"/passages/{one.id}/tags", say="right empathy")))
    assert [review.reviewer for review in book.reviews()] == ["editor"]


def test_a_trainer_undoes_only_their_own(app: Flask, book: KnowledgeBase, trainer: FlaskClient) -> None:
    one = passage(book, "Гость молчит")
    editor = signed_in(app, "editor")
    undo = undo_of(send(editor, f"/passages/{one.id}/tags", say="wrong empathy"))
    assert undo not in trainer.get("/search?q=гость").text
    assert trainer.post(undo, data={"csrf_token": csrf_of(trainer, "/account")}).status_code == 403
    assert len(book.reviews()) == 1


def test_several_at_once_lose_nothing(
    app: Flask, book: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each on a tag of their own, in the same passage: the index has one writer at a time."""
    monkeypatch.setattr(knowledge_base, "PATIENCE", 30)
    one = passage(book, "солнечно")
    chosen = ["empathy", "loyalty", "training", "welcome"]
    clients = [signed_in(app, "trainer") for _ in chosen]
    tokens = [csrf_of(client, "/account") for client in clients]
    statuses: list[int] = []

    def say(number: int) -> None:
        form = {"say": f"right {chosen[number]}", "csrf_token": tokens[number]}
        statuses.append(clients[number].post(f"/passages/{one.id}/tags", data=form).status_code)

    threads = [threading.Thread(target=say, args=(number,)) for number in range(len(chosen))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert statuses == [303] * len(chosen)
    assert sorted(principles(book, "солнечно")) == sorted(chosen)


def test_nothing_is_lost_to_a_busy_index(
    book: KnowledgeBase, trainer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knowledge_base, "PATIENCE", 0.1)
    one = passage(book, "Гость молчит")
    address = f"/passages/{one.id}/tags"
    form = {
        "say": "wrong empathy",
        "reason": 'о "сне" <b>',
        "next": "/search?q=a",
        "csrf_token": csrf_of(trainer, "/account"),
    }
    with book.engine.write():
        answer = trainer.post(address, data=form, headers={"Accept-Language": "ru"})
        assert answer.status_code == 503 and "Ваше решение не потеряно" in answer.text
        assert book.reviews() == []
    # The page holds the form as it was sent; sent again it is kept.
    sent = dict(re.findall(r'name="(say|reason|next)" value="([^"]*)"', answer.text.partition("<main")[2]))
    assert sent == {"say": "wrong empathy", "reason": "о &#34;сне&#34; &lt;b&gt;", "next": "/search?q=a"}
    send(trainer, address, say=sent["say"])
    assert "empathy" not in principles(book, "Гость молчит")


def test_what_people_write_is_never_markup(book: KnowledgeBase, trainer: FlaskClient) -> None:
    one = passage(book, "Гость молчит")
    page = send(
        trainer, f"/passages/{one.id}/tags", say="right empathy", reason="</p><script>alert(1)</script>"
    )
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    assert len(book.reviews()[0].reason) < 600
