"""What is wrong with a request, in words that say what to do."""

from __future__ import annotations

import json
from typing import Any

from flask import Request
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import UnsupportedMediaType

from kb.errors import InvalidRequest

# What pydantic finds, by the name it has there; other findings are said in its words.
_WORDS = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "enum": "must be {expected}",
    "extra_forbidden": "is not known here",
    "greater_than_equal": "must be {ge} or more",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "less_than_equal": "must be {le} or less",
    "list_type": "must be a list",
    "literal_error": "must be {expected}",
    "missing": "is missing",
    "model_attributes_type": "must be an object",
    "model_type": "must be an object",
    "string_pattern_mismatch": "must match {pattern}",
    "string_too_long": "may have {max_length} characters at most",
    "string_too_short": "is empty",
    "string_type": "must be a string",
    "timezone_aware": "must have a time zone, such as 2026-11-01T00:00:00Z",
    "too_long": "may have {max_length} items at most",
    "too_short": "is empty",
}


def fault_of(error: ValidationError) -> InvalidRequest:
    """What is told of a parameter or body that cannot be used: a name that is not known rather than
    what is missing under the right one."""
    found = error.errors(include_url=False)
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    name = ".".join(map(str, first["loc"]))
    return InvalidRequest(f"{f'“{name}”' if name else 'The body'} {_said(first)}.", name or None)


def _said(found: ErrorDetails) -> str:
    if found["type"] in _WORDS:
        return _WORDS[found["type"]].format(**found.get("ctx", {}))
    said = found["msg"].removeprefix("Value error, ").rstrip(".")
    return said if said.startswith("must ") else f"cannot be used: {said}"


def json_of(request: Request) -> Any:
    """The body of a request. Raises `InvalidRequest` where it is no JSON."""
    if not request.is_json:
        raise UnsupportedMediaType("Send the body as application/json.")
    try:
        return json.loads(request.get_data())
    except RecursionError:
        raise InvalidRequest("The body is nested too deeply.") from None
    except ValueError as error:
        raise InvalidRequest(f"The body is no JSON: {error}.") from None
