"""Python source of plain data, laid out as the formatter of this project wants it. Used by the generators."""

from __future__ import annotations

LINE_LENGTH = 110
_STEP = "    "


class Symbol(str):
    """A name that stands in the generated source as it is, not in quotes."""

    __slots__ = ()


def assignment(name: str, value: object) -> str:
    """`name = value`, broken over lines when one is too long."""
    return f"{name} = " + literal(value, len(name) + 3, "", 0)


def literal(value: object, used: int, indent: str, after: int) -> str:
    """The source of a value whose line has `used` columns before it and `after` behind it."""
    flat = _flat(value)
    if used + len(flat) + after <= LINE_LENGTH or not isinstance(value, (tuple, dict, bytes)):
        return flat
    inner = indent + _STEP
    if isinstance(value, bytes):
        return "\n".join(["(", *(inner + _flat(value[at : at + 24]) for at in range(0, len(value), 24)), ")"])
    if isinstance(value, dict):
        lines = [_entry(_flat(key) + ": ", each, inner) for key, each in value.items()]
    elif any(len(inner) + len(_flat(each)) + 1 > LINE_LENGTH for each in value):
        lines = [_entry("", each, inner) for each in value]
    else:
        lines = _filled([_flat(each) for each in value], inner)
    opening, closing = ("{", "}") if isinstance(value, dict) else ("(", ")")
    return "\n".join([opening, *lines, indent + closing])


def _entry(head: str, value: object, indent: str) -> str:
    return indent + head + literal(value, len(indent) + len(head), indent, 1) + ","


def _filled(parts: list[str], indent: str) -> list[str]:
    """The parts, each with a comma behind it, as many on a line as fit."""
    lines = [indent + parts[0] + ","]
    for part in parts[1:]:
        if len(lines[-1]) + len(part) + 2 <= LINE_LENGTH:
            lines[-1] += f" {part},"
        else:
            lines.append(f"{indent}{part},")
    return lines


def _flat(value: object) -> str:
    if isinstance(value, Symbol):
        return str(value)
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bytes):
        return 'b"' + "".join(f"\\x{byte:02x}" for byte in value) + '"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flat(key)}: {_flat(each)}" for key, each in value.items()) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(_flat(each) for each in value) + ("," if len(value) == 1 else "") + ")"
    return str(value)
