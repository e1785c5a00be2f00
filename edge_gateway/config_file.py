"""The configuration file: read, checked, shown, and written anew with every key explained.

One TOML file; a variable EDGE_GATEWAY_SECTION__KEY in the environment overrules a key. Paths are taken from
the folder of the file. Every mistake is named with its path, all at once.
"""

import difflib
import os
import re
import textwrap
import tomllib
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from .config import Config, ConfigError, Section

ENVIRONMENT: Final = "EDGE_GATEWAY_"
_TABLE: Final = re.compile(r"\s*\[{1,2}\s*([A-Za-z0-9_.-]+)\s*\]")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")
_COMMENT_COLUMN: Final = 100


class Shown(NamedTuple):
    """One key as it is in force; origin: "default", "FILE:LINE" or the variable's name."""

    key: str
    value: Any
    origin: str


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Reads and checks the file. Raises ConfigError with every problem that was found."""
    values = _read(path)[0]
    _overrule(values, environment)
    return parse(values, path.parent)


def parse(values: dict[str, Any], folder: Path = Path()) -> Config:
    """Checks what a TOML file said. Raises ConfigError."""
    try:
        config = Config.model_validate(_with_paths(values, folder))
    except ValidationError as error:
        raise ConfigError([_problem(detail) for detail in error.errors()]) from error
    problems = [
        f"{key}: there is no file {value}"
        for key, value, field in _keys(config)
        if _is_marked(field, "file") and value and not Path(value).is_file()
    ]
    if problems:
        raise ConfigError(problems)
    return config


def shown(path: Path, environment: Mapping[str, str] = os.environ) -> list[Shown]:
    """Every key in force and where its value comes from. Raises ConfigError."""
    values, text = _read(path)
    lines = _lines_of(text)
    overruled = _overrule(values, environment)
    config = parse(values, path.parent)
    rows = []
    for key, value, _ in _keys(config):
        written = f"{path}:{lines[key]}" if key in lines else "default"
        rows.append(Shown(key, value, overruled.get(key, written)))
    return rows


def template() -> str:
    """A configuration file with every key at its default, for `init`."""
    lines = [
        "# Dianyun Edge gateway. Every key may be left out; these are the defaults.",
        f"# {ENVIRONMENT}SECTION__KEY in the environment overrules a key.",
    ]
    for name, field in Config.model_fields.items():
        section = section_of(field)
        if section is None:
            continue
        many = _is_list(field)
        head = f"[[{name}]]" if many else f"[{name}]"
        lines += ["", *textwrap.wrap(_first_line(section), 96, initial_indent="# ", subsequent_indent="# ")]
        lines.append(f"# {head}  (may be there several times)" if many else head)
        for key, key_field in section.model_fields.items():
            lines += [f"# {line}" if many else line for line in _key_lines(key, key_field)]
    return "\n".join(lines) + "\n"


def section_of(field: FieldInfo) -> type[Section] | None:
    """The class of a section, also of one that may be there several times; None for a plain value."""
    candidates = [field.annotation, *get_args(field.annotation)]
    return next((each for each in candidates if isinstance(each, type) and issubclass(each, Section)), None)


def _read(path: Path) -> tuple[dict[str, Any], str]:
    try:
        text = path.read_text(encoding="utf-8")
        return tomllib.loads(text), text
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: not TOML: {error}"]) from error


def _overrule(values: dict[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """Puts variables of the environment into `values`; gives key → the variable that set it."""
    origins = {}
    for variable, text in sorted(environment.items()):
        section, mark, key = variable.removeprefix(ENVIRONMENT).lower().partition("__")
        if not variable.startswith(ENVIRONMENT) or not mark:
            continue
        held = values.setdefault(section, {})
        if isinstance(held, dict):
            held[key] = _value_of(text)
            origins[f"{section}.{key}"] = variable
    return origins


def _value_of(text: str) -> Any:
    """A number, true, false or a list as in TOML; anything else is text as it stands."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _lines_of(text: str) -> dict[str, int]:
    """section.key → the line it stands in, for people; inside a value of several lines one may be missed."""
    found, section = {}, ""
    for number, line in enumerate(text.splitlines(), 1):
        if table := _TABLE.match(line):
            section = table[1]
        elif key := _KEY.match(line):
            found[f"{section}.{key[1]}"] = number
    return found


def _keys(config: BaseModel, before: str = "") -> Iterator[tuple[str, Any, FieldInfo]]:
    for name, field in type(config).model_fields.items():
        value = getattr(config, name)
        if isinstance(value, Section):
            yield from _keys(value, f"{before}{name}.")
        elif isinstance(value, (list, tuple)) and value and isinstance(value[0], Section):
            for number, each in enumerate(value):
                yield from _keys(each, f"{before}{name}.{number}.")
        else:
            yield f"{before}{name}", value, field


def _with_paths(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The same values, paths taken from the folder."""
    values = dict(values)
    for name, field in Config.model_fields.items():
        section = section_of(field)
        if section is None:
            continue
        if name == "gateway":
            values.setdefault(name, {})
        held = values.get(name)
        if isinstance(held, dict):
            values[name] = _placed(section, held, folder)
        elif isinstance(held, list):
            values[name] = [
                _placed(section, each, folder) if isinstance(each, dict) else each for each in held
            ]
    return values


def _placed(section: type[Section], values: dict[str, Any], folder: Path) -> dict[str, Any]:
    placed = dict(values)
    for key, field in section.model_fields.items():
        value = placed.get(key, field.default)
        if _is_marked(field, "path") and isinstance(value, str) and value:
            placed[key] = str(folder / value)
    return placed


def _is_marked(field: FieldInfo, mark: str) -> bool:
    return isinstance(field.json_schema_extra, dict) and bool(field.json_schema_extra.get(mark))


def _problem(detail: Any) -> str:
    """One line for people: the path, what is wrong, and what may have been meant."""
    where = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"{where}: unknown key{_did_you_mean(detail['loc'])}"
    if detail["type"] in ("model_type", "model_attributes_type", "dict_type"):
        return f"{where}: is a section: write [{where}] and its keys below it (it is {detail['input']!r})"
    message = str(detail["msg"]).removeprefix("Value error, ")
    if not where:
        return message
    shown_value = "" if isinstance(detail["input"], dict) else f" (it is {detail['input']!r})"
    return f"{where}: {message}{shown_value}"


def _did_you_mean(location: tuple[Any, ...]) -> str:
    model: Any = Config
    for part in location[:-1]:
        if isinstance(part, str):
            model = section_of(model.model_fields[part])
    known = [
        name for name in model.model_fields if model is not Config or section_of(model.model_fields[name])
    ]
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known here: {', '.join(known)}"


def _is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) in (list, tuple)


def _first_line(section: type[Section]) -> str:
    text = " ".join((section.__doc__ or "").split("\n\n")[0].split())
    return text.split(": ", 1)[-1]


def _key_lines(key: str, field: FieldInfo) -> list[str]:
    """The key at its default, with its sentence behind it, or above it where the line would be long."""
    choices = f"{' | '.join(map(str, _choices(field.annotation)))}; " if _choices(field.annotation) else ""
    sentence = f"{choices}{field.description or ''}".removesuffix("; ")
    line = f"{key} = {_toml(field.get_default(call_default_factory=True))}"
    if field.is_required():
        line = f'{key} = ""'
    if not sentence:
        return [line]
    if len(line) + len(sentence) + 4 <= _COMMENT_COLUMN:
        return [f"{line}  # {sentence}"]
    return [*textwrap.wrap(sentence, 96, initial_indent="# ", subsequent_indent="# "), line]


def _choices(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if get_origin(annotation) in (types.UnionType,):
        return tuple(choice for each in get_args(annotation) for choice in _choices(each))
    return ()


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return '""' if value is None else f"{value}"
