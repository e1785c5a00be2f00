"""The sections of a quirk profile, as they stand in its TOML file."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .body_encryption import Padding

WIDTH_MAX = 8  # bytes of a number; every kind in use has at most four
FIELDS_MAX = 40
NAME = r"^[a-z][a-z0-9_]*$"
NAME_MAX = 60


class Section(BaseModel):
    """Unknown keys are refused, values are not converted from text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ChecksumLeniency(Section):
    """[checksum]: `unescaped` takes a check byte of 7D or 7E that was not escaped; `wrong` takes any."""

    unescaped: bool = False
    wrong: bool = False


class Encryption(Section):
    """[encryption]: the padding by which bodies are encrypted; the standard says none, so "off" refuses."""

    padding: Padding = "off"


class Dialect(Section):
    """[dialect]: how a province's rules cut the alarm identifier of active safety (T/JSATL 12: 7 and 1).

    The lengths of the alarm items and of 0x9208, 0x1210 follow. The edition says nothing about it.
    """

    terminal_id_bytes: int = Field(default=7, ge=1, le=64)
    reserved_bytes: int = Field(default=1, ge=0, le=64)


class ItemField(Section):
    """One field of an item that has several: a number, text or bytes of `width` bytes."""

    name: str = Field(pattern=NAME, max_length=NAME_MAX)
    chinese: str = Field(default="", max_length=NAME_MAX)
    form: Literal["unsigned", "twos_complement", "sign_magnitude", "text", "raw"] = "unsigned"
    width: int = Field(ge=1, le=255)

    @model_validator(mode="after")
    def _numbers_are_narrow(self) -> ItemField:
        if self.form not in ("text", "raw") and self.width > WIDTH_MAX:
            raise ValueError(f"width: a number has {WIDTH_MAX} bytes at most")
        return self


class ItemOverride(Section):
    """[items.0xNN]: what an additional item of 0x0200 means here, in place of its standard meaning.

    Numbers have exactly `width` bytes, and fields those of all together; an item of another length stays raw,
    as always. `names`: what the bits (form "bits") or the values (form "unsigned") are called.
    """

    name: str = Field(pattern=NAME, max_length=NAME_MAX)
    chinese: str = Field(default="", max_length=NAME_MAX)
    form: Literal["unsigned", "twos_complement", "sign_magnitude", "bits", "fields", "text", "raw"] = "raw"
    width: int | None = Field(default=None, ge=1, le=WIDTH_MAX)
    names: dict[int, str] = {}
    fields: tuple[ItemField, ...] = Field(default=(), max_length=FIELDS_MAX)

    @model_validator(mode="after")
    def _form_and_the_rest_agree(self) -> ItemOverride:
        if (self.width is None) != (self.form in ("text", "raw", "fields")):
            raise ValueError("width: the bytes of a number; text, raw bytes and fields have none")
        if bool(self.fields) != (self.form == "fields"):
            raise ValueError('fields: those of form "fields", which needs some')
        if len({field.name for field in self.fields}) < len(self.fields):
            raise ValueError("fields: a name is there twice")
        if self.names and self.form not in ("bits", "unsigned"):
            raise ValueError('names: those of form "bits" or "unsigned"')
        if self.form == "bits" and max(self.names, default=0) >= 8 * (self.width or 0):
            raise ValueError("names: a bit that the width does not have")
        return self
