"""Everything that can go wrong, as one tree.

::

    ServicebookError            what `kb`, `web` and callers of the library catch
    ├── SettingsError           a setting has a value that cannot be used
    ├── ReadingError            a file cannot be read as an article (becomes a `Problem`)
    ├── VocabularyError         a SKOS scheme cannot be used
    ├── EngineError             the index cannot be used
    │   ├── EngineUnavailable   the engine does not answer now; trying again may help
    │   ├── IndexLocked         another process is writing to the index
    │   └── IndexDamaged        files of the index are not as they were written; `kb index` mends it
    ├── StoreUnavailable        the database of what people write cannot be used now
    ├── BackupError             a file is no backup that can be restored
    ├── SignInRefused           this name and password do not belong together
    │   └── TooManyAttempts     one has to wait before the next attempt to sign in
    ├── KeyRefused              this API key is unknown or has expired
    ├── WriteRefused            an article cannot be written into the corpus folder like this
    │   └── Outdated            it was changed since the caller looked
    ├── PackChanged             somebody else has changed the pack meanwhile
    ├── NotFound                there is no article, passage, principle, account or pack with this id
    ├── InvalidRequest          what was asked for cannot be asked (a limit, an unknown filter)
    └── MissingExtra            a library is not installed; the message names the extra

Each message is written for the person who reads it: what was wrong, where, and what to do.
"""

from __future__ import annotations

from kb.counting import counted


class ServicebookError(Exception):
    """The root of the tree: catching it catches everything Servicebook raises on purpose."""


class SettingsError(ServicebookError):
    """A setting has a value that cannot be used."""


class ReadingError(ServicebookError):
    """A file cannot be read as an article.

    `code` is a stable, kebab-case name of what went wrong (`binary-file`, `empty-file`, …);
    `line` is the line of the file where it went wrong, counted from 1, or None for the whole file.
    """

    def __init__(self, code: str, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.line = line


class VocabularyError(ServicebookError):
    """A SKOS scheme cannot be used."""


class EngineError(ServicebookError):
    """The index cannot be used."""


class EngineUnavailable(EngineError):
    """The engine does not answer now; trying again may help."""


class IndexLocked(EngineError):
    """Another process is writing to the index."""


class IndexDamaged(EngineError):
    """Files of the index are not as they were written; `kb index` makes it anew."""


class StoreUnavailable(ServicebookError):
    """The database of what people write cannot be used now."""


class BackupError(ServicebookError):
    """A file is no backup that can be restored; nothing was changed."""


class SignInRefused(ServicebookError):
    """This name and password do not belong together, whether there is such an account or not."""


class TooManyAttempts(SignInRefused):
    """One has to wait `seconds` before the next attempt to sign in."""

    def __init__(self, seconds: int) -> None:
        minutes = counted(-(-seconds // 60), "minute")
        super().__init__(f"Too many attempts to sign in; try again in {minutes}.")
        self.seconds = seconds


class KeyRefused(ServicebookError):
    """An API key is unknown, or has expired."""


class WriteRefused(ServicebookError):
    """An article cannot be written into the corpus folder like this; nothing was changed."""


class Outdated(WriteRefused):
    """The article was changed since the caller looked; nothing was changed."""


class PackChanged(ServicebookError):
    """Somebody else, `changed_by`, has changed the pack meanwhile; it is at `version` now.

    Nothing was written.
    """

    def __init__(self, title: str, version: int, changed_by: str) -> None:
        super().__init__(
            f"{changed_by} has changed “{title}” since you opened it: it is at version {version} now."
            " Look at what changed, then save again."
        )
        self.title = title
        self.version = version
        self.changed_by = changed_by


class NotFound(ServicebookError):
    """There is no such article, passage, principle, review, account or pack.

    `kind` is the noun ("article", "passage", …), `id` what was asked for.
    """

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(f"There is no {kind} with the id “{id}”.")
        self.kind = kind
        self.id = id


class InvalidRequest(ServicebookError):
    """What was asked for cannot be asked; `parameter` names the part at fault."""

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter


class MissingExtra(ServicebookError):
    """An optional library is not installed; the message says which extra brings it."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an extra: pip install 'servicebook[{extra}]'")
        self.extra = extra
