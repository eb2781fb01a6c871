"""`check` says what is wrong with a scheme: one fault at a time in an otherwise sound one."""

from __future__ import annotations

import pytest

from kb.principles.integrity import check

SOUND = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix sb: <urn:servicebook:terms:> .
@prefix v: <urn:values:> .
v:all a skos:ConceptScheme .
v:care a skos:Concept ; skos:inScheme v:all ; skos:notation "care" ;
    skos:prefLabel "забота"@ru , "care"@en ; skos:altLabel "опека"@ru ;
    skos:narrower v:listening ; skos:related v:speed .
v:listening a skos:Concept ; skos:inScheme v:all ; skos:notation "listening" ;
    skos:prefLabel "слушание"@ru , "listening"@en ;
    skos:broader v:care .
v:speed a skos:Concept ; skos:inScheme v:all ; skos:notation "speed" ;
    skos:prefLabel "скорость"@ru , "speed"@en ;
    skos:related v:care .
"""
CARE, LISTENING, SPEED = 5, 8, 11  # the lines they begin on


@pytest.fixture
def problems_of(tmp_path):
    def check_text(text: str) -> list[tuple[str, int | None, str]]:
        (tmp_path / "values.ttl").write_text(text, encoding="utf-8")
        return [(problem.code, problem.line, problem.severity) for problem in check(tmp_path / "values.ttl")]

    return check_text


def test_nothing_is_wrong_with_our_own_schemes():
    assert check() == []


def test_nothing_is_wrong_with_a_sound_scheme(problems_of):
    assert problems_of(SOUND) == []


@pytest.mark.parametrize(
    ("sound", "faulty", "code", "line", "severity"),
    [
        ('"care"@en', '"care"@en , "concern"@en', "several-pref-labels", CARE, "error"),
        ('skos:prefLabel "забота"@ru , "care"@en ;', "", "no-label", CARE, "error"),
        (', "speed"@en', "", "missing-language", SPEED, "warning"),
        ('"опека"@ru', '"Забота"@ru', "overlapping-labels", CARE, "error"),
        ('"опека"@ru', '"Скорость"@ru', "shared-label", SPEED, "error"),
        ('"опека"@ru', '"скоростью"@ru', "shared-lemmas", SPEED, "warning"),
        ('notation "speed"', 'notation "care"', "duplicate-notation", SPEED, "error"),
        ("skos:broader v:care", "skos:broader v:care , v:gone", "unknown-concept", LISTENING, "error"),
        ("broader v:care", "broader v:care ; sb:weakTerm v:gone", "unknown-concept", LISTENING, "error"),
        ("    skos:related v:care", "    skos:note 'x'", "one-way-relation", CARE, "warning"),
    ],
)  # fmt: skip
def test_a_fault_is_found_where_it_is(problems_of, sound, faulty, code, line, severity):
    assert problems_of(SOUND.replace(sound, faulty)) == [(code, line, severity)]


def test_cycles_are_found(problems_of):
    found = problems_of(SOUND.replace("v:listening ;", "v:listening ; skos:broader v:listening ;"))
    assert ("broader-cycle", CARE, "error") in found


def test_what_is_broader_must_not_be_related(problems_of):
    text = SOUND.replace("related v:speed", "related v:listening").replace("related v:care", "note v:care")
    assert ("related-and-broader", CARE, "error") in problems_of(text)


def test_traditional_and_simplified_labels_are_the_same(problems_of):
    text = SOUND.replace('"опека"@ru', '"標準"@zh-Hant').replace('"speed"@en', '"speed"@en , "标准"@zh')
    assert ("shared-label", SPEED, "error") in problems_of(text)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [("v:x a v:y .", "unreadable", 1), ("<urn:a> a <urn:b> .", "no-concepts", None)],
)
def test_a_file_without_a_scheme_is_one_problem(problems_of, text, code, line):
    assert problems_of(text) == [(code, line, "error")]


@pytest.mark.parametrize(
    ("kind", "codes"), [("sb:weakLabel", []), ("skos:hiddenLabel", ["shared-label"])], ids=["hint", "phrase"]
)
def test_a_word_that_only_hints_at_a_principle_may_name_a_term(tmp_path, monkeypatch, kind, codes):
    head = SOUND[: SOUND.index("v:all")]
    (tmp_path / "principles.ttl").write_text(
        f'{head} v:promise a skos:Concept ; skos:prefLabel "верность слову"@ru ; {kind} "опоздать"@ru .',
        encoding="utf-8",
    )
    (tmp_path / "terms.ttl").write_text(
        f'{head} v:delay a skos:Concept ; skos:prefLabel "задержка"@ru ; skos:altLabel "опоздать"@ru .',
        encoding="utf-8",
    )
    monkeypatch.setattr("kb.principles.integrity.PRINCIPLES", tmp_path / "principles.ttl")
    monkeypatch.setattr("kb.principles.integrity.TRADE_TERMS", tmp_path / "terms.ttl")
    assert [problem.code for problem in check()] == codes


def test_two_principles_do_not_share_a_hint(problems_of):
    text = SOUND.replace('"опека"@ru', '"опека"@ru ; sb:weakLabel "Скорость"@ru')
    assert problems_of(text) == [("shared-label", SPEED, "error")]
