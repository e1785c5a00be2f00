"""The public keys of both sides. Padding and block size are said nowhere: see `body_encryption`."""

from construct import Bytes, Int32ub, Struct

from .types import Message, clause, in_every_edition

_KEY = Struct("exponent" / Int32ub * "RSA公钥e", "modulus" / Bytes(128) * "RSA公钥n")

MESSAGES = (
    Message(0x8A00, "PlatformRsaKey", "平台RSA公钥", "down", 0x0A00, clause(64), in_every_edition(_KEY)),
    Message(0x0A00, "TerminalRsaKey", "终端RSA公钥", "up", 0x8A00, clause(65), in_every_edition(_KEY)),
)
