"""Settings from the environment and a `.env` file, each with its meaning, default and unit."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from kb.errors import SettingsError

PREFIX = "KB_"
ENV_FILE = Path(".env")
"""Where settings are read from beside the environment, in the working folder."""


class Settings(BaseSettings):
    """What can be set. Each field is read from `KB_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=ENV_FILE, extra="ignore", frozen=True)

    home: Path = Field(Path(".kb"), description="Folder of the index and the database.")
    corpus: Path | None = Field(
        None, description="Folder or file of the articles; by default the starter corpus."
    )
    engine: str = Field(
        "", description="URL of the index: whoosh:///path, opensearch+https://user:secret@host:9200/name."
    )
    shards: int = Field(1, ge=1, le=100, description="Shards of an index in OpenSearch.")
    replicas: int = Field(1, ge=0, le=20, description="Copies of each shard on other nodes of OpenSearch.")
    engine_timeout: float = Field(
        10, gt=0, le=600, description="Seconds that OpenSearch may take to answer a search."
    )
    vocabulary: Path | None = Field(
        None, description="SKOS file (.ttl, .jsonld, .rdf) in place of the starter principles."
    )
    memory: int = Field(
        256,
        ge=1,
        description="Limit of what the embedded index may remember, in megabytes, in all processes together.",
    )
    processes: int | None = Field(
        None,
        ge=1,
        le=64,
        description="Processes that answer requests, on Linux; by default one for each core, at most four.",
    )
    database_url: str = Field(
        "", description="SQLAlchemy URL of what people write; by default an SQLite file in KB_HOME."
    )
    base_url: str = Field(
        "", description="Where the product is reached, for links in feeds; by default as requested."
    )
    interface: Literal["ru", "zh-Hans", "zh-Hant", "en"] = Field(
        "en", description="Language of the pages for a browser that asks for none of ours."
    )
    secret_key: str = Field(
        "", description="Secret that signs cookies; by default one that is kept in KB_HOME.", repr=False
    )
    reading: Literal["open", "members"] = Field(
        "open", description="Who may read: everybody (open) or who has signed in (members)."
    )
    session_idle: int = Field(120, ge=1, description="Minutes without a request after which a session ends.")
    session_hours: int = Field(12, ge=1, description="Hours after which a session ends in any case.")
    proxies: int = Field(
        0, ge=0, le=9, description="Number of reverse proxies in front whose X-Forwarded headers are true."
    )
    cors_origins: str = Field(
        "", description="Origins whose pages may use the API and the widget: https://intranet.example, or *."
    )
    api_limit: str = Field(
        "", description="Limit of API calls for each key or address (600 per minute); by default none."
    )
    metrics: Literal["off", "on"] = Field("off", description="Whether /metrics answers (on), for Prometheus.")
    metrics_token: str = Field(
        "", description="Bearer token that /metrics asks for; by default none.", repr=False
    )
    log: Literal["text", "json"] = Field("text", description="Form of the log lines on stderr.")
    log_queries: Literal["off", "on"] = Field(
        "off", description="Whether log lines name what was searched for (on)."
    )
    search_log: Literal["off", "on"] = Field(
        "off", description="Whether searches are recorded (on), without names and addresses."
    )
    search_log_days: int = Field(90, ge=1, description="Days that the search log is kept.")
    oidc_issuer: str = Field(
        "", description="Address of an OpenID Connect provider that signs people in (https://…)."
    )
    oidc_client_id: str = Field("", description="What the provider knows this Servicebook by.")
    oidc_client_secret: str = Field("", description="The secret shared with the provider.", repr=False)
    oidc_role_claim: str = Field("", description="Claim of the provider that decides roles, such as groups.")
    oidc_roles: str = Field(
        "", description="Roles by values of that claim: hr-trainers=trainer,hr-editors=editor."
    )

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
        """`KB_CORPUS`, or the starter corpus: beside the code in a checkout, inside an installed wheel."""
        if self.corpus:
            return self.corpus
        package = Path(__file__).parent
        installed = package / "corpus"
        return installed if installed.is_dir() else package.parent / "corpus"


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
    """The settings of this process; `overrides` win over the environment.

    Raises `SettingsError` that names each setting that cannot be used and why.
    """
    for name in overrides:
        if name not in Settings.model_fields:
            known = ", ".join(Settings.model_fields)
            raise SettingsError(f"There is no setting “{name}”; known are {known}.")
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        faults = "; ".join(
            f"{PREFIX}{str(fault['loc'][0]).upper()}: {fault['msg']} (it is {fault['input']!r})"
            for fault in error.errors()
        )
        raise SettingsError(faults) from None
    except UnicodeDecodeError as error:
        message = f"{ENV_FILE.absolute()} is not in UTF-8 (byte {error.start}); save it as UTF-8."
        raise SettingsError(message) from None
