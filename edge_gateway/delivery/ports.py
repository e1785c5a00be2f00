"""What delivery needs from the rest of the gateway, and no more: a journal and some settings."""

from collections.abc import Callable
from typing import Protocol

from protocols.monitoring.records import Record


class JournalPort(Protocol):
    """The journal as delivery sees it. Every method may be called from any thread."""

    @property
    def last_sequence(self) -> int:
        """The sequence of the newest committed record, 0 when there is none."""

    @property
    def confirmed_sequence(self) -> int:
        """The durable cursor: everything up to here is delivered."""

    def read_after(self, sequence: int, max_records: int, max_bytes: int) -> list[Record]:
        """The records behind `sequence`, a run without a gap, at least one when there is any. It begins
        later when what was between is set aside."""

    def set_aside_after(self, sequence: int) -> int:
        """The end of what is damaged and set aside right behind `sequence`; `sequence` when nothing is."""

    def confirm(self, sequence: int) -> None:
        """Moves the cursor, durably. May raise; then nothing moved."""

    def reject(self, entries: list[tuple[int, str]]) -> None:
        """Keeps records with the reason they are refused for; saying the same twice is harmless."""

    def on_commit(self, callback: Callable[[], None]) -> None:
        """`callback` is called after each commit, from the writer's thread."""


class GatewaySettings(Protocol):
    """[gateway]"""

    @property
    def id(self) -> str:
        """Names the gateway in topics and batches."""


class BatchSettings(Protocol):
    """[batch]"""

    @property
    def max_records(self) -> int:
        """Records that close a batch."""

    @property
    def max_bytes(self) -> int:
        """Bytes of bodies that close a batch."""

    @property
    def max_age_ms(self) -> int:
        """Age of its oldest record that closes a batch."""

    @property
    def form(self) -> str:
        """`columnar` or `json`."""

    @property
    def compression(self) -> str:
        """`zstd`, `zlib` or `none`."""


class MqttSettings(Protocol):
    """[mqtt]"""

    @property
    def host(self) -> str:
        """The broker."""

    @property
    def port(self) -> int:
        """Its port."""

    @property
    def username(self) -> str:
        """Empty: no login."""

    @property
    def password_file(self) -> str:
        """File that holds the password; empty: none."""

    @property
    def ca_file(self) -> str:
        """Certificates to trust; empty: no TLS."""

    @property
    def topic_prefix(self) -> str:
        """What stands before `/pos/` and `/ack/`."""

    @property
    def window(self) -> int:
        """Batches that may be unconfirmed at a time."""

    @property
    def confirm(self) -> str:
        """`receipt` or `puback`."""

    @property
    def receipt_timeout_s(self) -> float:
        """When a batch without confirmation is sent again."""

    @property
    def keepalive_s(self) -> int:
        """MQTT keep alive."""


class DeliveryConfig(Protocol):
    """The three sections of the configuration that matter here."""

    @property
    def gateway(self) -> GatewaySettings:
        """[gateway]"""

    @property
    def batch(self) -> BatchSettings:
        """[batch]"""

    @property
    def mqtt(self) -> MqttSettings:
        """[mqtt]"""
