"""Reading SKOS: our own scheme, foreign ones, broken ones; the cache; exports."""

from __future__ import annotations

import csv
import io
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier
from time import sleep

import pytest
from rdflib import Graph

from kb.errors import InvalidRequest, VocabularyError
from kb.principles import Tagger, Vocabulary
from kb.principles.cache import CacheFolder, Wanted
from kb.principles.vocabulary import PRINCIPLES

IDS = [
    *("empathy", "anticipation", "personalisation", "emotional-connection", "active-listening", "welcome"),
    *("reliability", "consistency", "responsiveness", "assurance", "tangibles", "first-contact"),
    *("ownership", "empowerment", "service-recovery", "recruitment", "training", "motivation"),
    *("internal-customer", "standards", "process-design", "customer-feedback", "measurement"),
    *("continuous-improvement", "technology", "customer-needs", "loyalty"),
]

# A scheme as somebody else might write it: no notations, some languages only, labels with and without
# tags, relations stated in one direction, and a second scheme that its matches point to.
LIBRARY = """
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix v: <https://library.example/values#> .
@prefix ala: <https://ala.example/values/> .

<https://library.example/values> a skos:ConceptScheme ; dct:title "Library values"@en-GB .
<https://ala.example/values> a skos:ConceptScheme ; dct:title "Core values" .

v:quiet a skos:Concept ;
    skos:inScheme <https://library.example/values> ;
    skos:prefLabel "quiet reading room"@en , "тихий зал"@ru , "安靜閱覽室"@zh-Hant , "安静阅览室"@zh-Hans ;
    skos:altLabel "silence" , "тишина" , "Stille"@de ;
    skos:broader v:space ;
    skos:closeMatch ala:comfort .

v:space skos:inScheme <https://library.example/values> ; skos:prefLabel "space"@en .
v:lending a skos:Concept ; skos:prefLabel "выдача книг"@ru ; skos:related v:space , v:nowhere .
ala:comfort a skos:Concept ; skos:inScheme <https://ala.example/values> ; skos:prefLabel "comfort"@en .
"""


def written(folder: Path, text: str, name: str = "scheme.ttl") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory, vocabulary_cache: Path) -> Path:
    """A cache folder that spares each test parsing the trade terms."""
    return Path(shutil.copytree(vocabulary_cache, tmp_path_factory.mktemp("cache"), dirs_exist_ok=True))


@pytest.fixture
def library(tmp_path: Path, warm: Path) -> Vocabulary:
    return Vocabulary.load(written(tmp_path, LIBRARY), warm)


# --- Ours ----------------------------------------------------------------------------------------


def test_it_has_the_principles_of_the_contract_and_groups_that_do_not_tag(vocabulary):
    principles = vocabulary.principles
    assert {id for id, principle in principles.items() if not principle.grouping} == set(IDS)
    assert all(principles[id].broader for id in IDS)


@pytest.mark.parametrize("id", IDS)
def test_each_principle_is_complete_in_three_languages(vocabulary, id):
    principle = vocabulary.principles[id]
    for texts in (principle.pref_labels, principle.definitions, principle.scope_notes, principle.examples):
        assert {"ru", "zh", "en"} <= texts.keys()
    for labels in (principle.alt_labels, principle.hidden_labels):
        assert {"ru", "zh", "en"} <= labels.keys()


def test_it_has_enough_terms_of_the_trade(vocabulary):
    terms = vocabulary.terms
    assert len(terms) >= 500
    for term in terms.values():
        assert {"ru", "zh", "en"} <= term.pref_labels.keys() & term.definitions.keys(), term.id
        assert all(term.alt_labels.get(language) for language in ("ru", "zh")), term.id


def test_concepts_come_in_the_files_order(vocabulary):
    ids = list(vocabulary.principles)
    text = PRINCIPLES.read_text(encoding="utf-8")
    assert ids == sorted(ids, key=lambda id: text.index(f"\np:{id} a skos:Concept"))


# --- Others --------------------------------------------------------------------------------------


def test_a_foreign_scheme_takes_the_place_of_ours(vocabulary, library):
    assert list(library.principles) == ["quiet", "lending", "space"]
    assert library.title == "Library values"
    assert library.terms.keys() == vocabulary.terms.keys()


def test_labels_are_sorted_by_language_with_or_without_a_tag(library):
    quiet = library.principles["quiet"]
    assert quiet.pref_labels == {"en": "quiet reading room", "ru": "тихий зал", "zh": "安静阅览室"}
    assert quiet.alt_labels == {
        "zh": ("安靜閱覽室",),
        "en": ("silence",),
        "ru": ("тишина",),
        "de": ("Stille",),
    }


def test_relations_hold_both_ways_and_lead_only_to_concepts_of_the_scheme(library):
    assert library.principles["space"].narrower == ("quiet",)
    assert library.principles["space"].related == ("lending",)
    assert library.principles["lending"].related == ("space",)


def test_matches_lead_to_the_other_scheme_of_the_file(library):
    (match,) = library.principles["quiet"].matches
    assert library.models[match].label("en") == "comfort"


@pytest.mark.parametrize(
    "text", ["В тихих залах читают.", "安靜閱覽室", "Die Stille im Lesesaal", "two quiet reading rooms"]
)
def test_a_foreign_scheme_is_recognised_in_texts(library, text):
    assert [mention.concept for mention in Tagger(library).mentions(text) if not mention.is_term] == ["quiet"]


@pytest.mark.parametrize(
    ("form", "name"), [("json-ld", "scheme.jsonld"), ("xml", "scheme.rdf"), ("nt", "scheme.nt")]
)
def test_a_scheme_may_be_written_in_another_form(tmp_path, warm, library, form, name):
    path = written(tmp_path, Graph().parse(data=LIBRARY, format="turtle").serialize(format=form), name)
    assert Vocabulary.load(path, warm).principles.keys() == library.principles.keys()


# --- When it cannot be used ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.ttl", "@prefix a: <urn:a:> .\n\na:b a:c ;;; . x", "a.ttl:3: .*turtle"),
        ("a.rdf", "<rdf>\n<a>", "a.rdf:2: .*xml"),
        ("a.jsonld", '{"@id": "urn:a",\n', "a.jsonld:2: .*JSON"),
        ("a.jsonld", '{"@context": "https://web.example/c.jsonld"}', "on the web .*nothing is fetched"),
        ("a.ttl", "<urn:a> a <urn:b> .", "no skos:Concept"),
        ("a.xlsx", "", "“.xlsx” is no form .*ttl"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_line_and_remedy(tmp_path, name, text, said):
    with pytest.raises(VocabularyError, match=said):
        Vocabulary.load(written(tmp_path, text, name))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(VocabularyError, match=r"gone\.ttl"):
        Vocabulary.load(tmp_path / "gone.ttl", cache=tmp_path)


def test_two_concepts_must_not_share_an_id(tmp_path):
    text = LIBRARY.replace("v:space skos:inScheme", 'v:space skos:notation "quiet" ; skos:inScheme')
    with pytest.raises(VocabularyError, match="“quiet” belongs to"):
        Vocabulary.load(written(tmp_path, text))


# --- The cache -----------------------------------------------------------------------------------


def test_what_comes_from_the_cache_is_what_was_parsed(tmp_path, monkeypatch):
    first = Vocabulary.load(cache=tmp_path / "cache")
    monkeypatch.setattr("kb.principles.vocabulary.read_scheme", lambda path: pytest.fail("parsed again"))
    second = Vocabulary.load(cache=tmp_path / "cache")
    assert second == first
    assert second.digest == first.digest


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"key": "other", "value": {}}', b"\xff\xfe"])
def test_a_broken_cache_is_ignored_and_mended(tmp_path, warm, library, damage):
    path = written(tmp_path, LIBRARY)
    cache = Path(shutil.copytree(warm, tmp_path / "cache"))
    Vocabulary.load(path, cache=cache)
    (kept,) = cache.glob(f"vocabulary-{path.stem}.json")  # parsing the trade terms, too, takes seconds
    kept.write_bytes(damage)
    assert Vocabulary.load(path, cache=cache).principles == library.principles
    assert json.loads(kept.read_bytes())["value"]


def test_who_comes_second_waits_for_what_the_first_works_out(tmp_path):
    begun, asked = Barrier(2), []

    def work_out() -> list[int]:
        asked.append(1)
        sleep(0.05)
        return [7]

    def look(_: int) -> list[int]:
        begun.wait()
        return CacheFolder(tmp_path).worked_out("sums", "key", list[int], work_out)

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(look, range(2))) == [[7], [7]]
    assert len(asked) == 1


def test_two_processes_share_the_work(tmp_path):
    """Each makes one of two values while the other makes the other, and waits for none but the last."""
    both_at_it, made = Barrier(2, timeout=10), []

    def work_out(name: str) -> str:
        both_at_it.wait()
        made.append(name)
        return name.upper()

    def look(_: int) -> list[str]:
        return CacheFolder(tmp_path).all_worked_out(
            str, [Wanted(name, "key", partial(work_out, name)) for name in "ab"]
        )

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(look, range(2))) == [["A", "B"], ["A", "B"]]
    assert sorted(made) == ["a", "b"]


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path, library):
    cache = written(tmp_path, "a file where the folder should be", "cache")
    assert Vocabulary.load(written(tmp_path, LIBRARY), cache).principles == library.principles


def test_the_digest_changes_with_the_data_and_not_with_comments(tmp_path, warm, library):
    commented = Vocabulary.load(written(tmp_path, LIBRARY + "# a comment\n", "commented.ttl"), warm)
    changed = Vocabulary.load(written(tmp_path, LIBRARY.replace("тишина", "покой"), "changed.ttl"), warm)
    assert commented.digest == library.digest
    assert changed.digest != library.digest


# --- Exports -------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@pytest.mark.parametrize(("form", "syntax"), [("turtle", "turtle"), ("jsonld", "json-ld")])
def test_rdf_exports_lose_nothing(vocabulary, triples, form, syntax):
    assert len(Graph().parse(data=vocabulary.export(form), format=syntax)) == triples


@pytest.fixture(scope="module")
def triples(vocabulary):
    """How many our files hold."""
    one, other = (Graph().parse(file, format="turtle") for file in vocabulary.files)
    return len(one + other)


def test_the_csv_export_has_a_line_for_each_label(vocabulary):
    rows = list(csv.DictReader(io.StringIO(vocabulary.export("csv"))))
    assert ["empathy", "principle", "en", "prefLabel", "Empathy"] in [list(row.values()) for row in rows]
    assert {row["type"] for row in rows} == {"principle", "grouping", "term"}


def test_an_unknown_export_says_which_there_are(vocabulary):
    with pytest.raises(InvalidRequest, match="turtle, jsonld or csv"):
        vocabulary.export("xlsx")
