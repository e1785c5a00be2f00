"""Base45 (RFC 9285): bytes as the 45 characters that a QR symbol holds in alphanumeric mode."""

from .errors import RemoteProtocolError

ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def encode(data):
    """Three characters for every two bytes, two for a last single one."""
    out = bytearray()
    for at in range(0, len(data), 2):
        double = at + 1 < len(data)
        value = data[at] << 8 | data[at + 1] if double else data[at]
        for _ in range(3 if double else 2):
            out.append(ALPHABET[value % 45])
            value //= 45
    return bytes(out)


def decode(text):
    """The bytes of a text (bytes). Raises RemoteProtocolError, with offset, for what no encoder writes."""
    out = bytearray()
    for at in range(0, len(text), 3):
        group = text[at : at + 3]
        value = 0
        for place in range(len(group) - 1, -1, -1):
            digit = ALPHABET.find(group[place : place + 1])
            if digit < 0:
                raise RemoteProtocolError("not a base45 character", -1, "base45", at + place)
            value = value * 45 + digit
        if len(group) == 1 or value > (0xFFFF if len(group) == 3 else 0xFF):
            raise RemoteProtocolError("not a base45 group", -1, "base45", at)
        if len(group) == 3:
            out.append(value >> 8)
        out.append(value & 0xFF)
    return bytes(out)
