"""Templates, run with less around each call and each value: a page of results has a thousand of them.

Both ways are Jinja's own, and what comes out is the same; a quarter of a page's time was spent on these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import markupsafe
from flask import Flask
from jinja2 import Template
from jinja2.runtime import Context
from markupsafe import Markup

# MarkupSafe's core, from plain text to a plain string; `escape` makes a `Markup` of it, which takes
# three times as long, and a template joins plain strings anyway.
_escape_text: Callable[[str], str] = getattr(markupsafe, "_escape_inner", markupsafe.escape)


def set_up(app: Flask) -> None:
    """Let the templates of an application run so."""
    app.jinja_env.context_class = _Context
    app.jinja_env.template_class = _Template


class _Context(Context):
    """What a template sees."""

    def call(
        self,
        called: Callable[..., Any],
        /,
        *args: Any,
        _loop_vars: Any = None,
        _block_vars: Any = None,
        **named: Any,
    ) -> Any:
        """Call a function or a macro. Jinja also looks whether its type's `__call__` wants the context
        (a macro's takes it but needs none), and hides an end of iteration that nothing here raises."""
        if hasattr(called, "jinja_pass_arg"):
            return super().call(called, *args, _loop_vars=_loop_vars, _block_vars=_block_vars, **named)
        return called(*args, **named)


class _Template(Template):
    """A template whose values are escaped so."""

    @classmethod
    def from_code(cls, *args: Any, **named: Any) -> Template:
        """A template from its compiled code, which calls `escape` for every value it puts out."""
        made = super().from_code(*args, **named)
        made.root_render_func.__globals__["escape"] = _escaped
        return made


def _escaped(value: object) -> str:
    """A value as it stands in a page: escaped, unless it is markup."""
    if type(value) is str:
        return _escape_text(value)
    return value if type(value) is Markup else markupsafe.escape(value)
