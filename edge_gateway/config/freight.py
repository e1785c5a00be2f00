"""[freight]: capacity verification, gate, orders, documents, evidence. Off unless enabled."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from protocols.freight.capacity import Code

from .section import FILE, Section

_DAY_S = 86_400


class FreightSection(Section):
    """[freight]: capacity verification, the gate at trip start, orders, waybills' documents, evidence."""

    enabled: bool = Field(default=False, description="everything of freight; it uses the broker of [mqtt]")
    trust_file: str = Field(
        default="", json_schema_extra=FILE, description="keys of the authority: who signs codes and registers"
    )
    revocations_file: str = Field(
        default="", json_schema_extra=FILE, description="codes that ended early, read at the start"
    )
    presence_file: str = Field(
        default="", json_schema_extra=FILE, description="keys for proofs of presence; others come with codes"
    )
    seal_file: str = Field(
        default="",
        json_schema_extra=FILE,
        description="keys of boards by terminal: codes for these leave under a seal",
    )
    snapshot_file: str = Field(
        default="", json_schema_extra=FILE, description="sealed registers, read at the start"
    )
    authority_url: str = Field(
        default="", description="http://HOST:PORT for registers, lists and colours; empty: by MQTT and files"
    )
    authority_account: str = Field(default="", description="our account there")
    authority_secret_file: str = Field(
        default="", json_schema_extra=FILE, description="holds its secret alone"
    )
    authority_ca_file: str = Field(
        default="", json_schema_extra=FILE, description="whom to trust with https; empty: the system's list"
    )
    refresh_s: float = Field(default=60.0, gt=0, le=_DAY_S, description="between two looks at the authority")
    gate: list[Literal["dispatch", "card", "loading", "departure"]] = Field(
        default=["dispatch", "card", "loading", "departure"],
        description="moments at which a trip may be stopped",
    )
    stop_unverified: bool = Field(
        default=False, description="what cannot be verified (registers too old) stops a trip too"
    )
    overridable: list[str] = Field(
        default=[], description='reasons that the company may set aside, such as "class"; with an audit line'
    )
    presence_required: bool = Field(
        default=True, description="a scan needs the terminal's proof that it was made just now"
    )
    order_type: int = Field(
        default=0xF3, ge=0, le=0xFF, description="passthrough type of an order; 0: as text of 0x8300"
    )
    order_life_s: int = Field(
        default=3600, ge=10, le=7 * _DAY_S, description="an order waits for the terminal"
    )
    profile: Literal["specification", "province-2.0"] = Field(
        default="specification", description="where the sources of documents disagree"
    )
    receipt_timeout_s: float = Field(
        default=10.0, gt=0, le=3600, description="then a document is sent again; the wait doubles"
    )
    receipt_timeout_max_s: float = Field(default=600.0, gt=0, le=_DAY_S, description="and grows to this")
    location_interval_s: int = Field(
        default=30, ge=1, le=3600, description="between two positions of a location document"
    )
    location_delay_s: int = Field(
        default=60, ge=0, le=_DAY_S, description="after unloading, for positions that come late"
    )
    moving_kmh: float = Field(default=5.0, gt=0, le=200, description="from which a loaded truck is under way")
    evidence: Literal["sm3", "sha256"] = Field(default="sm3", description="hash of the evidence chains")
    anchor_keys: str = Field(
        default="",
        json_schema_extra=FILE,
        description="keys that sign anchors (SM2); empty: those of a guomi envelope, else no signature",
    )
    anchor_interval_s: float = Field(
        default=300.0, gt=0, le=_DAY_S, description="between two anchors, where there is news"
    )
    keep_days: int = Field(
        default=366,
        ge=1,
        le=36_600,
        description="settled documents, scans, verdicts; chains of waybills stay for good",
    )
    max_bytes: int = Field(
        default=64 << 30, ge=1 << 20, description="of the freight file; at this size freight stands still"
    )

    @field_validator("overridable")
    @classmethod
    def _are_codes(cls, value: list[str]) -> list[str]:
        for each in value:
            if each not in {code.value for code in Code}:
                raise ValueError(f"{each!r} is no reason; there are {', '.join(code.value for code in Code)}")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> "FreightSection":
        if bool(self.authority_url) != bool(self.authority_account and self.authority_secret_file):
            raise ValueError("authority_url, authority_account, authority_secret_file: each needs the others")
        if self.receipt_timeout_max_s < self.receipt_timeout_s:
            raise ValueError("receipt_timeout_max_s: below receipt_timeout_s")
        return self
