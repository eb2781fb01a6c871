"""Settings from the environment and a `.env` file, each with its meaning, default and unit."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import Field, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints
from urllib.parse import quote

import msgspec
from msgspec import Meta

from kb.errors import SettingsError

PREFIX = "KB_"
ENV_FILE = Path(".env")
"""Where settings are read from beside the environment, in the working folder."""


def _setting(default: Any, meaning: str, *, is_secret: bool = False) -> Any:
    """A field and what it means. What is secret is never shown."""
    return field(default=default, repr=not is_secret, metadata={"meaning": meaning})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What can be set. Each field is read from `KB_` and its name in capitals."""

    home: Path = _setting(Path(".kb"), "Folder of the index and the database.")
    corpus: Path | None = _setting(None, "Folder or file of the articles; by default the starter corpus.")
    engine: str = _setting(
        "", "URL of the index: whoosh:///path, opensearch+https://user:secret@host:9200/name."
    )
    shards: Annotated[int, Meta(ge=1, le=100)] = _setting(1, "Shards of an index in OpenSearch.")
    replicas: Annotated[int, Meta(ge=0, le=20)] = _setting(
        1, "Copies of each shard on other nodes of OpenSearch."
    )
    engine_timeout: Annotated[float, Meta(gt=0, le=600)] = _setting(
        10, "Seconds that OpenSearch may take to answer a search."
    )
    vocabulary: Path | None = _setting(
        None, "SKOS file (.ttl, .jsonld, .rdf) in place of the starter principles."
    )
    memory: Annotated[int, Meta(ge=1)] = _setting(
        256,
        "Limit of what the embedded index may remember, in megabytes, in all processes together.",
    )
    processes: Annotated[int, Meta(ge=1, le=64)] | None = _setting(
        None,
        "Processes that answer requests, on Linux; by default one for each core, at most four.",
    )
    database_url: str = _setting(
        "", "SQLAlchemy URL of what people write; by default an SQLite file in KB_HOME."
    )
    base_url: str = _setting("", "Where the product is reached, for links in feeds; by default as requested.")
    interface: Literal["ru", "zh-Hans", "zh-Hant", "en"] = _setting(
        "en", "Language of the pages for a browser that asks for none of ours."
    )
    secret_key: str = _setting(
        "", "Secret that signs cookies; by default one that is kept in KB_HOME.", is_secret=True
    )
    reading: Literal["open", "members"] = _setting(
        "open", "Who may read: everybody (open) or who has signed in (members)."
    )
    session_idle: Annotated[int, Meta(ge=1)] = _setting(
        120, "Minutes without a request after which a session ends."
    )
    session_hours: Annotated[int, Meta(ge=1)] = _setting(12, "Hours after which a session ends in any case.")
    proxies: Annotated[int, Meta(ge=0, le=9)] = _setting(
        0, "Number of reverse proxies in front whose X-Forwarded headers are true."
    )
    cors_origins: str = _setting(
        "", "Origins whose pages may use the API and the widget: https://intranet.example, or *."
    )
    api_limit: str = _setting(
        "", "Limit of API calls for each key or address (600 per minute); by default none."
    )
    metrics: Literal["off", "on"] = _setting("off", "Whether /metrics answers (on), for Prometheus.")
    metrics_token: str = _setting("", "Bearer token that /metrics asks for; by default none.", is_secret=True)
    log: Literal["text", "json"] = _setting("text", "Form of the log lines on stderr.")
    log_queries: Literal["off", "on"] = _setting("off", "Whether log lines name what was searched for (on).")
    search_log: Literal["off", "on"] = _setting(
        "off", "Whether searches are recorded (on), without names and addresses."
    )
    search_log_days: Annotated[int, Meta(ge=1)] = _setting(90, "Days that the search log is kept.")
    oidc_issuer: str = _setting("", "Address of an OpenID Connect provider that signs people in (https://…).")
    oidc_client_id: str = _setting("", "What the provider knows this Servicebook by.")
    oidc_client_secret: str = _setting("", "The secret shared with the provider.", is_secret=True)
    oidc_role_claim: str = _setting("", "Claim of the provider that decides roles, such as groups.")
    oidc_roles: str = _setting("", "Roles by values of that claim: hr-trainers=trainer,hr-editors=editor.")

    @property
    def engine_url(self) -> str:
        """`KB_ENGINE`, or the embedded index in `KB_HOME`."""
        return self.engine or f"whoosh://{quote((self.home.absolute() / 'index').as_posix())}"

    @property
    def has_shared_database(self) -> bool:
        """Whether what people write is where several nodes can be at it: not in a file of this one."""
        return bool(self.database_url) and not self.database_url.startswith("sqlite")

    @cached_property
    def signing_key(self) -> str:
        """`KB_SECRET_KEY`, or one of `KB_HOME`'s own, which only its owner can read."""
        return self.secret_key or _kept_secret(self.home / "secret-key")

    @property
    def corpus_path(self) -> Path:
        """`KB_CORPUS`, or the starter corpus."""
        return self.corpus or starter_corpus()


STARTER = ""
"""What stands for the starter corpus where nobody named it: it may be installed elsewhere another time."""


def starter_corpus() -> Path:
    """The articles that come along: beside the code in a checkout, inside an installed wheel."""
    package = Path(__file__).parent
    installed = package / "corpus"
    return installed if installed.is_dir() else package.parent / "corpus"


FIELDS: Mapping[str, Field[Any]] = {one.name: one for one in fields(Settings)}
_KINDS: Mapping[str, Any] = get_type_hints(Settings, include_extras=True)


def without_password(url: str) -> str:
    """A URL as it may be shown: postgresql://kb:***@db/kb."""
    return re.sub(r"(?<=://)([^:/@]*):[^/]*@", r"\1:***@", url)


def env_line(name: str, value: str) -> str:
    """A line of a `.env` file, without its end; the value in quotes, as it may hold spaces, # and quotes."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}='{escaped}'"


def _kept_secret(file: Path) -> str:
    """The secret in a file, which is made when it is not there; of two who make it at once, one wins."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, fresh = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.")  # mode 0600
        with os.fdopen(handle, "w", encoding="ascii") as written:
            written.write(secrets.token_hex(32))
        with suppress(FileExistsError):
            Path(file).hardlink_to(fresh)
        Path(fresh).unlink()
    return file.read_text("ascii").strip()


def load(**overrides: object) -> Settings:
    """The settings of this process; `overrides` win over the environment, and that over the `.env` file.

    Raises `SettingsError` that names each setting that cannot be used and why.
    """
    for name in overrides:
        if name not in FIELDS:
            raise SettingsError(f"There is no setting “{name}”; known are {', '.join(FIELDS)}.")
    found: dict[str, Any] = {}
    faults = []
    for name, value in {**_named(_file()), **_named(os.environ), **overrides}.items():
        try:
            found[name] = msgspec.convert(value, _KINDS[name], strict=False, dec_hook=_path)
        except msgspec.ValidationError:
            faults.append(f"{PREFIX}{name.upper()} must be {_wanted(_KINDS[name])}, not {value!r}")
    if faults:
        raise SettingsError(f"{'; '.join(faults)}.")
    return Settings(**found)


def _file() -> Mapping[str, str | None]:
    """The variables of the `.env` file in the working folder."""
    if not ENV_FILE.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        return dotenv_values(ENV_FILE)
    except UnicodeDecodeError as error:
        message = f"{ENV_FILE.absolute()} is not in UTF-8 (byte {error.start}); save it as UTF-8."
        raise SettingsError(message) from None


def _named(variables: Mapping[str, str | None]) -> dict[str, str]:
    """The settings among variables, whose names may be in any case, by field: KB_HOME → home."""
    values = {name.upper(): value for name, value in variables.items() if value is not None}
    return {name: values[said] for name in FIELDS if (said := PREFIX + name.upper()) in values}


def _path(kind: type[Any], value: object) -> object:
    """A value of the one kind that msgspec does not know."""
    return kind(value)


def _wanted(kind: object) -> str:
    """What a setting must be, for people: a whole number from 1 to 100."""
    from msgspec.inspect import FloatType, IntType, LiteralType, UnionType, type_info

    wanted = type_info(kind)
    if isinstance(wanted, UnionType):
        wanted = wanted.types[0]  # or nothing, which is said by leaving it out
    match wanted:
        case LiteralType(values=values):
            return " or ".join(map(str, values))
        case IntType(ge=least, le=None):
            return f"a whole number, at least {least}"
        case IntType(ge=least, le=most):
            return f"a whole number from {least} to {most}"
        case FloatType(gt=above, le=most):
            return f"a number above {above}, at most {most}"
    return "a text"
