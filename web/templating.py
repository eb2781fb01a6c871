"""Templates, run with less around each call: a page of results has three hundred of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2.runtime import Context


def set_up(app: Flask) -> None:
    """Let the templates of an application run so."""
    app.jinja_env.context_class = _Context


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
        (a macro's takes it but needs none), and hides an end of iteration that nothing here raises: a tenth
        of a page's time."""
        if hasattr(called, "jinja_pass_arg"):
            return super().call(called, *args, _loop_vars=_loop_vars, _block_vars=_block_vars, **named)
        return called(*args, **named)
