"""What there is stands in the README or in the API's contract, and is exported on purpose."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner
from flask import Flask

from kb.cli import main
from kb.engines import ENGINES, open_engine
from kb.exporters import EXPORTERS, Exporter, export, file_name
from kb.knowledge_base import KnowledgeBase
from kb.languages import LANGUAGES, Language, language
from kb.models import Query
from kb.query import FILTER_NAMES
from kb.readers import ARCHIVES, READERS, read
from kb.settings import FIELDS, PREFIX, load
from tests.test_exporters import EDITION, HELD
from web import create_app
from web.current import EXTENSION

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def commands(group: click.Group = main, path: str = "kb") -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}"


@pytest.mark.parametrize("command", list(commands()))
def test_every_command_is_in_the_readme(command: str) -> None:
    group, _, name = command.rpartition(" ")
    assert re.search(rf"`{group}( {name}`|`:[^\n;]*\b{name}\b)", README)


def test_every_setting_is_in_the_readme_and_no_other() -> None:
    told = set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", README))
    assert told == {PREFIX + name.upper() for name in FIELDS}


@pytest.mark.parametrize(
    "row",
    [
        *(f"`{suffix}`" for suffix in (*READERS, *ARCHIVES)),
        *EXPORTERS,
        *(f"`{scheme}" for scheme in ENGINES),
        *(f"`{name}:" for name in FILTER_NAMES),
    ],
)
def test_every_row_of_a_table_is_in_the_readme(row: str) -> None:
    assert row in README


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_is_in_the_readme(code: str) -> None:
    assert any(name.capitalize() in README for name in language(code).names if name.isascii())


ROWS = re.findall(r"\n\| ([^|]+) \| ", README.split("can be typed")[1].split("\n\nOf ")[0])
QUERIES = [typed for row in ROWS for typed in re.findall(r"`([^`]+)`", row) if not typed.isupper()]


@pytest.mark.parametrize("typed", QUERIES)
def test_what_the_readme_types_finds_something(typed: str, starter: KnowledgeBase) -> None:
    assert starter.search(typed).total


def test_the_terminal_says_what_the_readme_shows(starter: KnowledgeBase) -> None:
    words, shown = re.search(r"```console\n\$ kb ([^\n]*)\n(.*?)```", README, re.DOTALL).groups()
    env = {"KB_HOME": str(starter.settings.home), "KB_CORPUS": str(starter.settings.corpus_path)}
    said = CliRunner().invoke(main, shlex.split(words), env=env).stdout
    took = re.compile(r"in \d+ ms")
    assert took.sub("", said).strip() == took.sub("", shown).strip()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An application that has nothing to search."""
    app = create_app(load(home=tmp_path_factory.mktemp("home"), metrics="on"))
    yield app
    app.extensions[EXTENSION].close()


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics", "/api/v1/", "/widget.js"])
def test_what_is_there_for_programs_is_in_the_readme(app: Flask, address: str) -> None:
    assert app.test_client().get(address, buffered=True).status_code != 404
    assert address in README


def packages() -> list[str]:
    files = (*ROOT.glob("kb/**/__init__.py"), *ROOT.glob("web/**/__init__.py"))
    return sorted(
        ".".join(file.parent.relative_to(ROOT).parts)
        for file in files
        if "__all__" in file.read_text("utf-8")
    )


@pytest.mark.parametrize("package", packages())
def test_a_package_exports_what_others_use_and_no_more(package: str) -> None:
    module = importlib.import_module(package)
    used = set(imported_from(package))
    # A type is named by whoever annotates what a function gives.
    unused = {
        name for name in module.__all__ if name not in used and not isinstance(getattr(module, name), type)
    }
    assert unused == set(), "nobody uses these"


def imported_from(package: str) -> Iterator[str]:
    """The names of a package that other code uses: `from kb.readers import read`, `readers.read(…)`."""
    short = package.rpartition(".")[2]
    for file, node in nodes():
        if file.parent == ROOT / package.replace(".", "/"):
            continue
        if isinstance(node, ast.ImportFrom) and node.module == package:
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == short:
            yield node.attr


@cache
def nodes() -> list[tuple[Path, ast.AST]]:
    """The imports and attributes of all our code, with their files."""
    files = [file for folder in ("kb", "web", "tests") for file in (ROOT / folder).rglob("*.py")]
    return [
        (file, node)
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom | ast.Attribute)
    ]


# --- The README's recipes ------------------------------------------------------------------------

RECIPES = re.findall(r"```python\n# (kb/\S+\.py); in ([A-Z]+): ([^\n]*)\n(.*?)```", README, re.DOTALL)
TABLES = {"LANGUAGES": LANGUAGES, "READERS": READERS, "EXPORTERS": EXPORTERS, "ENGINES": ENGINES}


@pytest.fixture
def followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipes, followed: their files are there, and their lines stand in the tables."""
    for file, table, line, code in RECIPES:
        module = ModuleType(file.removesuffix(".py").replace("/", "."))
        exec(compile(code, file, "exec"), vars(module))
        monkeypatch.setitem(sys.modules, module.__name__, module)
        for name, row in eval(f"{{{line}}}", {"Exporter": Exporter}).items():
            monkeypatch.setitem(TABLES[table], name, row)


def test_there_is_a_recipe_for_each_table() -> None:
    assert sorted(table for _, table, _, _ in RECIPES) == sorted(TABLES)


@pytest.mark.usefixtures("followed")
def test_a_language_by_the_recipe() -> None:
    german = language.__wrapped__("de")
    terms = {(token.term, token.start, token.end) for token in german.analyse("beschwerden", 4, 0)}
    assert terms == {("beschwerd", 4, 15), ("beschwerden", 4, 15)}
    assert {name for name in vars(Language) if not name.startswith("_")} <= set(dir(german))


@pytest.mark.usefixtures("followed")
def test_a_format_to_read_by_the_recipe(tmp_path: Path) -> None:
    (tmp_path / "a.outline").write_text("---\ntitle: Жалоба\n---\n\nШАГИ\n\nПоблагодарить.\n", "utf-8")
    (article,) = read(tmp_path / "a.outline").articles
    assert (article.title, [section.heading for section in article.sections]) == ("Жалоба", ["ШАГИ"])
    assert [block.text for block in article.sections[0].blocks] == ["Поблагодарить."]


@pytest.mark.usefixtures("followed")
def test_a_format_to_export_by_the_recipe() -> None:
    assert [text for text in HELD if text not in export(EDITION, "text").decode()] == []
    assert file_name(EDITION.pack, "text").endswith(".txt")


@pytest.mark.usefixtures("followed")
def test_an_engine_by_the_recipe() -> None:
    engine = open_engine("memory://", 0)
    assert (engine.files(), engine.search(Query()).total) == ({}, 0)
    engine.close()
