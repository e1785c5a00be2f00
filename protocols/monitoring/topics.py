"""Names on the line: topics, gateway ids, batch ids. Texts only; nothing is published here."""

import re
from typing import Final

from ..wire.errors import LocalProtocolError, RemoteProtocolError

DEFAULT_PREFIX: Final = "gov/v1"
SNAPSHOTS_LEVEL: Final = "registers"

# A gateway id is one topic level of any broker: no `/+#`, no spaces, no `.`, which NATS reads as a level.
GATEWAY_ID_PATTERN: Final = r"[A-Za-z0-9_-]{1,64}"
_GATEWAY_ID: Final = re.compile(GATEWAY_ID_PATTERN)
_BATCH_ID: Final = re.compile(rf"({GATEWAY_ID_PATTERN})/([1-9][0-9]{{0,18}})/([1-9][0-9]{{0,4}})")
SEQUENCE_MAX: Final = 2**63 - 1  # what SQLite and every language's 64-bit integer hold


def positions_topic(prefix: str, gateway: str) -> str:
    """Where one gateway publishes its batches."""
    return f"{prefix}/pos/{gateway}"


def receipts_topic(prefix: str, gateway: str) -> str:
    """Where the monitoring system answers one gateway."""
    return f"{prefix}/ack/{gateway}"


def commands_topic(prefix: str, gateway: str) -> str:
    """Where one gateway is asked to send messages to its terminals."""
    return f"{prefix}/cmd/{gateway}"


def command_results_topic(prefix: str, gateway: str) -> str:
    """Where it tells what becomes of them."""
    return f"{prefix}/cmd-result/{gateway}"


def documents_topic(prefix: str, gateway: str) -> str:
    """Where one gateway sends freight documents (see `documents`)."""
    return f"{prefix}/doc/{gateway}"


def document_receipts_topic(prefix: str, gateway: str) -> str:
    """Where the monitoring system answers them, document by document."""
    return f"{prefix}/doc-ack/{gateway}"


def snapshots_topic(prefix: str, gateway: str) -> str:
    """Where the sealed snapshot of the registers for one gateway's fleet stands, retained."""
    return f"{prefix}/{SNAPSHOTS_LEVEL}/{gateway}"


def codes_topic(prefix: str, gateway: str) -> str:
    """Where driver codes come down to one gateway's terminals."""
    return f"{prefix}/code/{gateway}"


def anchors_topic(prefix: str, gateway: str) -> str:
    """Where one gateway publishes the anchors of its evidence chains."""
    return f"{prefix}/anchor/{gateway}"


def documents_filter(prefix: str) -> str:
    """The subscription of a monitoring system: the freight documents of every gateway."""
    return f"{prefix}/doc/+"


def anchors_filter(prefix: str) -> str:
    """The same for the anchors of evidence."""
    return f"{prefix}/anchor/+"


def positions_filter(prefix: str) -> str:
    """The subscription of a monitoring system: the batches of every gateway."""
    return f"{prefix}/pos/+"


def gateway_of(topic: str) -> str:
    """The gateway id at the end of a positions or receipts topic. Raises RemoteProtocolError."""
    gateway = topic.rpartition("/")[2]
    if not is_gateway_id(gateway):
        raise RemoteProtocolError(f"no gateway id at the end of the topic {topic[:80]!r}", field="topic")
    return gateway


def is_gateway_id(text: str) -> bool:
    """Whether `text` may name a gateway: 1 to 64 of A–Z a–z 0–9 _ -."""
    return _GATEWAY_ID.fullmatch(text) is not None


def batch_id(gateway: str, first_sequence: int, count: int) -> str:
    """`{gateway}/{first_sequence}/{count}`. Raises LocalProtocolError for a part out of range."""
    text = f"{gateway}/{first_sequence}/{count}"
    if _BATCH_ID.fullmatch(text) is None:
        raise LocalProtocolError(f"{text[:120]!r} is no batch id", field="batch")
    return text


def parse_batch_id(text: str) -> tuple[str, int, int]:
    """The inverse: (gateway, first sequence, count). Raises RemoteProtocolError."""
    match = _BATCH_ID.fullmatch(text)
    if match is None:
        raise RemoteProtocolError(f"{text[:120]!r} is no batch id", field="batch")
    return match[1], int(match[2]), int(match[3])
