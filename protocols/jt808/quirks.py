"""Quirk profiles: what a maker's model does otherwise than the standard says, as a TOML file that is checked
like configuration. Reads and checks files; the sections are in `quirk_sections`, how bodies and frames change
by them in `quirk_plans` and `quirk_frames`.

A profile is chosen for a terminal from outside. Nothing here guesses one from what a terminal sends.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator

from .catalog import lookup
from .nodes import Kind, Node
from .plan import plan_of
from .quirk_numbers import with_numbers
from .quirk_plans import Habits, adapted_plan, override_of, renamed_fields
from .quirk_problems import problem_line
from .quirk_sections import ChecksumLeniency, Dialect, Encryption, ItemOverride, Section

__all__ = ["ChecksumLeniency", "Profile", "ProfileError", "load_profile", "parse_profile"]

_ZONE = re.compile(r"([+-])(\d\d):([0-5]\d)")
_ZONE_MAX_MINUTES = 14 * 60

Names = dict[int, dict[str, dict[int, str]]]  # message id → field → number → name


class ProfileError(Exception):
    """The file cannot be used. `problems`: one line each, beginning with the key's path."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Profile(Section):
    """One maker's model: the whole file."""

    maker: str = Field(min_length=1, max_length=60)
    model: str = Field(min_length=1, max_length=60)
    edition: Literal[2011, 2013, 2019] | None = None  # None: as the header and the bodies tell
    charset: Literal["gb18030", "gbk", "utf-8", "big5", "ascii"] = "gb18030"
    time_zone: str = "+08:00"  # of its clock; the standard wants Beijing time
    never_answers: tuple[int, ...] = ()  # messages of the platform that it leaves unanswered
    checksum: ChecksumLeniency = ChecksumLeniency()
    encryption: Encryption = Encryption()
    dialect: Dialect = Dialect()
    items: dict[int, ItemOverride] = Field(default_factory=dict)
    values: Names = Field(
        default_factory=dict
    )  # [values.0xNNNN.field]: what a number means, beside and instead of the standard
    bits: Names = Field(default_factory=dict)  # [bits.0xNNNN.field]: what a bit is called

    _plans: dict[tuple[int, int], tuple[Node, ...]] = PrivateAttr(default_factory=dict)

    @field_validator("time_zone")
    @classmethod
    def _is_an_offset(cls, value: str) -> str:
        if not _ZONE.fullmatch(value) or abs(_minutes(value)) > _ZONE_MAX_MINUTES:
            raise ValueError('an offset from UTC such as "+08:00"')
        return value

    @model_validator(mode="after")
    def _names_have_their_fields(self) -> Profile:
        problems = [
            problem
            for section, names in (("values", self.values), ("bits", self.bits))
            for message_id, fields in names.items()
            for problem in _name_problems(section, message_id, fields)
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

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
            habits = Habits(
                self.charset,
                self.zone,
                self._overrides(),
                self.values.get(message_id, {}),
                self.bits.get(message_id, {}),
                self.dialect,
            )
            self._plans[key] = adapted_plan(plan_of(*key), habits)
        return self._plans[key]

    def _overrides(self) -> dict[int, Kind]:
        return {item_id: override_of(item_id, each, self.charset) for item_id, each in self.items.items()}


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
    numbered = with_numbers(values, problems)
    try:
        profile = Profile.model_validate(numbered)
    except ValidationError as error:
        problems += [problem_line(Profile, detail) for detail in error.errors()]
    if problems:
        raise ProfileError(problems)
    return profile


def _name_problems(section: str, message_id: int, fields: dict[str, dict[int, str]]) -> Iterator[str]:
    entry = lookup(message_id)
    if entry is None:
        yield f"{section}.0x{message_id:04X}: no such message"
        return
    for name, given in fields.items():
        where = f"{section}.0x{message_id:04X}.{name}"
        found = [
            field
            for edition in entry.editions
            for field in renamed_fields(plan_of(message_id, edition), section, name)
        ]
        if not found:
            yield f"{where}: {entry.name} has no such field with named {section}"
        limit = min((8 * field.width for field in found), default=64)
        wrong = [n for n in given if not 0 <= n < (limit if section == "bits" else 1 << limit)]
        if wrong:
            yield f"{where}.{wrong[0]}: outside the field"
        for field in found:
            names = [kept for number, (kept, _) in field.names.items() if number not in given]
            if section == "values" and len({*names, *given.values()}) < len(names) + len(given):
                yield f"{where}: two values of one name"
                break


def _minutes(offset: str) -> int:
    found = _ZONE.fullmatch(offset)
    assert found
    minutes = 60 * int(found[2]) + int(found[3])
    return -minutes if found[1] == "-" else minutes
