"""A destination's envelope: which profile, whose keys, and where is written what was taken already."""

from pathlib import Path
from typing import Final

from protocols.monitoring.envelopes import PLAIN, Envelope, load_envelope
from protocols.monitoring.topics import SNAPSHOTS_LEVEL
from protocols.wire.errors import LocalProtocolError

from .settings import Settings

SEEN_SUFFIX: Final = ".seen"


def envelope_of(settings: Settings) -> Envelope:
    """A new envelope; over a restart it remembers what was taken where the settings name a folder.

    Raises LocalProtocolError, naming the file, and OSError.
    """
    if settings.envelope == PLAIN:
        return load_envelope(PLAIN, "", "")
    seen = None
    if settings.seen_dir:
        seen = Path(settings.seen_dir) / f"envelope-{settings.client_id}{SEEN_SUFFIX}"
    return load_envelope(
        settings.envelope,
        settings.envelope_keys,
        settings.envelope_peers,
        seen_file=seen,
        max_age_ms=int(settings.envelope_max_age_s * 1000),
    )


def check_envelope(section: object) -> None:
    """A section's envelope can be used. Raises ValueError, which names the key."""
    profile, keys, peers = (
        getattr(section, name) for name in ("envelope", "envelope_keys", "envelope_peers")
    )
    if profile == PLAIN:
        if keys or peers:
            raise ValueError("envelope: with keys it is guomi or rsa-aes")
        return
    for name, value in (("envelope_keys", keys), ("envelope_peers", peers)):
        if not value:
            raise ValueError(f"{name}: envelope {profile!r} needs it")
        if not Path(value).is_file():
            return  # named by the check of files
    try:
        load_envelope(profile, keys, peers)
    except (LocalProtocolError, OSError) as error:
        raise ValueError(f"envelope: {error}") from error


def is_kept_by_broker(topic: str) -> bool:
    """Whether a retained message there is as good as a new one: what stands there has a sequence of its own.

    By our own knowledge of topics alone: the broker's flag could make any old message look so."""
    return topic.rpartition("/")[0].rpartition("/")[2] == SNAPSHOTS_LEVEL
