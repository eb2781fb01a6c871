"""Settings from the environment and `.env`."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kb.errors import SettingsError
from kb.settings import FIELDS, PREFIX, load


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder without a `.env`."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_defaults_serve_the_starter_corpus(folder):
    found = load()
    assert found.home == Path(".kb")
    assert found.engine_url == f"whoosh://{folder}/.kb/index"
    assert (found.corpus_path / "ru").is_dir()
    assert found.memory == 256


def test_the_environment_is_read(monkeypatch, folder):
    monkeypatch.setenv("KB_HOME", "/var/kb")
    monkeypatch.setenv("KB_CORPUS", "handbook")
    monkeypatch.setenv("KB_MEMORY", "64")
    monkeypatch.setenv("KB_ENGINE", "whoosh:///elsewhere")
    found = load()
    assert (found.home, found.corpus_path, found.memory) == (Path("/var/kb"), Path("handbook"), 64)
    assert found.engine_url == "whoosh:///elsewhere"


def test_a_file_is_read_and_the_environment_wins(monkeypatch, folder):
    (folder / ".env").write_text("KB_MEMORY=10\nKB_HOME=from-file\nOTHER=1\n", encoding="utf-8")
    monkeypatch.setenv("KB_MEMORY", "20")
    assert (load().memory, load().home) == (20, Path("from-file"))
    assert load(memory=30).memory == 30


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("KB_PROCESSES", "2", 2),
        ("KB_PROCESSES", "64", 64),
        ("KB_SHARDS", "100", 100),
        ("KB_REPLICAS", "0", 0),
        ("KB_ENGINE_TIMEOUT", "2.5", 2.5),
        ("KB_CORPUS", "статьи", Path("статьи")),
        ("KB_METRICS", "on", "on"),
        ("KB_INTERFACE", "zh-Hant", "zh-Hant"),
    ],
)
def test_a_value_is_of_its_kind(monkeypatch, name, value, read):
    monkeypatch.setenv(name, value)
    assert getattr(load(), name.removeprefix(PREFIX).lower()) == read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KB_MEMORY", "much"),
        ("KB_MEMORY", "0"),
        ("KB_MEMORY", "-5"),
        ("KB_PROCESSES", "0"),
        ("KB_PROCESSES", "65"),
        ("KB_SHARDS", "101"),
        ("KB_REPLICAS", "-1"),
        ("KB_ENGINE_TIMEOUT", "0"),
        ("KB_METRICS", "perhaps"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"{name}.*{value}"):
        load()


def test_a_file_in_another_encoding_is_named(folder):
    (folder / ".env").write_bytes("KB_CORPUS=статьи\n".encode("cp1251"))
    with pytest.raises(SettingsError, match=r"\.env is not in UTF-8"):
        load()


def test_a_misspelt_setting_is_named():
    with pytest.raises(SettingsError, match="corpsu"):
        load(corpsu=Path("articles"))


def test_every_setting_says_what_it_means():
    for name, field in FIELDS.items():
        assert field.metadata["meaning"].endswith("."), PREFIX + name.upper()


def test_the_secret_is_made_once_and_only_its_owner_reads_it(folder):
    key = load().signing_key
    assert len(key) >= 32 and load().signing_key == key
    assert load(home=folder / "other").signing_key != key
    assert stat.S_IMODE((folder / ".kb" / "secret-key").stat().st_mode) == 0o600
    assert [path.name for path in (folder / ".kb").iterdir()] == ["secret-key"]


def test_servers_that_start_at_once_share_a_secret():
    with ThreadPoolExecutor(8) as starting:
        keys = set(starting.map(lambda _: load().signing_key, range(16)))
    assert len(keys) == 1


def test_a_secret_that_is_set_wins_and_is_never_shown(monkeypatch, folder):
    monkeypatch.setenv("KB_SECRET_KEY", "tell-nobody")
    monkeypatch.setenv("KB_OIDC_CLIENT_SECRET", "nor-this")
    found = load()
    assert found.signing_key == "tell-nobody"
    assert not (folder / ".kb").exists()
    assert "tell-nobody" not in repr(found) and "nor-this" not in repr(found)


@pytest.mark.parametrize("name", ["a b", "50% #1?", "дом"])
def test_a_home_of_any_name_makes_a_url_that_leads_to_it(folder, name):
    from urllib.parse import unquote, urlsplit

    url = urlsplit(load(home=folder / name).engine_url)
    assert Path(unquote(url.path)) == folder / name / "index"
    assert (url.query, url.fragment, url.netloc) == ("", "", "")
