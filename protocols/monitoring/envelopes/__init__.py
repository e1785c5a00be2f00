"""The guarded line: what may be read by the receiver alone, comes from the sender alone, and only once.

`make_envelope` gives one of three profiles: plain (the payload as it is), guomi (SM4-GCM, key under SM2, SM2
signature over SM3), rsa-aes (AES-256-GCM, key under RSA-OAEP, RSA-PSS signature). The format is ours. Pure
but for `key_files` and `seen_file`. Threads may share an Envelope. No certified module.
"""

from .errors import EnvelopeError
from .guarded import GuardedEnvelope
from .key_files import load_envelope, read_ring, write_ring
from .keys import ENCRYPT, SIGN, Key, KeyRing, new_keys, public_ring, retire, rotate
from .plain import Envelope, Opened, PlainEnvelope
from .profiles import GUOMI, PLAIN, PROFILES, RSA_AES, make_envelope
from .seen import SeenMessages

__all__ = [
    "ENCRYPT",
    "GUOMI",
    "PLAIN",
    "PROFILES",
    "RSA_AES",
    "SIGN",
    "Envelope",
    "EnvelopeError",
    "GuardedEnvelope",
    "Key",
    "KeyRing",
    "Opened",
    "PlainEnvelope",
    "SeenMessages",
    "load_envelope",
    "make_envelope",
    "new_keys",
    "public_ring",
    "read_ring",
    "retire",
    "rotate",
    "write_ring",
]
