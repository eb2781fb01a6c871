"""Roles, passwords, throttling and sessions, with a clock that tests can move; and `kb users`."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner, Result
from sqlalchemy import URL, text

from kb.accounts import (
    ATTEMPTS_FROM_ADDRESS,
    ATTEMPTS_ON_ACCOUNT,
    LEAST_ROLE,
    WINDOW,
    Accounts,
    Action,
    may,
    role_from_claim,
)
from kb.cli import main
from kb.errors import InvalidRequest, NotFound, SignInRefused, TooManyAttempts
from kb.models import Role
from kb.store import Store
from tests.conftest import PASSWORD, QUICK_HASHER

HERE, THERE = "192.0.2.1", "192.0.2.2"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, new_database: Callable[[str], URL]) -> URL:
    return new_database(getattr(request, "param", "sqlite"))


on_both_databases = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(store: Store, clock: Clock) -> Accounts:
    found = Accounts(
        store.accounts, "secret", idle=timedelta(hours=2), lasting=timedelta(hours=12), clock=clock
    )
    found._hasher = QUICK_HASHER  # type: ignore[misc]
    return found


@pytest.fixture
def anna(accounts: Accounts) -> str:
    return accounts.add("Анна", Role.TRAINER, PASSWORD).name


# --- Roles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.READER, {Action.READ}),
        (Role.TRAINER, {Action.READ, Action.REVIEW_TAGS, Action.KEEP_PACKS}),
        (Role.EDITOR, set(Action) - {Action.SEE_ACCOUNTS}),
        (Role.ADMINISTRATOR, set(Action)),
    ],
)
def test_each_role_may_what_those_before_it_may(accounts: Accounts, role: Role, allowed: set[Action]) -> None:
    account = accounts.add("Анна", role, PASSWORD)
    assert {action for action in Action if may(account, action)} == allowed


def test_nobody_may_do_anything_and_every_action_has_a_role() -> None:
    assert not any(may(None, action) for action in Action)
    assert set(LEAST_ROLE) == set(Action)


@pytest.mark.parametrize(
    ("claim", "role"),
    [
        ("hr-trainers", Role.TRAINER),
        (["guests", "hr-trainers", "hr=chiefs"], Role.EDITOR),
        (["guests"], Role.READER),
        (None, Role.READER),
        ([], Role.READER),
        ({"hr-trainers": True}, Role.READER),
    ],
)
def test_a_provider_s_claim_gives_the_highest_role(claim: object, role: Role) -> None:
    assert role_from_claim(claim, "hr-trainers=trainer, hr=chiefs=editor,") is role


@pytest.mark.parametrize("mapping", ["hr", "hr=boss", "=editor"])
def test_a_mapping_that_cannot_be_read_is_said(mapping: str) -> None:
    with pytest.raises(InvalidRequest, match="KB_OIDC_ROLES"):
        role_from_claim("hr", mapping)


# --- Accounts ------------------------------------------------------------------------------------


@on_both_databases
@pytest.mark.parametrize("written", ["Анна", "анна", " АННА ", "Анна"])
def test_a_name_is_known_however_it_is_written(accounts: Accounts, anna: str, written: str) -> None:
    assert accounts.named(written).name == anna
    with pytest.raises(InvalidRequest, match="already"):
        accounts.add(written, Role.READER, PASSWORD)


@pytest.mark.parametrize("name", ["", "  ", "-anna", "a" * 81, "<script>", "анна\0", "../анна"])
def test_names_that_cannot_be_used(accounts: Accounts, name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        accounts.add(name, Role.READER, PASSWORD)
    assert refused.value.parameter == "name"


@pytest.mark.parametrize("name", ["王芳", "anna.k@example.org", "О-Нил 2", "ｆｕｌｌ"])
def test_names_in_every_script(accounts: Accounts, name: str) -> None:
    accounts.add(name, Role.READER, PASSWORD)
    assert accounts.account_of(accounts.sign_in(name, PASSWORD, HERE)) == accounts.named(name)


@pytest.mark.parametrize("password", ["", "short", "a" * 501, "aaaaaaaaaaaa", "Константин"])
def test_passwords_that_cannot_be_used(accounts: Accounts, password: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        accounts.add("Константин", Role.READER, password)
    assert refused.value.parameter == "password"
    assert accounts.all() == []


def test_passwords_are_kept_as_argon2_hashes(accounts: Accounts, anna: str, store: Store) -> None:
    with store.database.read() as connection:
        everything = str(connection.execute(text("SELECT * FROM accounts")).all())
    assert "$argon2id$" in everything and PASSWORD not in everything


def test_a_stronger_hash_takes_the_place_of_a_weaker_one(accounts: Accounts, anna: str, store: Store) -> None:
    before = store.accounts.find("анна")
    accounts._hasher = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)  # type: ignore[misc]
    accounts.sign_in(anna, PASSWORD, HERE)
    after = store.accounts.find("анна")
    assert before and after and before.password != after.password
    assert accounts.sign_in(anna, PASSWORD, HERE)


@pytest.mark.parametrize("composed", ["лошадь й ё батарея", "лошадь й ё батарея", "ﬁne passphrase"])
def test_a_password_is_the_same_from_every_keyboard(accounts: Accounts, composed: str) -> None:
    import unicodedata

    accounts.add("Анна", Role.READER, composed)
    assert accounts.sign_in("Анна", unicodedata.normalize("NFKD", composed), HERE)


# --- Signing in ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("Анна", "wrong"),
        ("Анна", ""),
        ("Анна", "x" * 10_000),
        ("nobody", PASSWORD),
        ("", ""),
        ("\ud83d", "\ud83d"),
    ],
)
def test_the_same_answer_for_a_wrong_password_and_an_unknown_name(
    accounts: Accounts, anna: str, name: str, password: str
) -> None:
    with pytest.raises(SignInRefused) as refused:
        accounts.sign_in(name, password, HERE)
    assert str(refused.value) == "This name and password do not belong together."


def test_an_overlong_password_is_not_hashed(accounts: Accounts, anna: str) -> None:
    """Hashing takes time by length: a megabyte sent again and again would keep the server busy."""
    lengths: list[int] = []

    class Recording:
        def hash(self, password: str) -> str:
            return QUICK_HASHER.hash(password)

        def verify(self, hashed: str, password: str) -> bool:
            lengths.append(len(password))
            return False

    accounts._hasher = Recording()  # type: ignore[misc,assignment]
    with pytest.raises(SignInRefused):
        accounts.sign_in(anna, "x" * 1_000_000, HERE)
    assert len(lengths) == 1 and lengths[0] <= 500


def test_an_unknown_name_costs_the_same_work(accounts: Accounts, anna: str) -> None:
    """Each attempt verifies one hash: the work is counted, because time is not to be trusted here."""
    verified: list[str] = []

    class Counting:
        def hash(self, password: str) -> str:
            return QUICK_HASHER.hash(password)

        def verify(self, hashed: str, password: str) -> bool:
            verified.append(hashed)
            return QUICK_HASHER.verify(hashed, password)

    accounts._hasher = Counting()  # type: ignore[misc,assignment]
    for name in ("Анна", "nobody"):
        with pytest.raises(SignInRefused):
            accounts.sign_in(name, "wrong password", HERE)
    assert len(verified) == 2


@on_both_databases
def test_attempts_on_an_account_are_limited(accounts: Accounts, anna: str, clock: Clock) -> None:
    for _ in range(ATTEMPTS_ON_ACCOUNT):
        with pytest.raises(SignInRefused):
            accounts.sign_in(anna, "wrong", HERE)
        clock.move(minutes=1)
    with pytest.raises(TooManyAttempts) as waiting:
        accounts.sign_in(anna, PASSWORD, THERE)
    assert timedelta(seconds=waiting.value.seconds) == WINDOW - timedelta(minutes=ATTEMPTS_ON_ACCOUNT)
    clock.move(seconds=waiting.value.seconds - 0.2)
    with pytest.raises(TooManyAttempts) as waiting:  # nobody is told to wait for no time
        accounts.sign_in(anna, PASSWORD, THERE)
    assert waiting.value.seconds == 1
    clock.move(seconds=1)
    assert accounts.sign_in(anna, PASSWORD, HERE)


def test_an_unknown_name_is_throttled_alike(accounts: Accounts) -> None:
    for _ in range(ATTEMPTS_ON_ACCOUNT):
        with pytest.raises(SignInRefused):
            accounts.sign_in("nobody", "wrong", HERE)
    with pytest.raises(TooManyAttempts):
        accounts.sign_in("NOBODY", "wrong", THERE)


def test_attempts_from_an_address_are_limited(accounts: Accounts, anna: str) -> None:
    for number in range(ATTEMPTS_FROM_ADDRESS):
        with pytest.raises(SignInRefused):
            accounts.sign_in(f"guess{number}", "wrong", HERE)
    with pytest.raises(TooManyAttempts):
        accounts.sign_in(anna, PASSWORD, HERE)
    assert accounts.sign_in(anna, PASSWORD, THERE)


@on_both_databases
def test_a_success_forgives(accounts: Accounts, anna: str) -> None:
    for _ in range(3 * ATTEMPTS_ON_ACCOUNT):
        with pytest.raises(SignInRefused):
            accounts.sign_in(anna, "wrong", f"192.0.2.{_}")
        assert accounts.sign_in(anna, PASSWORD, HERE)


@on_both_databases
def test_attempts_at_once_get_no_further(accounts: Accounts, anna: str) -> None:
    outcomes: list[str] = []

    def guess(number: int) -> None:
        try:
            accounts.sign_in(anna, f"guess number {number}", HERE)
        except SignInRefused as refused:
            outcomes.append(type(refused).__name__)

    guesses = [threading.Thread(target=guess, args=(number,)) for number in range(3 * ATTEMPTS_ON_ACCOUNT)]
    for one in guesses:
        one.start()
    for one in guesses:
        one.join(30)
    assert outcomes.count("SignInRefused") == ATTEMPTS_ON_ACCOUNT
    assert outcomes.count("TooManyAttempts") == 2 * ATTEMPTS_ON_ACCOUNT


def test_names_and_addresses_of_attempts_cannot_be_read(accounts: Accounts, store: Store) -> None:
    with pytest.raises(SignInRefused):
        accounts.sign_in("my password by mistake", "wrong", HERE)
    with store.database.read() as connection:
        kept = str(connection.execute(text("SELECT * FROM sign_in_attempts")).all())
    assert "mistake" not in kept and HERE not in kept and len(kept) > 100


# --- Sessions ------------------------------------------------------------------------------------


def test_a_session_lasts_while_it_is_used_but_not_for_ever(
    accounts: Accounts, anna: str, clock: Clock
) -> None:
    token = accounts.sign_in(anna, PASSWORD, HERE)
    for _ in range(7):
        clock.move(minutes=100)
        assert accounts.account_of(token)
    clock.move(minutes=100)
    assert accounts.account_of(token) is None


def test_a_session_ends_without_use(accounts: Accounts, anna: str, clock: Clock) -> None:
    token = accounts.sign_in(anna, PASSWORD, HERE)
    clock.move(minutes=121)
    assert accounts.account_of(token) is None
    clock.move(minutes=-60)
    assert accounts.account_of(token) is None, "what has ended does not begin again"


END: dict[str, Callable[[Accounts, str, str], object]] = {
    "sign out": lambda accounts, name, token: accounts.sign_out(token),
    "password": lambda accounts, name, token: accounts.set_password(name, "another long password"),
    "disable": lambda accounts, name, token: accounts.set_enabled(name, False),
    "role": lambda accounts, name, token: accounts.set_role(name, Role.READER),
}


@on_both_databases
@pytest.mark.parametrize("how", END)
def test_what_ends_a_session(accounts: Accounts, anna: str, how: str) -> None:
    other = accounts.add("Олег", Role.READER, PASSWORD).name
    token, others = accounts.sign_in(anna, PASSWORD, HERE), accounts.sign_in(other, PASSWORD, HERE)
    END[how](accounts, anna, token)
    assert accounts.account_of(token) is None
    assert accounts.account_of(others)


def test_who_changes_their_password_stays_signed_in_here_only(accounts: Accounts, anna: str) -> None:
    elsewhere = accounts.sign_in(anna, PASSWORD, THERE)
    with pytest.raises(SignInRefused):
        accounts.change_password(anna, "not the password", "another long password", HERE)
    assert accounts.account_of(elsewhere)
    here = accounts.change_password(anna, PASSWORD, "another long password", HERE)
    assert accounts.account_of(here) and not accounts.account_of(elsewhere)
    assert accounts.sign_in(anna, "another long password", HERE)


def test_the_disabled_cannot_sign_in_until_they_are_enabled(accounts: Accounts, anna: str) -> None:
    accounts.set_enabled(anna, False)
    with pytest.raises(SignInRefused):
        accounts.sign_in(anna, PASSWORD, HERE)
    accounts.set_enabled(anna, True)
    assert accounts.sign_in(anna, PASSWORD, HERE)


def test_tokens_are_not_in_the_database(accounts: Accounts, anna: str, store: Store) -> None:
    token = accounts.sign_in(anna, PASSWORD, HERE)
    with store.database.read() as connection:
        assert token not in str(connection.execute(text("SELECT * FROM sessions")).all())
    assert accounts.account_of("made up") is None


# --- A provider's people -------------------------------------------------------------------------


@on_both_databases
def test_a_provider_s_people_get_an_account_once(accounts: Accounts) -> None:
    issuer = "https://id.example.org"
    first = accounts.account_of(accounts.sign_in_from_provider(issuer, "1", "Анна", None))
    again = accounts.account_of(accounts.sign_in_from_provider(issuer, "1", "Anna now Petrova", None))
    assert first == again and first is not None
    assert (first.name, first.role, first.by_provider) == ("Анна", Role.READER, True)
    accounts.set_role("Анна", Role.TRAINER)
    kept = accounts.account_of(accounts.sign_in_from_provider(issuer, "1", "Анна", None))
    assert kept and kept.role is Role.TRAINER
    mapped = accounts.account_of(accounts.sign_in_from_provider(issuer, "1", "Анна", Role.EDITOR))
    assert mapped and mapped.role is Role.EDITOR


@on_both_databases
def test_a_provider_cannot_take_an_account_over(accounts: Accounts, anna: str) -> None:
    account = accounts.account_of(accounts.sign_in_from_provider("https://id.example.org", "1", anna, None))
    assert account and account.name == "Анна 2"
    odd = accounts.account_of(accounts.sign_in_from_provider("https://id.example.org", "2", "<\0>", None))
    assert odd and odd.name == "member"
    with pytest.raises(SignInRefused):
        accounts.sign_in("Анна 2", "", HERE)


def test_a_provider_s_disabled_people_stay_out(accounts: Accounts) -> None:
    accounts.sign_in_from_provider("https://id.example.org", "1", "Анна", None)
    accounts.set_enabled("Анна", False)
    with pytest.raises(SignInRefused):
        accounts.sign_in_from_provider("https://id.example.org", "1", "Анна", Role.EDITOR)


# --- The command ---------------------------------------------------------------------------------


@pytest.fixture
def kb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Accounts, "_hasher", QUICK_HASHER)

    def run(*words: str, typed: str = "") -> Result:
        return CliRunner().invoke(main, words, input=typed)

    return run


def test_users_by_command(kb: Callable[..., Result]) -> None:
    assert kb("users", "add", "anna", "--role", "trainer", typed=f"{PASSWORD}\n{PASSWORD}\n").exit_code == 0
    added = kb("users", "add", "王芳", "--password-stdin", typed=f"{PASSWORD}\n")
    assert added.output.split() == ["王芳", "reader"]
    assert kb("users", "role", "ANNA", "administrator").exit_code == 0
    assert "disabled" in kb("users", "disable", "anna").output
    listed = json.loads(kb("users", "list", "--json").output)
    assert [(one["name"], one["role"], one["enabled"]) for one in listed["users"]] == [
        ("anna", "administrator", False),
        ("王芳", "reader", True),
    ]
    assert "password" not in str(listed)
    assert "disabled" not in kb("users", "enable", "anna").output
    told = json.loads(kb("users", "role", "anna", "editor", "--json").output)
    assert (told["name"], told["role"], told["enabled"]) == ("anna", "editor", True)
    assert kb("users", "passwd", "anna", "--password-stdin", typed="another long password\n").exit_code == 0


@pytest.mark.parametrize(
    ("words", "typed", "status", "said"),
    [
        (("add", "anna", "--password-stdin"), "short\n", 2, "10 to 500"),
        (("add", "anna", "--password-stdin"), "", 2, "10 to 500"),
        (("add", "-", "--password-stdin"), f"{PASSWORD}\n", 2, "name"),
        (("passwd", "nobody", "--password-stdin"), f"{PASSWORD}\n", 1, "no account"),
        (("role", "nobody", "editor"), "", 1, "no account"),
        (("disable", "nobody"), "", 1, "no account"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    kb: Callable[..., Result], words: tuple[str, ...], typed: str, status: int, said: str
) -> None:
    answer = kb("users", *words, typed=typed)
    assert answer.exit_code == status
    assert said in answer.output and "Traceback" not in answer.output


def test_a_password_is_no_word_of_a_command(kb: Callable[..., Result]) -> None:
    for command in ("add", "passwd"):
        assert kb("users", command, "anna", "--password", PASSWORD).exit_code == 2


def test_an_unknown_account_is_not_found(accounts: Accounts) -> None:
    with pytest.raises(NotFound):
        accounts.set_password("nobody", PASSWORD)
