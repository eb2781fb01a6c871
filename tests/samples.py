"""Small articles that many tests index, and all that can be seen of an index."""

from __future__ import annotations

GIFT = "# Жалоба как подарок\n\nГость жалуется, и мы благодарим.\n\nШаг второй: исправить.\n"
QUEUE = "# Очередь\n\nЛюди ждут у стойки и жалуются.\n"
SERVICE = "# 服务标准\n\n客户投诉是礼物。\n\n员工培训。\n"
CONFLICT = """# Сервис

<<<<<<< HEAD
Первый вариант текста для всех гостей.
=======
Второй вариант текста для всех гостей.
>>>>>>> branch
"""
QUERIES = (
    "жалоба",
    "гость жалуется",
    "服务",
    "投诉 礼物",
    '"客户投诉"',
    "жалоба OR 培训",
    "благодарить -очередь",
    "",
)


def answers(book, queries=QUERIES):
    """All that can be seen of an index: articles, passages, and every query with all that is in its
    answer but the time."""
    articles = [book.article(article.id) for article in book.articles()]
    found = []
    for text in queries:
        results = book.search(text, limit=1000, explain=True)
        hits = [
            (h.passage, h.article, round(h.score, 6), h.highlights, h.extract, h.via, h.more)
            for h in results.hits
        ]
        found.append((results.total, hits, results.facets, results.interpreted))
    return articles, found
