"""Checks of the guarded line: each destination's profile, its algorithms' provider, keys that end soon."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from protocols.guomi import choose
from protocols.monitoring.envelopes import ENCRYPT, GUOMI, PLAIN, SIGN, KeyRing, read_ring
from protocols.wire.errors import LocalProtocolError

from ..config import Config
from ..delivery.settings import Settings, settings_of
from .finding import GOOD, POOR, WRONG, Finding

DAY_MS: Final = 86_400_000
SOON_MS: Final = 30 * DAY_MS
SLOW: Final = "gmssl"  # SM4-GCM in Python alone: seconds for a batch


def envelope_findings(config: Config) -> Iterator[Finding]:
    """Of every destination."""
    if not config.mqtt.enabled and not config.destination:
        return
    now_ms = time.time_ns() // 1_000_000
    for settings in settings_of(config):
        key = f"destination {settings.name}" if settings.name else "mqtt"
        yield from _findings(settings, f"{key} envelope", now_ms)


def _findings(settings: Settings, topic: str, now_ms: int) -> Iterator[Finding]:
    if settings.envelope == PLAIN:
        if settings.ca_file:
            yield Finding(GOOD, topic, "plain: TLS guards the line, the broker reads what passes")
        else:
            yield Finding(
                POOR, topic, "plain and without TLS: everyone on the line reads", "envelope, ca_file"
            )
        return
    provider = choose().providers["sm3, sm4"] if settings.envelope == GUOMI else "cryptography"
    if provider == SLOW:
        yield Finding(POOR, topic, f"guomi by {provider} alone is slow", "pip install cryptography")
    try:
        own, peers = read_ring(Path(settings.envelope_keys)), read_ring(Path(settings.envelope_peers))
        yield _of_keys(own, SIGN, "ours", f"{topic}: keys", now_ms)
        yield _of_keys(peers, ENCRYPT, "the receiver's", f"{topic}: peers", now_ms)
    except LocalProtocolError as error:
        yield Finding(WRONG, topic, str(error), "edge-gateway keys new, keys public")
        return
    yield Finding(GOOD, topic, f"{settings.envelope}, by {provider}; we claim no certification")


def _of_keys(ring: KeyRing, use: str, whose: str, topic: str, now_ms: int) -> Finding:
    newest = [ring.newest(owner, use, now_ms) for owner in ring.owners]
    first_end = min((key.until_ms for key in newest if key.until_ms), default=0)
    if first_end and first_end - now_ms < SOON_MS:
        days = (first_end - now_ms) // DAY_MS
        return Finding(POOR, topic, f"{whose} to {use} with end in {days} days", "edge-gateway keys rotate")
    return Finding(GOOD, topic, f"{whose} to {use} with: {', '.join(key.id.hex() for key in newest)}")
