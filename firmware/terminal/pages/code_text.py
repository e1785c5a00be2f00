"""Page: what goes into the symbol: the code with the proof of presence, and how dense it may be."""

from protocols.wire.presence import proof

from ..qr.tables import buffer_bytes, is_alphanumeric, total_bytes
from ..screen.density import density


def prepare(view, display, day, second, key, hashed):
    """(text, whether it is alphanumeric, version, level, bytes of the codewords, bytes of the buffer).

    key: of the proof, b"" for a symbol without one. day, second: of the proof, UTC. None: it fits no symbol.
    """
    text = view.code
    if key:
        text = text + proof(text, day, second, view.key, key, hashed)
    alphanumeric = is_alphanumeric(text)
    level, version = density(text, alphanumeric, display.width, display.height)
    if not version:
        return None
    return text, alphanumeric, version, level, total_bytes(version, level), buffer_bytes(version, level)
