"""The desk's screen: a PNG, and proofs of presence where the configuration has a key. A page of the board."""

from firmware.terminal import pages

from ..displays.png import PngDisplay
from ..keyed_hash import hmac_sha256


def attach(terminal, display, presence):
    """display: path, width, height, "rgb565" or "mono". presence: (key, its reference, whether keys are taken
    from pushes, whether codes must be sealed with the key), b"" for no key."""
    key, number, pushed, sealed = presence
    hashed = hmac_sha256 if key or pushed else None
    screen = pages.keep("display").attach(terminal, PngDisplay(*display), hashed, key, number, sealed)
    terminal.view.accepts_keys = pushed
    return screen
