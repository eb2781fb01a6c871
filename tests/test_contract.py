"""Schemathesis: whatever the contract allows, and much that it does not, is answered as it says.

Skipped where schemathesis is missing; `.ci/run` has it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

schemathesis = pytest.importorskip("schemathesis", reason="needs schemathesis: pip install '.[dev]'")

from schemathesis import GenerationMode  # noqa: E402
from schemathesis.specs.openapi.checks import (  # noqa: E402
    negative_data_rejection,
    positive_data_acceptance,
)

from kb.models import Role, Scope  # noqa: E402
from tests.conftest import CORPUS, MakeBook, account_of, app_of  # noqa: E402

ARTICLES = ("ru/empathy-at-the-clinic.md", "zh/empathy-and-listening.md")
EXAMPLES = 12  # of each call
# Nothing can be wrong about these: any text will do. Finding that out takes a second for each call.
ANY_TEXT = {"If-None-Match", "link"}
PLAIN = {"Accept-Encoding": "identity"}
CALM = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": list(HealthCheck),
    "database": None,
}


@pytest.fixture(scope="module")
def app(open_book: MakeBook, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An application over a corpus folder of its own, and a key that may write into it."""
    corpus = tmp_path_factory.mktemp("corpus")
    for name in ARTICLES:
        (corpus / Path(name).name).write_bytes((CORPUS / name).read_bytes())
    with open_book(home=tmp_path_factory.mktemp("home"), corpus=corpus) as book:
        book.index()
        made = app_of(book)
        anna = account_of(book, "anna", Role.EDITOR)
        made.config["TEST_KEY"] = book.keys.add("schemathesis", [Scope.WRITE, Scope.PACKS], account=anna)[1]
        yield made


@pytest.fixture(scope="module")
def contract(app: Any) -> Any:
    made = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)

    @made.auth()
    class Key:
        """Shown with every call, but where schemathesis sees what happens without or with another."""

        def get(self, case: Any, context: Any) -> str:
            return f"Bearer {app.config['TEST_KEY']}"

        def set(self, case: Any, data: str, context: Any) -> None:
            case.headers["Authorization"] = data

    return made


def test_it_is_openapi(contract: Any) -> None:
    """By the schema that the OpenAPI Initiative publishes for 3.1."""
    assert contract.specification.version.startswith("3.1")
    contract.validate()


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_call_answers_as_described(
    contract: Any, app: Any, mode: GenerationMode, subtests: pytest.Subtests
) -> None:
    """With what the contract allows (positive), and with what it does not (negative)."""
    for found in contract.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not may_be_wrong(operation):
            continue

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=EXAMPLES, **CALM)
        def ask(case: Any) -> None:
            if mode is GenerationMode.POSITIVE and case.query:
                # Cursors come from answers, and names of fields from the item: no schema knows them.
                case.query = {name: of for name, of in case.query.items() if name not in ("cursor", "fields")}
            random.seed()  # Hypothesis makes it repeat itself, but Whoosh names segments by it
            case.call_and_validate(headers=PLAIN, excluded_checks=unfit(case))

        with subtests.test(operation.label):
            ask()


def may_be_wrong(operation: Any) -> bool:
    return bool(operation.body or {one.name for one in operation.iter_parameters()} - ANY_TEXT)


def unfit(case: Any) -> list[Any]:
    """The checks that say nothing here: whether one may write depends on what is there, and any text
    is an article."""
    return [positive_data_acceptance, negative_data_rejection] if case.method != "GET" else []


def test_calls_one_after_another_answer_as_described(contract: Any, app: Any) -> None:
    """What was written is read, changed and deleted, in orders nobody thought of."""

    class Calls(contract.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            random.seed()
            return {"headers": PLAIN}

        def validate_response(self, response: Any, case: Any, *_: Any, **options: Any) -> None:
            options = {"transport_kwargs": options, "recorder": self.recorder}
            case.validate_response(response, excluded_checks=[positive_data_acceptance], **options)

    Calls.run(settings=settings(max_examples=15, stateful_step_count=6, phases=[Phase.generate], **CALM))
