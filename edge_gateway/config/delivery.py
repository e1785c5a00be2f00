"""What is kept and where it is delivered."""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator, model_validator

from protocols.freight.release import ReleaseError
from protocols.jt808.catalog import MESSAGES
from protocols.monitoring.batch import COUNT_MAX

from ..delivery.releasing import load_release
from ..delivery.sealing import check_envelope
from ..delivery.source import BODIES_BYTES_MAX
from .section import FILE, Section

TOPIC_WILDCARDS: Final = frozenset("+#\0")
COMMANDS: Final = "commands"
FREIGHT: Final = "freight"
ATTACHMENTS: Final = "attachments"
PHONE_DIGITS: Final = 20
MESSAGES_AT_ONCE: Final = 60_000  # MQTT counts them with 16 bits

# Of the envelope, for [mqtt] and every [[destination]].
Profile = Annotated[
    Literal["plain", "guomi", "rsa-aes"],
    Field(description="how contents are guarded; plain: by TLS alone, the broker reads them"),
]
OwnKeys = Annotated[
    str, Field(json_schema_extra=FILE, description="our own keys, by `edge-gateway keys new`")
]
PeersKeys = Annotated[str, Field(json_schema_extra=FILE, description="the receiver's public keys")]
MaxAge = Annotated[float, Field(gt=0, description="older messages are not opened")]


def topic_beginning(value: str) -> str:
    """The same value. Raises ValueError when topics cannot begin with it."""
    if TOPIC_WILDCARDS & set(value) or value.startswith("/") or value.endswith("/"):
        raise ValueError("is the beginning of a topic: no + or #, no / at either end")
    return value


class JournalSection(Section):
    """[journal]: bounds. Beyond max_bytes reports are refused, loudly, until deliveries are confirmed."""

    max_bytes: int = Field(
        default=4 << 30, ge=1 << 20, description="size of the file from which reports are refused"
    )
    max_waiting: int = Field(
        default=200_000, ge=1000, description="reports that may wait for the disk; more are refused"
    )


class DeliverySection(Section):
    """[delivery]: the process that brings records to the monitoring systems."""

    nice: int = Field(
        default=19,
        ge=0,
        le=19,
        description="how far it steps back behind the answers to terminals when the processor is short",
    )
    least_rate: int = Field(
        default=2000,
        ge=100,
        description="records a second for each destination even while answers are kept waiting",
    )


class BatchSection(Section):
    """[batch]: what closes a batch, and how it travels."""

    max_records: int = Field(default=500, ge=1, le=COUNT_MAX, description="records that close a batch")
    max_bytes: int = Field(
        default=256 * 1024, ge=1024, le=BODIES_BYTES_MAX, description="bytes of bodies that close a batch"
    )
    max_age_ms: int = Field(
        default=1000, ge=0, le=3_600_000, description="age of the oldest record that closes a batch"
    )
    form: Literal["columnar", "json"] = Field(default="columnar", description="how records are written")
    compression: Literal["zstd", "zlib", "none"] = Field(default="zstd", description="of a batch")


class MqttSection(Section):
    """[mqtt]: the monitoring system's broker, and what counts as its confirmation."""

    enabled: bool = Field(default=True, description="false keeps everything in the journal")
    host: str = Field(default="127.0.0.1", min_length=1, description="the broker")
    port: int = Field(default=1883, ge=1, le=65535, description="its port; with TLS mostly 8883")
    username: str = Field(default="", description="empty for no login")
    password_file: str = Field(
        default="", json_schema_extra=FILE, description="file with the password; never in this file"
    )
    ca_file: str = Field(
        default="", json_schema_extra=FILE, description="certificates to trust; empty for no TLS"
    )
    topic_prefix: str = Field(default="gov/v1", min_length=1, description="before /pos/… and /ack/…")
    window: int = Field(default=16, ge=1, le=1000, description="batches that may be unconfirmed at a time")
    confirm: Literal["receipt", "puback"] = Field(
        default="receipt", description="what makes a record delivered; a PUBACK proves the broker only"
    )
    receipt_timeout_s: float = Field(
        default=10.0, gt=0, description="after which an unconfirmed batch is sent again"
    )
    keepalive_s: int = Field(default=30, ge=1, le=65535, description="of MQTT")
    envelope: Profile = "plain"
    envelope_keys: OwnKeys = ""
    envelope_peers: PeersKeys = ""
    envelope_max_age_s: MaxAge = 3600.0

    @field_validator("topic_prefix")
    @classmethod
    def _is_a_topic(cls, value: str) -> str:
        return topic_beginning(value)

    @model_validator(mode="after")
    def _fits_together(self) -> "MqttSection":
        check_envelope(self)
        return self


class DestinationSection(Section):
    """[[destination]]: one of several monitoring systems; one is enough to replace [batch] and [mqtt]."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="names its cursor in the journal")
    host: str = Field(default="127.0.0.1", min_length=1, description="its broker")
    port: int = Field(default=1883, ge=1, le=65535, description="with TLS mostly 8883")
    username: str = Field(default="", description="empty: no login")
    password_file: str = Field(default="", json_schema_extra=FILE, description="holds the password alone")
    ca_file: str = Field(default="", json_schema_extra=FILE, description="whom to trust; empty: no TLS")
    certificate_file: str = Field(default="", json_schema_extra=FILE, description="our own, for TLS")
    key_file: str = Field(default="", json_schema_extra=FILE, description="the key of our certificate")
    topic_prefix: str = Field(default="gov/v1", min_length=1, description='with form "emqx" mostly jt808')
    window: int = Field(default=16, ge=1, le=1000, description="batches that may be unconfirmed")
    confirm: Literal["receipt", "puback"] = Field(
        default="receipt", description="puback only where the receiver gives no receipts"
    )
    receipt_timeout_s: float = Field(default=10.0, gt=0, description="then a batch is sent again")
    keepalive_s: int = Field(default=30, ge=1, le=65535, description="MQTT keep alive")
    max_records: int = Field(default=500, ge=1, le=COUNT_MAX, description="records that close a batch")
    max_bytes: int = Field(
        default=256 * 1024, ge=1024, le=BODIES_BYTES_MAX, description="bytes of bodies that close a batch"
    )
    max_age_ms: int = Field(
        default=1000, ge=0, le=3_600_000, description="age of the oldest record that closes a batch"
    )
    form: Literal["columnar", "json", "emqx"] = Field(
        default="columnar", description="emqx: a message for each record, confirmed by puback"
    )
    compression: Literal["zstd", "zlib", "none"] = Field(default="zstd", description="of a columnar batch")
    kinds: list[Literal["live", "backfill", "batched", "reply", "message"]] = Field(
        default=[], description="what is delivered; empty: all kinds"
    )
    message_ids: list[int] = Field(default=[], description="such as 0x0200; empty: all")
    terminals: list[str] = Field(default=[], description="phone numbers; empty: all")
    rate: int = Field(default=0, ge=0, description="records a second; 0: as fast as they are confirmed")
    max_backlog_bytes: int = Field(
        default=0, ge=0, description="then the oldest are given up for it, counted as lost; 0: never"
    )
    max_backlog_age_s: float = Field(default=0, ge=0, description="the same by age")
    release: str = Field(
        default="",
        json_schema_extra=FILE,
        description="what of a record may leave, and why; empty: all of it",
    )
    envelope: Profile = "plain"
    envelope_keys: OwnKeys = ""
    envelope_peers: PeersKeys = ""
    envelope_max_age_s: MaxAge = 3600.0

    @field_validator("topic_prefix")
    @classmethod
    def _is_a_topic(cls, value: str) -> str:
        return topic_beginning(value)

    @field_validator("name")
    @classmethod
    def _is_free(cls, value: str) -> str:
        if value in (COMMANDS, FREIGHT, ATTACHMENTS):
            raise ValueError(f"is taken for {value}; take another one")
        return value

    @field_validator("message_ids")
    @classmethod
    def _are_messages_of_terminals(cls, value: list[int]) -> list[int]:
        for number in value:
            message = MESSAGES.get(number)
            if message is None or message.direction != "up":
                raise ValueError(f"0x{number:04X} is no message of a terminal: nothing would be delivered")
        return value

    @field_validator("terminals")
    @classmethod
    def _are_phones(cls, value: list[str]) -> list[str]:
        for phone in value:
            if not (phone.isascii() and phone.isdecimal() and len(phone) <= PHONE_DIGITS):
                raise ValueError(f"{phone!r} is no phone number: 1 to {PHONE_DIGITS} digits")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> "DestinationSection":
        if self.password_file and not self.username:
            raise ValueError("password_file: a password without username is not sent")
        if bool(self.certificate_file) != bool(self.key_file):
            raise ValueError("certificate_file and key_file go together")
        if self.certificate_file and not self.ca_file:
            raise ValueError("ca_file: without it there is no TLS, and the certificate is not shown")
        if self.form == "emqx" and self.confirm != "puback":
            raise ValueError('confirm: form "emqx" knows no receipts, it takes "puback"')
        if self.form == "emqx" and self.envelope != "plain":
            raise ValueError('envelope: form "emqx" has phone numbers in its topics, which no envelope hides')
        check_envelope(self)
        self._releases_well()
        if self.form == "emqx" and self.window * self.max_records > MESSAGES_AT_ONCE:
            raise ValueError(f"window: {MESSAGES_AT_ONCE} messages at most, window times max_records")
        return self

    def _releases_well(self) -> None:
        if not self.release or not Path(self.release).is_file():
            return
        if self.form != "json" or self.confirm != "puback":
            raise ValueError('release: works with form "json" and confirm "puback": record ids do not leave')
        try:
            load_release(Path(self.release))
        except ReleaseError as error:
            raise ValueError(f"release: {error}") from error
