"""Base45 (RFC 9285): bytes as the 45 characters of a QR symbol's alphanumeric mode, two bytes in three."""

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}


def encode(data: bytes) -> str:
    """The text; 3 characters for each 2 bytes, 2 for a last single one."""
    text = []
    for at in range(0, len(data), 2):
        pair = data[at : at + 2]
        number = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            number, digit = divmod(number, 45)
            text.append(ALPHABET[digit])
    return "".join(text)


def decode(text: str) -> bytes:
    """Turns `encode` back. Raises ValueError, with the position, for what `encode` never makes."""
    data = bytearray()
    for at in range(0, len(text), 3):
        group = text[at : at + 3]
        try:
            number = sum(_VALUES[character] * 45**power for power, character in enumerate(group))
        except KeyError as error:
            raise ValueError(f"base45: {error.args[0]!r} at {at} is not of the alphabet") from None
        if len(group) == 1 or number >= 256 ** (len(group) - 1):
            raise ValueError(f"base45: {group!r} at {at} stands for no bytes")
        data += number.to_bytes(len(group) - 1, "big")
    return bytes(data)
