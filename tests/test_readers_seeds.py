"""The four real articles of the main job, outside the repository: each must read well.

Nothing of their text is written here but a few words to recognise a place by.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from kb.models import Article, BlockKind, Section
from kb.readers import Reading, find, read

SEEDS = Path(__file__).parents[2] / "shared" / "seeds"

pytestmark = pytest.mark.skipif(not SEEDS.is_dir(), reason=f"the real articles are not at {SEEDS}")


def reading(number: int) -> Reading:
    (path,) = SEEDS.glob(f"{number:03}_*.txt")
    return read(path, path.name)


def article(number: int, version: int = 0) -> Article:
    return reading(number).articles[version]


def headings(article: Article) -> list[str]:
    """The headings, indented by level, each cut after some words."""
    return [f"{'  ' * (s.level - 1)}{s.heading[:24].strip()}" for s in article.sections if s.heading]


def text_of(article: Article) -> str:
    blocks = [block.text for section in article.sections for block in section.blocks]
    return "\n".join([article.title, *(section.heading for section in article.sections), *blocks])


def kinds(article: Article) -> Counter[BlockKind]:
    return Counter(block.kind for section in article.sections for block in section.blocks)


def section(article: Article, heading: str) -> Section:
    (found,) = [section for section in article.sections if section.heading.startswith(heading)]
    return found


def notices(number: int) -> list[tuple[int | None, str]]:
    return [(problem.line, problem.code) for problem in reading(number).problems]


ALL = [(0, 0), (1, 0), (1, 1), (2, 0), (3, 0)]


def test_five_articles_are_read() -> None:
    readings = [read(path) for path in find(SEEDS) if isinstance(path, Path)]
    assert [len(found.articles) for found in readings] == [1, 2, 1, 1]
    assert {problem.severity for found in readings for problem in found.problems} == {"warning", "notice"}


@pytest.mark.parametrize(("number", "version"), ALL)
def test_lines_are_true(number: int, version: int) -> None:
    (path,) = SEEDS.glob(f"{number:03}_*.txt")
    lines = path.read_text(encoding="utf-8").split("\n")
    for section in article(number, version).sections:
        if section.line:
            assert section.heading.split()[0] in lines[section.line - 1]
        for block in section.blocks:
            assert block.line is not None
            assert block.text[:8] in lines[block.line - 1].replace("*", "")


@pytest.mark.parametrize(("number", "version"), ALL)
def test_no_markup_is_left(number: int, version: int) -> None:
    text = text_of(article(number, version))
    assert not any(
        mark in text for mark in ("**", "](", "<a ", "<<<<", ">>>>", "====", "# ", ">-", "[", "  ")
    )


@pytest.mark.parametrize(("number", "version"), ALL)
def test_what_is_not_the_article_is_left_out(number: int, version: int) -> None:
    text = text_of(article(number, version)).lower()
    for words in (
        "читайте также", "лучшие статьи", "рассылк", "[кнопка", "[форма", "скачайте", "свяжитесь",
        "консультаци", "официальном сайте", "узнайте больше", "отличное решение",
        "доверительное управление", "хотите, чтобы", "если вы хотите", "готовых специалистов",
        "консьерж-сервис", "команда butlerspb готова", "команда топ20", "免责声明", "企业微信", "扫码",
        "匹配老师", "课程", "填写信息", "lifang", "2025-05-20", "网友",
    ):  # fmt: skip
        assert words not in text, words


# --- 000: YAML front matter ---------------------------------------------------------------------


def test_000_metadata() -> None:
    found = article(0)
    assert found.title.startswith("Не останавливаясь")
    assert found.title.endswith("наш сервис")
    assert found.author == "Эксперт ButlerSPB"
    assert found.publisher == "Блог ButlerSPB"
    assert found.published == date(2025, 7, 22)
    assert found.url.startswith("https://butlerspb-blog.")
    assert found.url.endswith("/postoyannoe-sovershenstvovanie-servisa/")
    assert found.summary.startswith("В ButlerSPB мы убеждены")
    assert (found.version, found.language) == ("", "und")


def test_000_outline() -> None:
    assert headings(article(0)) == [
        "Постоянное совершенствов",
        "Почему постоянное соверш",
        "Четыре шага к совершенст",
        "  Шаг 1: Plan (Планируй) —",
        "  Шаг 2: Do (Делай) — Внед",
        "  Шаг 3: Check (Проверяй)",
        "  Шаг 4: Act (Действуй) —",
        "От теории к практике: Кл",
        "  1. Культура обратной свя",
        "  2. Персонал — ваше главн",
        "  3. Сила персонализации:",
        "Наш подход в действии: К",
        "Ваш путь к легендарному",
    ]


def test_000_blocks() -> None:
    found = article(0)
    assert kinds(found) == {BlockKind.PARAGRAPH: 13, BlockKind.LIST_ITEM: 17}
    assert found.sections[0].blocks[0].text.startswith("Вспомните последний раз")
    assert found.sections[-1].blocks[-1].text.endswith("«незаменимым».")
    assert text_of(found).count("Пример ButlerSPB:") == 4
    lead = section(found, "2. Персонал").blocks[1]
    assert (lead.kind, lead.marker, lead.depth, lead.line) == (BlockKind.LIST_ITEM, "•", 0, 104)
    assert "«геном гостеприимства»" in lead.text


def test_000_notices() -> None:
    assert notices(0) == [
        (126, "left-out-advert"),
        (126, "left-out-form"),
        (128, "left-out-advert"),
        (130, "left-out-advert"),
        (132, "left-out-read-also"),
    ]


# --- 001: a merge conflict with two whole versions ----------------------------------------------


def test_001_metadata() -> None:
    ours, theirs = reading(1).articles
    assert (ours.version, theirs.version) == ("Updated upstream", "Stashed changes")
    assert ours.title == "Сервисный подход: ключ к успеху ButlerSPB"
    assert theirs.title == "Сервисный подход: как мы работаем в ButlerSPB"
    assert "клиентский опыт" in ours.keywords and "клиентский опыт" not in theirs.keywords
    for found in (ours, theirs):
        assert found.author == "Эксперт ButlerSPB"
        assert found.publisher == "Блог ButlerSPB"
        assert found.published == date(2025, 7, 25)
        assert found.url == "https://butlerspb-blog.netlify.app/blog/servisnyy-podhod/"
        assert len(found.keywords) == 6


def test_001_outline_of_ours() -> None:
    assert headings(article(1, 0)) == [
        "Забудьте о клиентоориент",
        "Что такое сервисный подх",
        "  Определение: от реакции",
        "  Ключевое отличие от клие",
        "Ключевые принципы сервис",
        "  1. Системность и стандар",
        "  2. Первая точка контакта",
        "  3. «Внутренний клиент»",
        "  4. Эмоциональный интелле",
        "  5. Персонализация",
        "Как внедрить сервисный п",
        "  Шаг 1. Аудит текущей сит",
        "  Шаг 2. Разработка страте",
        "  Шаг 3. Подбор и обучение",
        "  Шаг 4. Внедрение техноло",
        "  Шаг 5. Контроль и постоя",
        "Частые ошибки на пути к",
        "Сервисный подход — это н",
        "  Заключение",
    ]
    assert section(article(1, 0), "Определение").heading == "Определение: от реакции к проактивности"


def test_001_outline_of_theirs() -> None:
    assert headings(article(1, 1)) == [
        "Сервисный подход: Полное",
        "Что такое сервисный подх",
        "Почему сервисный подход",
        "5 ключевых принципов без",
        "  1. Эмпатия и предвосхище",
        "  2. Персонализация на каж",
        "  3. Стабильность и послед",
        "  4. Ответственность и реш",
        "  5. Создание эмоционально",
        "Пошаговый план: Как внед",
        "  Шаг 1. Аудит текущей сит",
        "  Шаг 2. Разработка станда",
        "  Шаг 3. Обучение и мотива",
        "  Шаг 4. Внедрение правиль",
        "  Шаг 5. Измерение, анализ",
        "Частые ошибки на пути к",
        "Заключение",
    ]


def test_001_blocks() -> None:
    ours, theirs = reading(1).articles
    assert kinds(ours) == {BlockKind.PARAGRAPH: 25, BlockKind.LIST_ITEM: 15, BlockKind.QUOTE: 1}
    assert kinds(theirs) == {BlockKind.PARAGRAPH: 26, BlockKind.LIST_ITEM: 8, BlockKind.QUOTE: 1}
    assert ours.sections[0].blocks[0].text.startswith("Почему в одни кофейни")
    assert ours.sections[-1].blocks[-1].text == "Начните трансформацию вашего сервиса уже сегодня."
    assert theirs.sections[-1].blocks[-1].text.endswith("системного подхода.")
    assert text_of(theirs).count("Пример ButlerSPB:") == 5


def test_001_lead_ins_are_paragraphs_before_their_lists() -> None:
    blocks = section(article(1, 0), "Ключевое отличие").blocks
    assert [block.kind.value for block in blocks] == ["paragraph"] * 2 + ["list-item"] * 3 + ["paragraph"] + [
        "list-item"
    ] * 3
    assert [blocks[1].text, blocks[5].text] == ["Клиентоориентированность:", "Сервисный подход:"]


def test_001_only_the_advertisement_is_cut_out_of_a_paragraph() -> None:
    taught = section(article(1, 0), "Шаг 3").blocks[1].text
    assert taught.startswith("Именно здесь многие компании")
    assert taught.endswith("аутсорсинга ресепшн.")
    example = section(article(1, 1), "4. Ответственность").blocks[-1].text
    assert example.endswith("готовый ответ.")


def test_001_each_marker_is_reported() -> None:
    markers = [line for line, code in notices(1) if code == "merge-conflict"]
    assert markers == [2, 109, 214, 220, 224, 228]


def test_001_notices() -> None:
    assert [found for found in notices(1) if found[1] != "merge-conflict"] == [
        (21, "left-out-advert"),
        (77, "left-out-advert"),
        (106, "left-out-advert"),
        (108, "left-out-advert"),
        (165, "left-out-advert"),
        (208, "left-out-advert"),
        (208, "left-out-form"),
        (212, "left-out-advert"),
        (212, "left-out-form"),
        (218, "left-out-read-also"),
    ]


# --- 002: plain text in Russian -----------------------------------------------------------------


def test_002() -> None:
    found = article(2)
    assert (found.title, found.author) == ("Стандарты сервиса", "Команда ТОП20")
    assert found.summary.startswith("Статья сравнивает")
    assert headings(found) == [
        "Подготовка к созданию ст",
        "Прописание стандартов и",
        "Инструменты мониторинга",
        "Тайный покупатель",
        "Социальные сети",
    ]
    assert kinds(found) == {BlockKind.PARAGRAPH: 5, BlockKind.LIST_ITEM: 16}
    assert [block.marker for block in found.sections[0].blocks] == ["", "1.", "2.", "3.", "4.", "5.", ""]
    assert found.sections[0].blocks[0].text.startswith("Создание стандартов сервиса")
    assert found.sections[-1].blocks[-1].text.endswith("с клиентами онлайн.")
    assert notices(2) == [(53, "left-out-read-also")]


def test_002_a_lead_in_stands_before_its_list() -> None:
    blocks = section(article(2), "Подготовка").blocks
    assert [block.kind.value for block in blocks] == ["paragraph"] * 3 + ["list-item"] * 3
    assert blocks[2].text == "Основные Блоки Стандартов Сервиса:"


# --- 003: plain text in Chinese -----------------------------------------------------------------


def test_003() -> None:
    found = article(3)
    assert (found.title, found.published, found.author) == ("服务标准优化", date(2025, 5, 20), "")
    assert headings(found) == [
        "一、服务标准优化的背景与意义",
        "二、服务标准优化的核心要素",
        "  1. 客户需求分析",
        "  2. 服务质量标准",
        "  3. 服务流程优化",
        "  4. 持续改进机制",
        "三、服务标准优化的方法与案例",
        "  1. 客户反馈收集与分析",
        "  2. 数据分析与监控",
        "  3. 标杆学习",
        "  4. 实施试点项目",
        "  案例分析",
        "四、服务标准优化的挑战与应对",
        "  1. 内部抵抗",
        "  2. 客户期望的快速变化",
        "  3. 资源配置不足",
        "五、未来发展趋势",
        "  1. 智能化服务",
        "  2. 客户参与机制",
        "  3. 持续改进文化",
        "总结",
    ]
    assert kinds(found) == {BlockKind.PARAGRAPH: 23, BlockKind.LIST_ITEM: 13}
    assert [block.text[:3] for block in section(found, "2. 服务质量").blocks[1:]] == [
        "有形度", "可靠性", "响应性", "保证性", "移情性",
    ]  # fmt: skip
    assert found.sections[0].blocks[0].text.startswith("服务标准优化是指")
    assert found.sections[-1].blocks[-1].text.endswith("客户的整体体验。")


def test_003_notices() -> None:
    assert notices(3) == [
        (10, "left-out-advert"),
        (116, "left-out-disclaimer"),
        (118, "left-out-advert"),
        (120, "left-out-advert"),
        (121, "left-out-advert"),
        (122, "left-out-advert"),
        (124, "left-out-advert"),
    ]
