"""Quirk profiles: what a maker's model does otherwise than the standard says, as a TOML file that is checked
like configuration. Reads and checks files; how bodies and frames change by them is in `quirk_plans` and
`quirk_frames`.

A profile is chosen for a terminal from outside. Nothing here guesses one from what a terminal sends.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from .body_encryption import Padding
from .definitions.tagged import Item
from .nodes import Kind, Node
from .plan import plan_of
from .quirk_plans import Habits, adapted, override_of

_WIDTH_MAX = 8  # bytes of a number; every kind in use has at most four
_ITEM_ID = re.compile(r"0[xX][0-9a-fA-F]{1,2}")
_MESSAGE_ID = re.compile(r"0[xX][0-9a-fA-F]{1,4}")
_ZONE = re.compile(r"([+-])(\d\d):([0-5]\d)")
_ZONE_MAX_MINUTES = 14 * 60


class ProfileError(Exception):
    """The file cannot be used. `problems`: one line each, beginning with the key's path."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _Section(BaseModel):
    """Unknown keys are refused, values are not converted from text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ChecksumLeniency(_Section):
    """[checksum]: `unescaped` takes a check byte of 7D or 7E that was not escaped; `wrong` takes any."""

    unescaped: bool = False
    wrong: bool = False


class Encryption(_Section):
    """[encryption]: the padding by which bodies are encrypted; the standard says none, so "off" refuses."""

    padding: Padding = "off"


class ItemOverride(_Section):
    """[items.0xNN]: what an additional item of 0x0200 means here, in place of its standard meaning.

    Numbers have exactly `width` bytes; an item of another length stays raw, as always.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    chinese: str = Field(default="", max_length=60)
    form: Literal["unsigned", "twos_complement", "sign_magnitude", "text", "raw"] = "raw"
    width: int | None = Field(default=None, ge=1, le=_WIDTH_MAX)

    @model_validator(mode="after")
    def _only_numbers_have_a_width(self) -> ItemOverride:
        if (self.width is None) != (self.form in ("text", "raw")):
            raise ValueError("width: the bytes of a number; text and raw bytes have none")
        return self


class Profile(_Section):
    """One maker's model: the whole file."""

    maker: str = Field(min_length=1, max_length=60)
    model: str = Field(min_length=1, max_length=60)
    edition: Literal[2011, 2013, 2019] | None = None  # None: as the header and the bodies tell
    charset: Literal["gb18030", "gbk", "utf-8", "big5", "ascii"] = "gb18030"
    time_zone: str = "+08:00"  # of its clock; the standard wants Beijing time
    never_answers: tuple[int, ...] = ()  # messages of the platform that it leaves unanswered
    checksum: ChecksumLeniency = ChecksumLeniency()
    encryption: Encryption = Encryption()
    items: dict[int, ItemOverride] = {}

    _plans: dict[tuple[int, int], tuple[Node, ...]] = PrivateAttr(default_factory=dict)

    @field_validator("time_zone")
    @classmethod
    def _is_an_offset(cls, value: str) -> str:
        if not _ZONE.fullmatch(value) or abs(_minutes(value)) > _ZONE_MAX_MINUTES:
            raise ValueError('an offset from UTC such as "+08:00"')
        return value

    @property
    def title(self) -> str:
        """Maker and model, as decoded messages name the profile that they were read by."""
        return f"{self.maker} {self.model}"

    @property
    def zone(self) -> timezone:
        """The zone of the times that the terminal sends."""
        return timezone(timedelta(minutes=_minutes(self.time_zone)))

    def answers(self, message_id: int) -> bool:
        """Whether an answer to this message of the platform can be waited for."""
        return message_id not in self.never_answers

    def plan(self, message_id: int, edition: int) -> tuple[Node, ...]:
        """The plan of a body as this model writes it. Raises KeyError when it is not declared."""
        key = (message_id, edition)
        if key not in self._plans:
            habits = Habits(self.charset, self.zone, self._overrides())
            self._plans[key] = tuple(adapted(node, habits) for node in plan_of(*key))
        return self._plans[key]

    def _overrides(self) -> dict[int, Kind]:
        return {
            item_id: override_of(
                Item(item_id, each.name, each.chinese, ()), each.form, each.width or 0, self.charset
            )
            for item_id, each in self.items.items()
        }


def load_profile(path: Path) -> Profile:
    """Reads and checks one file. Raises ProfileError with every problem that was found."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProfileError([f"{path}: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError([f"{path}: not TOML: {error}"]) from error
    return parse_profile(values)


def parse_profile(values: dict[str, Any]) -> Profile:
    """Checks what a TOML file said. Raises ProfileError."""
    problems: list[str] = []
    numbered = _with_numbers(values, problems)
    try:
        profile = Profile.model_validate(numbered)
    except ValidationError as error:
        problems += [_problem(detail) for detail in error.errors()]
    if problems:
        raise ProfileError(problems)
    return profile


def _with_numbers(values: dict[str, Any], problems: list[str]) -> dict[str, Any]:
    """The values with ids as numbers: TOML keys are text, and nobody writes message ids in decimal."""
    values = dict(values)
    if isinstance(values.get("items"), dict):
        values["items"] = _numbered_items(values["items"], problems)
    if isinstance(values.get("never_answers"), list):
        values["never_answers"] = tuple(
            _number(f"never_answers.{at}", each, _MESSAGE_ID, problems)
            for at, each in enumerate(values["never_answers"])
        )
    return values


def _numbered_items(items: dict[str, Any], problems: list[str]) -> dict[int, Any]:
    numbered: dict[int, Any] = {}
    for key, each in items.items():
        item_id = _number(f"items.{key}", key, _ITEM_ID, problems)
        if item_id in numbered:
            problems.append(f"items.{key}: said twice")
        numbered[item_id] = each
    return numbered


def _number(where: str, text: Any, form: re.Pattern[str], problems: list[str]) -> int:
    if isinstance(text, str) and form.fullmatch(text):
        return int(text, 16)
    problems.append(f"{where}: an id such as 0x06 or 0x8104 is wanted (it is {text!r})")
    return 0


def _minutes(offset: str) -> int:
    found = _ZONE.fullmatch(offset)
    assert found
    minutes = 60 * int(found[2]) + int(found[3])
    return -minutes if found[1] == "-" else minutes


def _problem(detail: Any) -> str:
    """One line for people: the path, what is wrong, and what may have been meant."""
    parts = [f"0x{part:02X}" if isinstance(part, int) else str(part) for part in detail["loc"]]
    where = ".".join(parts)
    if detail["type"] == "extra_forbidden":
        return f"{where}: unknown key{_did_you_mean(detail['loc'])}"
    message = str(detail["msg"]).removeprefix("Value error, ")
    shown = "" if isinstance(detail["input"], dict) else f" (it is {detail['input']!r})"
    return f"{where}: {message}{shown}"


def _did_you_mean(location: tuple[Any, ...]) -> str:
    known: dict[str, Any] = Profile.model_fields
    for part in location[:-1]:
        model = ItemOverride if isinstance(part, int) else known[part].annotation
        known = {} if get_args(model) else model.model_fields
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known here: {', '.join(known)}"
