"""What is wrong with a quirk profile, in one line for people."""

from __future__ import annotations

import difflib
from typing import Any, get_args

from pydantic import BaseModel


def problem_line(model: type[BaseModel], detail: Any) -> str:
    """The key's path, what is wrong, and what may have been meant. `detail`: one error of pydantic."""
    parts = [f"0x{part:02X}" if isinstance(part, int) else str(part) for part in detail["loc"]]
    where = ".".join(parts)
    if detail["type"] == "extra_forbidden":
        return f"{where}: unknown key{_did_you_mean(model, detail['loc'])}"
    message = str(detail["msg"]).removeprefix("Value error, ")
    shown = "" if isinstance(detail["input"], dict) else f" (it is {detail['input']!r})"
    return f"{where}: {message}{shown}" if where else message


def _did_you_mean(model: type[BaseModel], location: tuple[Any, ...]) -> str:
    known = _keys(model, location[:-1])
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known here: {', '.join(known)}"


def _keys(kind: Any, location: tuple[Any, ...]) -> list[str]:
    """The keys of the section at a path: through sections by name, through tables and lists by type."""
    for part in location:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[part].annotation
        else:
            kind = next(each for each in reversed(get_args(kind)) if each is not ...)
    return list(kind.model_fields)
