"""The proof of presence behind a driver code: when the symbol was made, a keyed hash over that and the code.

`+DYP1` and 24 characters of base45 over 16 bytes: day since 2000-01-01 (2 bytes), second of the day (3), key
reference (2), the first 9 bytes of HMAC-SHA256(key, CONTEXT ‖ those 7 bytes ‖ code). UTC, the highest
byte first. The terminal writes it, the verifier takes it apart; the format is ours.
"""

import struct

from . import base45

MARK = b"+DYP1"
CONTEXT = b"dianyun presence 1"
HEAD_BYTES = 7
HASH_BYTES = 9
PROOF_CHARACTERS = 29


def proof(code, day, second, reference, key, hashed):
    """The characters to put behind the code. hashed(key, message) → the 32 bytes of HMAC-SHA256."""
    head = struct.pack(">HBHH", day, second >> 16, second & 0xFFFF, reference)
    return MARK + base45.encode(head + tag(code, head, key, hashed))


def tag(code, head, key, hashed):
    """The keyed hash of a code and a proof's head."""
    return hashed(key, CONTEXT + head + code)[:HASH_BYTES]


def split(text):
    """(code, proof bytes) of a symbol's text; (text, b"") when there is no proof behind it.

    Raises RemoteProtocolError when the proof is there and damaged.
    """
    at = len(text) - PROOF_CHARACTERS
    if at < 0 or text[at : at + len(MARK)] != MARK:
        return text, b""
    return text[:at], base45.decode(text[at + len(MARK) :])


def head_of(proof_bytes):
    """(day since 2000-01-01, second of the day, key reference) of a proof, UTC."""
    day, high, low, reference = struct.unpack(">HBHH", proof_bytes[:HEAD_BYTES])
    return day, high << 16 | low, reference
