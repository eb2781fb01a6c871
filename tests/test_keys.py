"""Keys for programs: kept as digests, made and revoked by command."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from kb.cli import main
from kb.keys import Keys
from kb.models import ApiKey, Scope
from kb.store import Store


def test_keys_are_kept_as_digests_and_expire(store: Store) -> None:
    now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    moments = [now]
    keys = Keys(store.keys, clock=lambda: moments[-1])
    key, text = keys.add("  Widget  ", [Scope.WRITE, Scope.READ], days=2)
    assert key == ApiKey(key.id, "Widget", (Scope.READ, Scope.WRITE), now, now + timedelta(days=2))
    stored = store.keys.find(key.id)
    assert stored and text.split("_", 2)[2] not in repr(stored)
    assert keys.opened_by(text).id == key.id
    assert keys.all()[0].used == now
    for wrong in (text[:-1] + ("a" if text[-1] != "a" else "b"), text[1:], "", f"sbk_{key.id}_{'a' * 43}"):
        with pytest.raises(Exception, match="not known"):
            keys.opened_by(wrong)
    moments.append(now + timedelta(days=2))
    with pytest.raises(Exception, match="expired on 2026-11-24"):
        keys.opened_by(text)
    keys.revoke(key.id)
    assert keys.all() == []


def test_keys_are_made_listed_and_revoked_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_HOME", str(tmp_path))
    run = CliRunner().invoke
    made = json.loads(
        run(main, ["keys", "add", "Widget", "--scope", "write", "--days", "9", "--json"]).stdout
    )
    assert made["key"].startswith(f"sbk_{made['id']}_") and made["scopes"] == ["write"]
    assert run(main, ["keys", "add", "Second"]).stdout.startswith("sbk_")
    listed = run(main, ["keys", "list", "--json"]).stdout
    assert json.loads(listed)["total"] == 2 and made["key"] not in listed
    assert "Widget" in run(main, ["keys", "list"]).stdout
    assert run(main, ["keys", "revoke", made["id"]]).exit_code == 0
    assert run(main, ["keys", "revoke", made["id"]]).exit_code == 1
    assert run(main, ["keys", "add", " "]).exit_code == 2
    homeless = run(main, ["keys", "add", "Packs", "--scope", "packs"])
    assert homeless.exit_code == 2 and "account" in homeless.stderr
    assert json.loads(run(main, ["keys", "list", "--json"]).stdout)["total"] == 1
