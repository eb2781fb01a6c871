"""A trainer's way through HTTP: collect, arrange, keep, share, export; also without signing in."""

from __future__ import annotations

import html
import io
import json
import re
from urllib.parse import parse_qsl, unquote, urlsplit

import docx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from kb.exporters import EXPORTERS
from kb.knowledge_base import KnowledgeBase
from kb.models import Pack, PackSection, Role
from kb.packs.outlines import assemble
from tests.conftest import PASSWORD, MakeApp, book_of, csrf_of, signed_in, write_files
from web.pack_forms import PackForm, Row

CAFE = """# Смена в кафе

## Просьба гостя

Эмпатия: поставьте себя на место гостя и скажите ему, что вы его поняли и поможете сейчас.

## Обещание

Обещали перезвонить, значит, перезвоните: надёжность видна по тому, сдержано ли обещание.
"""
CHINESE = """# 茶馆值班

## 客人的请求

同理心：站在客人的位置上想一想，告诉他你明白他的感受，马上就来帮忙。
"""


@pytest.fixture(scope="module")
def app(make_app: MakeApp) -> Flask:
    return make_app({"cafe.md": CAFE, "tea.md": CHINESE})


@pytest.fixture
def book(app: Flask) -> KnowledgeBase:
    return book_of(app)


@pytest.fixture
def ids(book: KnowledgeBase) -> dict[str, str]:
    """The ids of the passages, by their first word."""
    passages = [passage for article in book.articles() for passage in book.article(article.id)[1]]
    return {re.split(r"[:：, ]", passage.text)[0]: passage.id for passage in passages}


@pytest.fixture
def trainer(app: Flask) -> FlaskClient:
    return signed_in(app, "trainer")


def page(client: FlaskClient, address: str, language: str = "ru") -> str:
    answer = client.get(address, headers={"Accept-Language": language}, follow_redirects=True)
    assert answer.status_code == 200, answer.text[-500:]
    return html.unescape(answer.text)


def keep(client: FlaskClient, draft: str) -> str:
    """Keep a draft; returns the address of the pack."""
    token = csrf_of(client, "/account")
    answer = client.post(
        f"/packs/keep/draft/now?{draft}", data={"csrf_token": token}, headers={"Accept-Language": "ru"}
    )
    assert answer.status_code == 303, answer.text[-500:]
    return str(answer.location)


def press(client: FlaskClient, address: str, do: str = "save", **changed: str) -> tuple[int, str]:
    """Press a button of a kept pack's form as the browser sends it; returns status and page."""
    sent = fields(page(client, address))
    sent = MultiDict([(name, value) for name, value in sent if name not in changed])
    sent.update(changed | {"do": do})
    answer = client.post(address, data=sent, headers={"Accept-Language": "ru"}, follow_redirects=True)
    return answer.status_code, html.unescape(answer.text)


def fields(shown: str) -> list[tuple[str, str]]:
    """The fields of the form of a pack, in order, with what stands in them."""
    form = re.search(r'<form class="pack-form".*?</form>', shown, re.S)
    assert form
    found = []
    for tag in re.finditer(
        r'<input[^>]*name="(\w+)"[^>]*>|<textarea name="(\w+)"[^>]*>(.*?)</textarea>', form[0], re.S
    ):
        value = re.search(r'value="([^"]*)"', tag[0])
        found.append((tag[1] or tag[2], tag[3] if tag[2] else value[1] if value else ""))
    return [*found, ("language", "ru")]


def order(shown: str) -> list[str]:
    return [value for name, value in fields(shown) if name == "item"]


# --- Without signing in --------------------------------------------------------------------------


def test_who_has_not_signed_in_collects_and_exports(app: Flask, ids: dict[str, str]) -> None:
    client = app.test_client()
    shown = page(client, "/search?q=эмпатия")
    assert "В подборку" in shown and 'id="tray"' in shown
    back = client.get(f"/packs/collect?passage={ids['Эмпатия']}&next=/search?q=эмпатия")
    assert back.status_code == 303 and unquote(back.location) == "/search?q=эмпатия"
    client.get(f"/packs/collect?passage={ids['Обещали']}")
    client.get(f"/packs/collect?passage={ids['Обещали']}")
    shown = page(client, "/search?q=эмпатия")
    assert f'data-passages="{ids["Эмпатия"]} {ids["Обещали"]}"' in shown
    assert "Убрать из подборки" in shown
    draft = page(client, "/packs/draft")
    assert order(draft) == [ids["Эмпатия"], ids["Обещали"]]
    address = re.search(r'class="address" readonly value="([^"]+)"', draft)
    assert address
    written = app.test_client().get(
        f"/packs/draft/now/export?{urlsplit(address[1]).query}&format=docx&title=Неделя+1:+责任"
    )
    assert written.mimetype == EXPORTERS["docx"].media_type
    assert "filename*=UTF-8''" in written.headers["Content-Disposition"]
    assert unquote(written.headers["Content-Disposition"]).endswith("Неделя 1 责任.docx")
    text = "\n".join(each.text for each in docx.Document(io.BytesIO(written.data)).paragraphs)
    assert "поставьте себя на место гостя" in text and "Источники" in text
    assert "Смена в кафе" in text
    client.get("/packs/collect?drop=all")
    assert "Пока ничего не отложено" in page(client, "/packs/draft")


def test_a_draft_is_what_its_address_says(app: Flask, ids: dict[str, str]) -> None:
    one, two = ids["Эмпатия"], ids["Обещали"]
    said = [("title", "Мой «черновик» & 1"), ("introduction", "Читать\nдо пятницы"), ("item", "section"), ("extra", "Что"), ("text", ""), ("item", one), ("extra", "Кто?\nЗачем?"), ("text", "заметка"), ("item", two), ("extra", ""), ("text", "")]  # fmt: skip
    client = app.test_client()
    shown = html.unescape(client.get("/packs/draft", query_string=said).text)
    for text in ("Мой «черновик» & 1", "Читать\nдо пятницы", 'value="Что"', "Кто?\nЗачем?", "заметка"):
        assert text in shown
    again = re.search(r'class="address" readonly value="([^"]+)"', shown)
    assert again
    assert fields(page(app.test_client(), again[1])) == fields(shown)
    assert "collected=" not in str(client.get("/packs/draft", query_string=said).headers), (
        "a look is not a choice"
    )
    moved = client.get("/packs/draft", query_string=[*said, ("do", "up 2")])
    assert moved.status_code == 303
    parameters = parse_qsl(urlsplit(moved.location).query, keep_blank_values=True)
    assert [value for name, value in parameters if name == "item"] == ["section", two, one]
    written = client.get("/packs/draft/now/export", query_string=[*said, ("format", "json")]).json
    assert [(part["title"], [each["note"] for each in part["excerpts"]]) for part in written["sections"]] == [
        ("Что", ["заметка", ""])
    ]
    assert written["sections"][0]["excerpts"][0]["questions"] == ["Кто?", "Зачем?"]


def test_counterparts_stand_beside(app: Flask, ids: dict[str, str]) -> None:
    written = (
        app.test_client().get(f"/packs/draft/now/export?item={ids['Эмпатия']}&beside=zh&format=json").json
    )
    assert "同理心" in written["sections"][0]["excerpts"][0]["counterpart"]["text"]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/packs/draft?item=nowhere", 200),
        ("/packs/draft?item=%00&extra=a&text=b&do=up+99", 303),
        ("/packs/draft?do=down+x&item=a", 303),
        ("/packs/draft?language=fr", 400),
        ("/packs/draft?" + "&".join(["item=a"] * 1001), 400),
        ("/packs/collect?passage=nowhere", 404),
        ("/packs/draft/now/export?format=pdf", 400),
        ("/packs/draft/now/export", 400),
        ("/packs/on/nothing", 404),
        ("/packs/shared/nothing", 404),
        ("/packs/kept/nothing/export?format=docx", 404),
        ("/packs/elsewhere/x/quiz", 404),
    ],
)
def test_addresses_that_make_no_sense(app: Flask, address: str, status: int) -> None:
    answer = app.test_client().get(address, headers={"Accept-Language": "ru"})
    assert answer.status_code == status
    assert "Traceback" not in answer.text


def test_other_sites_put_nothing_into_the_tray(app: Flask, ids: dict[str, str]) -> None:
    client = app.test_client()
    address = f"/packs/collect?passage={ids['Эмпатия']}"
    assert client.get(address, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert (
        client.get(f"{address}&next=//evil.example", headers={"Sec-Fetch-Site": "same-origin"}).location
        == "/"
    )


def test_what_is_in_a_cookie_is_not_believed(app: Flask) -> None:
    client = app.test_client()
    client.set_cookie("collected", "<script>.a..b-2.ж." + ".".join(f"x{number}" for number in range(700)))
    shown = page(client, "/search?q=гость")
    found = re.search(r'data-passages="([^"]*)"', shown)
    assert found and found[1].startswith("a b-2 x0") and len(found[1].split()) < 200


def test_a_passage_lies_in_the_tray_once(app: Flask) -> None:
    client = app.test_client()
    client.set_cookie("collected", "x1.x2.x1")
    found = re.search(r'data-passages="([^"]*)"', page(client, "/search?q=гость"))
    assert found and found[1] == "x1 x2"


# --- Ready made, and the quiz --------------------------------------------------------------------


@pytest.mark.parametrize("form", EXPORTERS)
def test_a_pack_on_a_principle_in_every_format(app: Flask, form: str) -> None:
    answer = app.test_client().get(
        f"/packs/on/empathy/export?format={form}", headers={"Accept-Language": "zh-TW"}
    )
    assert answer.status_code == 200
    assert answer.mimetype == EXPORTERS[form].media_type
    assert unquote(answer.headers["Content-Disposition"]).endswith(f"摘錄集：同理心{EXPORTERS[form].suffix}")


def test_a_principle_offers_its_pack(app: Flask) -> None:
    shown = page(app.test_client(), "/principles/empathy")
    assert "/packs/on/empathy" in shown and "Подборка об этом принципе" in shown
    shown = page(app.test_client(), "/packs/on/empathy")
    assert "поставьте себя на место гостя" in shown
    draft = re.search(r'<a href="(/packs/draft\?[^"]+)"', shown)
    assert draft and "поставьте себя на место гостя" in page(app.test_client(), draft[1])


def test_the_quiz_is_a_plain_form(app: Flask, book: KnowledgeBase) -> None:
    client = app.test_client()
    questions = book.quiz(book.ready_made("empathy", "ru"))
    assert questions
    shown = page(client, "/packs/on/empathy/quiz")
    assert shown.count("<fieldset>") == len(questions)
    assert 'class="right"' not in shown, "the answers are not shown before"
    right = {question.id: question.right for question in questions}
    answer = client.get(
        "/packs/on/empathy/quiz", query_string={"answered": "1"} | right, headers={"Accept-Language": "ru"}
    )
    assert f"Верно: {len(questions)} из {len(questions)}." in answer.text
    wrong = {id: (place + 1) % 3 for id, place in right.items()}
    answer = client.get(
        "/packs/on/empathy/quiz", query_string={"answered": "1"} | wrong, headers={"Accept-Language": "ru"}
    )
    assert f"Верно: 0 из {len(questions)}." in answer.text and 'class="wrong"' in answer.text
    for odd in ("99999", "00099", "0" * 5000, "²"):
        answer = client.get("/packs/on/empathy/quiz", query_string={"answered": "1", questions[0].id: odd})
        assert answer.status_code == 200 and "checked" not in answer.text


def test_the_quiz_of_a_draft_keeps_the_draft(app: Flask, ids: dict[str, str]) -> None:
    shown = page(app.test_client(), f"/packs/draft/now/quiz?item={ids['Эмпатия']}&title=Моя")
    assert f'<input type="hidden" name="item" value="{ids["Эмпатия"]}">' in shown
    assert '<input type="hidden" name="title" value="Моя">' in shown


# --- Kept packs ----------------------------------------------------------------------------------


def test_a_trainer_keeps_changes_shares_and_withdraws(
    app: Flask, trainer: FlaskClient, ids: dict[str, str]
) -> None:
    one, two = ids["Эмпатия"], ids["Обещали"]
    trainer.get(f"/packs/collect?passage={one}")
    address = keep(trainer, f"item={one}&item={two}&title=Неделя&language=ru")
    shown = page(trainer, address)
    assert "Подборка сохранена" in shown and order(shown) == [one, two]
    assert 'data-passages=""' in shown, "the tray is empty again"
    status, shown = press(trainer, address, "down 0", title="Первая неделя", introduction="Привет")
    assert status == 200 and order(shown) == [two, one] and "Первая неделя" in shown
    status, shown = press(trainer, address, "section 1")
    assert order(shown) == [two, "section", one]
    status, shown = press(trainer, address, "beside zh")
    assert "同理心" in shown
    trainer.get(f"/packs/collect?passage={ids['同理心']}")
    status, shown = press(trainer, address, "collect")
    assert order(shown) == [two, "section", one, ids["同理心"]]
    token = csrf_of(trainer, "/account")
    shown = trainer.post(f"{address}/share", data={"csrf_token": token}, follow_redirects=True).text
    link = re.search(r'class="address" readonly value="http://localhost([^"]+)"', shown)
    assert link and "Первая неделя" in page(app.test_client(), link[1])
    assert 'class="pack-form"' not in page(app.test_client(), link[1]), "it is for reading only"
    assert app.test_client().get(f"{link[1]}/export?format=anki").status_code == 200
    trainer.post(f"{address}/withdraw", data={"csrf_token": token})
    assert app.test_client().get(link[1]).status_code == 404
    assert app.test_client().get(f"{link[1]}/export?format=docx").status_code == 404


def test_the_history_goes_back_and_forth(trainer: FlaskClient, ids: dict[str, str]) -> None:
    address = keep(trainer, f"item={ids['Эмпатия']}&title=А")
    press(trainer, address, title="Б")
    press(trainer, address, title="В")
    token = csrf_of(trainer, "/account")

    def act(verb: str, **sent: object) -> str:
        return trainer.post(
            f"{address}/{verb}", data={"csrf_token": token, **sent}, follow_redirects=True
        ).text

    assert 'name="title" value="Б"' in act("undo", version=3)
    assert 'name="title" value="А"' in act("undo", version=4)
    assert 'name="title" value="В"' in act("restore", version=5, number=3)
    assert page(trainer, f"{address}/history").count("<tr>") == 7
    assert "no change left" not in act("undo", version="x")
    for number in ("x", "", "99", "9" * 5000):
        sent = {"csrf_token": token, "version": 6, "number": number}
        assert trainer.post(f"{address}/restore", data=sent).status_code == 404
    act("delete", version=6)
    assert trainer.get(address).status_code == 404


def test_two_who_change_a_pack_at_once_see_both(
    app: Flask, trainer: FlaskClient, ids: dict[str, str]
) -> None:
    address = keep(trainer, f"item={ids['Эмпатия']}&title=Общая")
    editor = signed_in(app, "editor")
    status, _ = press(editor, address, title="Название редактора", introduction="Слова редактора")
    assert status == 200
    status, shown = press(
        trainer, address, title="Название тренера", introduction="Слова тренера", version="1"
    )
    assert status == 409
    assert "Подборка изменена с тех пор, как вы её открыли (editor)" in shown
    assert "Слова редактора" in shown and "Слова тренера" in shown
    assert 'name="version" value="2"' in shown and 'name="title" value="Название тренера"' in shown
    assert "Название редактора" in page(trainer, address), "nothing was overwritten"
    status, shown = press(trainer, address, title="Оба названия")
    assert status == 200 and "Оба названия" in shown


def test_what_changed_in_the_article_is_told(make_app: MakeApp) -> None:
    app = make_app({"cafe.md": CAFE})
    book = book_of(app)
    passages = book.article(book.articles()[0].id)[1]
    trainer = signed_in(app, "trainer")
    address = keep(trainer, "&".join(f"item={passage.id}" for passage in passages))
    edited = CAFE.replace("и поможете сейчас", "и сейчас же поможете ему").split("## Обещание")[0]
    write_files(book.settings.corpus_path, {"cafe.md": edited})
    book.index()
    shown = page(trainer, address)
    assert "С тех пор статья изменилась." in shown and "Этого отрывка в статье больше нет." in shown
    assert "что вы его поняли и поможете сейчас" in shown and "и сейчас же поможете ему" in shown
    assert "Обещали перезвонить" in shown, "what was quoted stays"
    status, shown = press(trainer, address, title="Ещё раз")
    assert "С тех пор статья изменилась." in shown, "saving quotes nothing anew by itself"
    status, shown = press(trainer, address, f"renew {passages[0].id}")
    assert status == 200 and "С тех пор статья изменилась." not in shown
    assert "и сейчас же поможете ему" in shown and "и поможете сейчас" not in shown


def test_a_pack_is_its_owners_and_editors(
    app: Flask, trainer: FlaskClient, ids: dict[str, str], book: KnowledgeBase
) -> None:
    address = keep(trainer, f"item={ids['Эмпатия']}&title=Своя")
    book.accounts.add("other", Role.TRAINER, PASSWORD)
    other = signed_in(app, "other")
    for where in (address, f"{address}/history", f"{address}/export?format=json", f"{address}/quiz"):
        assert other.get(where).status_code == 404, where
        assert signed_in(app, "editor").get(where).status_code == 200, where
    assert "Своя" not in page(other, "/packs/") and "Своя" in page(trainer, "/packs/")
    token = csrf_of(other, "/account")
    for verb in ("share", "undo", "delete"):
        assert other.post(f"{address}/{verb}", data={"csrf_token": token, "version": "1"}).status_code == 404
    copied = signed_in(app, "editor")
    token = csrf_of(copied, "/account")
    kind, id = address.split("/")[-2:]
    assert copied.post(f"/packs/keep/{kind}/{id}", data={"csrf_token": token}).location != address


def test_nothing_in_a_pack_is_run_as_markup(trainer: FlaskClient, ids: dict[str, str]) -> None:
    evil = "<script>alert(1)</script>"
    address = keep(
        trainer,
        f"item=section&item={ids['Эмпатия']}&extra={evil}&extra={evil}&text={evil}&text={evil}&title={evil}&introduction={evil}",
    )
    raw = trainer.get(address).text
    assert evil not in raw and "&lt;script&gt;" in raw
    assert evil.encode() not in trainer.get(f"{address}/export?format=html").data


# --- The form ------------------------------------------------------------------------------------

ROWS = (Row("section", "Что", "вот"), Row("a", "Кто?", "заметка"), Row("b"), Row("c"))


@pytest.mark.parametrize(
    ("press", "order"),
    [
        ("up 2", "section b a c"),
        ("up 0", "section a b c"),
        ("down 1", "section b a c"),
        ("down 3", "section a b c"),
        ("remove 0", "a b c"),
        ("section 2", "section a section b c"),
        ("up 9", "section a b c"),
        ("up -1", "section a b c"),
        ("up 1١", "section a b c"),
        ("save", "section a b c"),
        ("", "section a b c"),
    ],
)
def test_arranging(press: str, order: str) -> None:
    assert " ".join(row.item for row in PackForm(rows=ROWS).arranged(press).rows) == order


def test_a_form_and_its_address_and_its_pack_say_the_same(book: KnowledgeBase, ids: dict[str, str]) -> None:
    form = PackForm("Т", "В", "zh-Hant", "zh", ROWS)
    sent = MultiDict(
        [
            (key, one)
            for key, value in form.parameters().items()
            for one in (value if isinstance(value, list) else [value])
        ]
    )
    assert PackForm.of(sent, "ru") == form
    rows = (Row("section", "Что", "вот"), Row(ids["Эмпатия"], "Кто?\nЗачем?", "заметка"), Row(ids["Обещали"]))
    form = PackForm("Т", "В", "ru", rows=rows)
    pack, lost = assemble(form.outline(), {}, book.excerpt)
    assert (PackForm.of_pack(pack), list(lost)) == (form, [])
    assert PackForm.of_pack(Pack("x", (PackSection("", "", pack.excerpts),))).rows == rows[1:]
    _, lost = assemble(PackForm(rows=(Row("nowhere"),)).outline(), {}, book.excerpt)
    assert list(lost) == ["nowhere"]


def test_json_of_a_kept_pack_is_whole(trainer: FlaskClient, ids: dict[str, str]) -> None:
    address = keep(trainer, f"item={ids['Эмпатия']}&title=Целая")
    written = json.loads(trainer.get(f"{address}/export?format=json").data)
    assert written["id"] == address.split("/")[-1] and written["author"] == "trainer"
