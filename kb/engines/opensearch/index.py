"""How an index is laid out in the cluster, and which of its documents belong to a commit.

`name` is an alias of the index that searches read, `name.0a1b…`. It holds a document for each passage,
with parents: one for its section and one for its article, which lend it their scores; one for each source
file; and `commit`. All documents of an article are on one shard.

**Commits.** A writer has a turn, a number that rises, and marks with it what it puts. Documents are
never changed: an article that is put again gets new ones, its `version`, and the commit lists the versions
that are dead from then on. So what a commit holds is fixed, whatever is being written:

    born ≤ generation, not born in a turn that came to nothing, version not dead

The last step of a write is to replace `commit` if nobody else did, and of a new index to switch the alias.
"""

from __future__ import annotations

import re
import secrets
from contextlib import suppress

import msgspec

from kb.engines.opensearch.cluster import Address, Cluster, IndexGone, Json
from kb.errors import EngineError, EngineUnavailable, IndexDamaged
from kb.models import TermKind

# Raised when the layout changes; an index of another format is rebuilt beside the old one.
FORMAT = 3
# Between a term and how often it stands in a text.
TIMES = "\x1f"
# The longest term that the cluster indexes is 32,766 bytes; a word of a tenth of that finds nothing.
LONGEST_TERM = 3000
# The kinds of terms that can be listed, and the field of each.
LISTED = {TermKind.FORM: "forms", TermKind.WORD: "words"}
# The fields of the terms of texts.
TEXTS = ("text", "headings", "section_text", "article_text", "title")
# What has texts. A section and an article lend theirs to passages.
PLACES = ("passage", "section", "article")
# The lengths of a document's texts in words: of that of a passage, section or article; of a passage's
# headings or an article's title.
NO_LENGTHS = {"text_length": 0, "heading_length": 0}


def often(field: str) -> str:
    """The field of the terms that stand more than once in a text."""
    return f"{field}_often"


# What terms stand in a text: a query scores its boost where one does.
_TERMS = {
    "type": "text",
    "analyzer": "keyword",
    "similarity": "boolean",
    "norms": False,
    "index_options": "docs",
}
# Those of them that stand there more than once: a query scores how often.
_OFTEN = {
    "type": "text",
    "analyzer": "often",
    "similarity": "times",
    "norms": False,
    "index_options": "freqs",
}
_KEYWORD = {"type": "keyword", "ignore_above": LONGEST_TERM}
_ID = {"type": "keyword", "doc_values": False}
_NUMBER = {"type": "integer", "index": False}
_UNSEEN = {"type": "object", "enabled": False}

MAPPINGS: Json = {
    "dynamic": "strict",
    "_source": {"includes": ["record", "table", "format", "commit", "versions"]},
    "properties": {
        # Of every document.
        "type": {"type": "keyword"},  # passage, section, article, file, dead
        "born": {"type": "integer"},
        "version": {"type": "keyword"},
        "key": _ID,  # of an article or file, the same in all its versions
        "record": _UNSEEN,
        # Of passages, their sections and their articles: what they are found by.
        "place": {"type": "join", "relations": {"article": "section", "section": "passage"}},
        **dict.fromkeys(TEXTS, _TERMS),
        **{often(name): _OFTEN for name in TEXTS},
        "first_title": _TERMS,  # the title that leads to an article's first passage
        # Of every document: in columns without gaps Lucene need not look for the place of a value.
        **dict.fromkeys(NO_LENGTHS, _NUMBER),
        # Of passages.
        "number": {"type": "integer"},
        "article": {"type": "keyword"},
        "position": {"type": "integer"},
        "language": {"type": "keyword"},
        "published": {"type": "integer"},
        "principle": {"type": "keyword"},
        "anchor": _ID,
        **dict.fromkeys(LISTED.values(), _KEYWORD),
        # Of articles: the columns of its passages (`kb.engines.opensearch.columns`).
        "table": _UNSEEN,
        # Of the commit and its list of the dead.
        "format": _NUMBER,
        "commit": _UNSEEN,
        "versions": {"type": "keyword", "index": False, "doc_values": False},
    },
}

_ANALYSIS = {
    # Terms come finished: «wжалоба␟3» stands there three times.
    "filter": {"times": {"type": "delimited_term_freq", "delimiter": TIMES}},
    "analyzer": {"often": {"type": "custom", "tokenizer": "keyword", "filter": ["times"]}},
}
_SIMILARITY = {"times": {"type": "scripted", "script": {"source": "return query.boost * doc.freq;"}}}


class DocumentLost(IndexDamaged):
    """A document of a commit is not there: when there is a newer commit, it was cleaned away."""

    def __init__(self, address: Address, document: str) -> None:
        super().__init__(f"The index {address} has lost “{document}”. Run `kb index`, which makes it anew.")


class Commit(msgspec.Struct, frozen=True):
    """What the index holds at one moment: which documents, and the figures that the ranking needs.

    `gaps` are turns that came to nothing, `dead` counts the versions that are dead but still there,
    `numbers` is the first number that no passage had yet; `at` is in seconds since 1970.
    """

    generation: int = 0
    gaps: tuple[int, ...] = ()
    dead: int = 0
    numbers: int = 0
    at: float = 0.0
    passages: int = 0
    sections: int = 0
    articles: int = 0  # that have passages
    text_words: int = 0
    heading_words: int = 0
    section_words: int = 0
    article_words: int = 0
    title_words: int = 0


class Opened(msgspec.Struct, frozen=True):
    """A commit where it was found: in which index, and what replaces it only if nobody else has."""

    index: str
    commit: Commit
    revision: tuple[int, int]

    @property
    def moment(self) -> tuple[str, int]:
        """What tells this commit from all others."""
        return self.index, self.commit.generation


def read(cluster: Cluster) -> Opened | None:
    """The newest commit, or None when nothing was ever written under this name.

    Raises `IndexDamaged` when the index is not of this format.
    """
    try:
        found = cluster.find(f"/{cluster.address.name}/_doc/commit")
    except IndexGone:
        return None
    if found is None:
        raise IndexDamaged(
            f"The index {cluster.address} has lost its commit. Run `kb index`, which makes it anew."
        )
    if (made := found["_source"].get("format")) != FORMAT:
        raise IndexDamaged(
            f"The index {cluster.address} is of format {made}, and this version reads format {FORMAT}."
            " Run `kb index`, which makes a new one beside it."
        )
    commit = msgspec.convert(found["_source"]["commit"], Commit)
    return Opened(found["_index"], commit, (found["_seq_no"], found["_primary_term"]))


def create(cluster: Cluster) -> str:
    """Make a new, empty index, which nobody reads yet; returns its name."""
    name = f"{cluster.address.name}.{secrets.token_hex(6)}"
    settings = {
        "number_of_shards": cluster.options.shards,
        "number_of_replicas": cluster.options.replicas,
        "refresh_interval": "-1",  # a commit refreshes
        "max_terms_count": 1_000_000,  # of the dead, after all articles were put again
        "analysis": _ANALYSIS,
        "similarity": _SIMILARITY,
    }
    body = {"settings": settings, "mappings": MAPPINGS}
    # Copies that are not there yet are of no help when a node goes away.
    nodes = cluster.ask("GET", "/_cluster/health")["number_of_data_nodes"]
    copies = max(1, min(nodes, 1 + cluster.options.replicas))
    cluster.ask("PUT", f"/{name}", body, slow=True, wait_for_active_shards=copies, timeout="30s")
    return name


def shards(cluster: Cluster, index: str) -> int:
    """How many shards an index has."""
    return int(_settings(cluster, index)["number_of_shards"])


def replicate(cluster: Cluster, index: str) -> None:
    """Give an index as many replicas as the settings ask for."""
    wanted = cluster.options.replicas
    if int(_settings(cluster, index)["number_of_replicas"]) != wanted:
        cluster.ask("PUT", f"/{index}/_settings", {"index": {"number_of_replicas": wanted}}, slow=True)


def _settings(cluster: Cluster, index: str) -> Json:
    found: Json = cluster.ask("GET", f"/{index}/_settings")[index]["settings"]["index"]
    return found


def switch(cluster: Cluster, index: str) -> None:
    """Let searches read an index from now on."""
    name = cluster.address.name
    actions: list[Json] = [{"add": {"index": index, "alias": name}}]
    actions += [{"remove": {"index": other, "alias": name}} for other in targets(cluster) if other != index]
    cluster.ask("POST", "/_aliases", {"actions": actions}, slow=True)


def merge(cluster: Cluster, index: str) -> None:
    """Make one segment of each shard of a new index: a search looks each of its terms up in every
    segment, which costs most of it. Nothing is wrong without it."""
    with suppress(EngineError):
        cluster.ask("POST", f"/{index}/_forcemerge", slow=True, max_num_segments=1)


def targets(cluster: Cluster) -> list[str]:
    """The indexes that the alias leads to: one, or none."""
    path = f"/_alias/{cluster.address.name}"
    return sorted(cluster.ask("GET", path)) if cluster.exists(path) else []


def sweep(cluster: Cluster) -> None:
    """Delete the indexes of this name that nobody reads: replaced ones, and those of writers that died."""
    kept = targets(cluster)
    pattern = re.compile(re.escape(cluster.address.name) + r"\.[0-9a-f]{12}")
    for index in cluster.ask("GET", f"/{cluster.address.name}.*/_alias"):
        if pattern.fullmatch(index) and index not in kept:
            cluster.ask("DELETE", f"/{index}", slow=True, ignore_unavailable="true")


def refresh(cluster: Cluster, index: str) -> None:
    """Let all shards find what was written."""
    answer = cluster.ask("POST", f"/{index}/_refresh", slow=True)["_shards"]
    if answer["failed"] or not answer["successful"]:
        raise EngineUnavailable(
            f"Shards of {cluster.address} are not well now; nothing of this write is seen."
        )
    # A deleted index is made again by the next document, with a layout that the cluster guesses.
    mappings = cluster.ask("GET", f"/{index}/_mapping")[index]["mappings"]
    if mappings.get("dynamic") != MAPPINGS["dynamic"]:
        cluster.ask("DELETE", f"/{index}", slow=True)
        raise IndexGone(cluster.address)


def live(opened: Opened) -> Json:
    """A filter for the documents of a commit."""
    commit = opened.commit
    excluded: list[Json] = []
    if commit.gaps:
        excluded.append({"terms": {"born": commit.gaps}})
    if commit.dead:
        looked_up = {"index": opened.index, "id": dead_id(commit.generation), "path": "versions"}
        excluded.append({"terms": {"version": looked_up}})
    return {"bool": {"filter": [{"range": {"born": {"lte": commit.generation}}}], "must_not": excluded}}


def dead(cluster: Cluster, opened: Opened) -> list[str]:
    """The versions that are dead in a commit and still there."""
    if not opened.commit.dead:
        return []
    path = f"/{opened.index}/_doc/{dead_id(opened.commit.generation)}"
    if not (found := cluster.find(path)):
        raise DocumentLost(cluster.address, path)
    return list(found["_source"]["versions"])


def dead_id(generation: int) -> str:
    """The id of the document that lists the dead of a commit."""
    return f"dead-{generation}"


def of_type(opened: Opened, kind: str, *filters: Json) -> Json:
    """A query for the documents of a commit that are of a kind and pass some filters."""
    return {"bool": {"filter": [{"term": {"type": kind}}, live(opened), *filters]}}


def measured(cluster: Cluster, opened: Opened) -> Commit:
    """The commit with the figures that the cluster counts for it."""
    sums = {length: {"sum": {"field": length}} for length in NO_LENGTHS}
    texts = {place: {"filter": {"term": {"place": place}}, "aggs": sums} for place in PLACES}
    body = {"size": 0, "query": live(opened), "aggs": texts}
    found = cluster.search(opened.index, body, slow=True)["aggregations"]
    return msgspec.structs.replace(
        opened.commit,
        passages=found["passage"]["doc_count"],
        sections=found["section"]["doc_count"],
        articles=found["article"]["doc_count"],
        text_words=round(found["passage"]["text_length"]["value"]),
        heading_words=round(found["passage"]["heading_length"]["value"]),
        section_words=round(found["section"]["text_length"]["value"]),
        article_words=round(found["article"]["text_length"]["value"]),
        title_words=round(found["article"]["heading_length"]["value"]),
    )
