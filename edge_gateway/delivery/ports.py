"""What delivery needs from the rest of the gateway, and no more: a journal and some settings."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from protocols.monitoring.records import Record

from .spans import Span


class JournalPort(Protocol):
    """The journal as delivery to one destination sees it. Every method may be called from any thread."""

    @property
    def last_sequence(self) -> int:
        """The sequence of the newest committed record, 0 when there is none."""

    @property
    def confirmed_sequence(self) -> int:
        """The durable cursor of this destination: everything up to here is delivered to it."""

    @property
    def ahead(self) -> tuple[Span, ...]:
        """What is confirmed beyond the cursor, as it was saved last."""

    @property
    def lost(self) -> int:
        """Records given up for this destination, ever."""

    @property
    def record_bytes(self) -> float:
        """What a kept record costs in the journal, on average."""

    def read_after(self, sequence: int, max_records: int, max_bytes: int) -> Sequence[Record]:
        """The records behind `sequence`, a run without a gap, at least one when there is any. It begins
        later when what was between is set aside."""

    def set_aside_after(self, sequence: int) -> int:
        """The end of what is damaged and set aside right behind `sequence`; `sequence` when nothing is."""

    def confirm(self, sequence: int, ahead: Sequence[Span] = ()) -> None:
        """Moves the cursor and saves what is confirmed beyond it, durably. May raise; then nothing moved."""

    def cut_loose(self, sequence: int, ahead: Sequence[Span], lost: int) -> None:
        """Moves the cursor although `lost` records are not delivered, durably. May raise likewise."""

    def reject(self, entries: list[tuple[int, str]]) -> None:
        """Keeps records with the reason they are refused for; saying the same twice is harmless."""

    def on_commit(self, callback: Callable[[], None]) -> None:
        """`callback` is called from another thread after the commit that reaches what `wake_at` named."""

    def wake_at(self, sequence: int) -> None:
        """The next commit that is worth a call is the one that holds `sequence`; before it is named, any."""


class JournalOfMany(Protocol):
    """The journal with a cursor for each destination."""

    @property
    def confirmed_sequence(self) -> int:
        """The cursor of the slowest destination."""

    def destination(self, name: str) -> JournalPort:
        """The journal as that destination sees it."""


class GatewaySettings(Protocol):
    """[gateway]"""

    @property
    def id(self) -> str:
        """Names the gateway in topics and batches."""

    @property
    def data_dir(self) -> str:
        """Folder for what an envelope must remember over a restart."""


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

    @property
    def envelope(self) -> str:
        """`plain`, `guomi` or `rsa-aes`."""

    @property
    def envelope_keys(self) -> str:
        """File of our own keys; empty for plain."""

    @property
    def envelope_peers(self) -> str:
        """File of the receiver's public keys; empty for plain."""

    @property
    def envelope_max_age_s(self) -> float:
        """How old a message may be that is opened."""


class Quirks(Protocol):
    """[sessions], as far as it says how records are read."""

    @property
    def profiles_dir(self) -> str:
        """Folder of quirk profiles; empty for none."""

    @property
    def terminal_profiles(self) -> Mapping[str, str]:
        """Terminal → its profile's name."""


class DeliveryConfig(Protocol):
    """The sections of the configuration that matter here."""

    @property
    def gateway(self) -> GatewaySettings:
        """[gateway]"""

    @property
    def batch(self) -> BatchSettings:
        """[batch]"""

    @property
    def mqtt(self) -> MqttSettings:
        """[mqtt]"""

    @property
    def destination(self) -> Sequence[object]:
        """[[destination]], each with the keys of settings.Settings; none: [batch] and [mqtt] are the one."""
