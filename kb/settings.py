"""Settings from the environment and a `.env` file, each with its meaning, default and unit."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from kb.errors import SettingsError

PREFIX = "KB_"


class Settings(BaseSettings):
    """What can be set. Each field is read from `KB_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    home: Path = Field(Path(".kb"), description="Folder of the index and the database.")
    corpus: Path | None = Field(
        None, description="Folder or file of the articles; by default the starter corpus."
    )
    engine: str = Field("", description="URL of the index; by default whoosh:// in KB_HOME.")
    vocabulary: Path | None = Field(
        None, description="SKOS file (.ttl, .jsonld, .rdf) in place of the starter principles."
    )
    memory: int = Field(256, ge=1, description="Limit of what the embedded index may remember, in megabytes.")
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
        default_factory=lambda: secrets.token_hex(32),
        description="Secret that signs sessions; by default a new one at each start.",
        repr=False,
    )

    @property
    def engine_url(self) -> str:
        """`KB_ENGINE`, or the embedded index in `KB_HOME`."""
        return self.engine or f"whoosh://{quote((self.home.absolute() / 'index').as_posix())}"

    @property
    def database(self) -> str:
        """`KB_DATABASE_URL`, or an SQLite file in `KB_HOME`."""
        return self.database_url or f"sqlite:///{(self.home.absolute() / 'servicebook.sqlite').as_posix()}"

    @property
    def corpus_path(self) -> Path:
        """`KB_CORPUS`, or the starter corpus: beside the code in a checkout, inside an installed wheel."""
        if self.corpus:
            return self.corpus
        package = Path(__file__).parent
        installed = package / "corpus"
        return installed if installed.is_dir() else package.parent / "corpus"


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
