"""The desk's screen: a PNG, and proofs of presence where the configuration has a key. A page of the board."""

from firmware.terminal import pages

from ..displays.png import PngDisplay
from ..keyed_hash import hmac_sha256


def attach(terminal, display, presence):
    """display: path, width, height, "rgb565" or "mono". presence: (key, its reference), b"" for no key."""
    key, number = presence
    hashed = hmac_sha256 if key else None
    return pages.keep("display").attach(terminal, PngDisplay(*display), hashed, key, number)
