"""The words around the excerpts of a pack, in the four languages of the interface."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `locale` is Babel's name of it; `after_author` to `stop` are its punctuation."""

    tag: str
    locale: str
    untitled: str
    contents: str
    sources: str
    source: str
    note: str
    questions: str
    principles: str
    licence: str
    quoted_on: str
    section: str
    excerpt: str
    heading: str
    author: str
    published: str
    link: str
    continued: str
    answer: str
    unanswered: str
    by: str
    after_author: str
    between: str
    colon: str
    comma: str
    stop: str
    language: str
    article: str
    quoted: str
    version: str
    passage: str

    def date(self, day: date) -> str:
        """A day as people write it: 6 апреля 2026 г., 2026年4月6日."""
        from babel.dates import format_date

        return format_date(day, "long", self.locale)


RUSSIAN = Words(
    tag="ru",
    locale="ru",
    untitled="Подборка отрывков",
    contents="Содержание",
    sources="Источники",
    source="Источник",
    note="Заметка",
    questions="Вопросы",
    principles="Принципы",
    licence="Лицензия",
    quoted_on="Процитировано {date}, версия {version}",
    section="Раздел",
    excerpt="Отрывок",
    heading="Заголовок",
    author="Автор",
    published="Дата",
    link="Ссылка",
    continued="{title} ({part} из {parts})",
    answer="Ответ",
    unanswered="О чём говорит этот отрывок? Перескажите его своими словами.",
    by="Составитель: {author}",
    after_author=". ",
    between=". ",
    colon=": ",
    comma=", ",
    stop=".",
    language="Язык",
    article="Статья",
    quoted="Процитировано",
    version="Версия",
    passage="Код отрывка",
)
SIMPLIFIED = Words(
    tag="zh-Hans",
    locale="zh_Hans",
    untitled="摘录集",
    contents="目录",
    sources="来源",
    source="来源",
    note="备注",
    questions="思考题",
    principles="原则",
    licence="许可协议",
    quoted_on="摘录于{date}，版本 {version}",
    section="章节",
    excerpt="摘录",
    heading="标题",
    author="作者",
    published="日期",
    link="链接",
    continued="{title}（{part}/{parts}）",
    answer="答案",
    unanswered="这段话讲的是什么？请用自己的话复述。",
    by="编者：{author}",
    after_author="：",
    between="，",
    colon="：",
    comma="、",
    stop="。",
    language="语言",
    article="文章",
    quoted="摘录日期",
    version="版本",
    passage="段落编号",
)
TRADITIONAL = Words(
    tag="zh-Hant",
    locale="zh_Hant",
    untitled="摘錄集",
    contents="目錄",
    sources="來源",
    source="來源",
    note="備註",
    questions="思考題",
    principles="原則",
    licence="授權條款",
    quoted_on="摘錄於{date}，版本 {version}",
    section="章節",
    excerpt="摘錄",
    heading="標題",
    author="作者",
    published="日期",
    link="連結",
    continued="{title}（{part}/{parts}）",
    answer="答案",
    unanswered="這段話講的是什麼？請用自己的話複述。",
    by="編者：{author}",
    after_author="：",
    between="，",
    colon="：",
    comma="、",
    stop="。",
    language="語言",
    article="文章",
    quoted="摘錄日期",
    version="版本",
    passage="段落編號",
)
ENGLISH = Words(
    tag="en",
    locale="en_GB",
    untitled="A pack of excerpts",
    contents="Contents",
    sources="Sources",
    source="Source",
    note="Note",
    questions="Questions",
    principles="Principles",
    licence="Licence",
    quoted_on="Quoted {date}, version {version}",
    section="Section",
    excerpt="Excerpt",
    heading="Heading",
    author="Author",
    published="Published",
    link="Link",
    continued="{title} ({part} of {parts})",
    answer="Answer",
    unanswered="What does this passage say? Put it in your own words.",
    by="Compiled by {author}",
    after_author=". ",
    between=". ",
    colon=": ",
    comma=", ",
    stop=".",
    language="Language",
    article="Article",
    quoted="Quoted",
    version="Version",
    passage="Passage id",
)

WORDS: dict[str, Words] = {words.tag: words for words in (RUSSIAN, SIMPLIFIED, TRADITIONAL, ENGLISH)}
