"""The tables as they are now. A change here needs a file in `migrations/versions`, and `REVISION`."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

# The newest migration: a database that has it needs no look at the others.
REVISION = "0009"

METADATA = MetaData()


class Moment(TypeDecorator[datetime]):
    """A point in time, kept and given in UTC: SQLite forgets the time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC))


class Words(TypeDecorator[str]):
    """What people type, without what no database takes: PostgreSQL keeps no NUL, none keeps half a
    surrogate pair."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value and value.replace("\0", "").encode("utf-8", "replace").decode()


# What was said of tags, in order: the last word on a tag holds, NULL takes it back.
REVIEWS = Table(
    "reviews",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("passage", Words, nullable=False),
    Column("principle", Words, nullable=False),
    Column("accepted", Boolean),
    Column("reviewer", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Index("reviews_of_tag", "passage", "principle", "number"),
    # A number is never given twice: the page that offers to undo it may be open for long.
    sqlite_autoincrement=True,
)

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Words, nullable=False),
    Column("key", Words, nullable=False, unique=True),  # the name, however it is written
    Column("role", Text, nullable=False),
    Column("password", Text),  # an argon2 hash; NULL where only a provider signs in
    Column("issuer", Words),
    Column("subject", Words),
    Column("enabled", Boolean, nullable=False),
    Column("created", Moment, nullable=False),
    UniqueConstraint("issuer", "subject", name="accounts_of_provider"),
    sqlite_autoincrement=True,
)

# The token itself is only in the browser's cookie.
SESSIONS = Table(
    "sessions",
    METADATA,
    Column("token_digest", Text, primary_key=True),
    Column("account", Integer, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("began", Moment, nullable=False),
    Column("seen", Moment, nullable=False),
)

# Keys of programs: the secret itself is only with whom it was shown to. Without an account it acts for
# nobody, as a command has made it.
API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("id", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("secret_digest", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # separated by spaces
    Column("created", Moment, nullable=False),
    Column("expires", Moment),
    Column("used", Moment),
    Column("account", Integer, ForeignKey("accounts.id", name="api_keys_account_fkey", ondelete="CASCADE")),
)

# `key` is a keyed digest of a name or an address: people type passwords into the field for names.
SIGN_IN_ATTEMPTS = Table(
    "sign_in_attempts",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("sign_in_attempts_of_key", "key", "at"),
)

# How often each caller of the API has called since its window of time began.
CALLS = Table(
    "calls",
    METADATA,
    Column("caller", Text, primary_key=True),
    Column("calls", Integer, nullable=False),
    Column("until", Moment, nullable=False, index=True),
)

# Days, not moments, and nobody's name: a line cannot be led back to a person by another log.
SEARCHES = Table(
    "searches",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("day", Date, nullable=False, index=True),
    Column("key", Words, nullable=False),  # the text, however it is written
    Column("text", Words, nullable=False),
    Column("language", Text, nullable=False),
    Column("total", Integer, nullable=False),
)

OPENINGS = Table(
    "openings",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("day", Date, nullable=False, index=True),
    Column("key", Words, nullable=False),
    Column("passage", Words, nullable=False),
)

PROPOSALS = Table(
    "proposals",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("key", Words, nullable=False, unique=True),
    Column("text", Words, nullable=False),
    Column("language", Text, nullable=False),
    Column("proposer", Words, nullable=False),
    Column("at", Moment, nullable=False),
)

# The bytes of each path in hexadecimal digits: a path need not be text.
SOURCES = Table("sources", METADATA, Column("path", Text, primary_key=True))

# A link is kept as it is, not as a digest: its owner must be able to copy it again, and who reads
# this table reads the packs anyway.
PACKS = Table(
    "packs",
    METADATA,
    Column("id", Words, primary_key=True),
    Column("owner", Integer, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("link", Words, unique=True),
)

# `content` is the JSON of `kb.models.Pack`; `restores` is the version it brought back, if it did.
PACK_VERSIONS = Table(
    "pack_versions",
    METADATA,
    Column("pack", Words, ForeignKey("packs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", Words, nullable=False),
    Column("author", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("restores", Integer),
)
