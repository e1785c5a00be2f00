"""Trust list, revocation list, presence keys and keys of seals as files: JSON for people and for the line,
checked by field.

    {"v": 1, "keys": [{"public": "<hex, 64 bytes>", "from_s": n, "until_s": n, "issuer": "…"}]}
    {"v": 1, "issued_s": n, "age_max_s": n, "codes": ["<hex, 8 bytes>"]}
    {"v": 1, "presence": {"<reference, 1 to 65535>": "<hex>"}}
    {"v": 1, "seals": {"<phone of the terminal>": "<hex>"}}

"v" may be absent; other members are not looked at. Key ids follow from the keys. Who may write the files is
the caller's business; nothing here is signed.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from .content import SECONDS_MAX
from .trust import CODE_ID_BYTES, LIST_AGE_MAX_S, IssuerKey, Revocations, key_id_of

VERSION: Final = 1
KEYS_MAX: Final = 1000
CODES_MAX: Final = 1_000_000
PUBLIC_BYTES: Final = 64
PRESENCE_BYTES: Final = (16, 64)  # least and most
REFERENCE_MAX: Final = 0xFFFF
PHONE_DIGITS_MAX: Final = 20
ISSUER_MAX: Final = 100


class ListError(ValueError):
    """The text is no such list; the message begins with the member."""


def write_trust(keys: Iterable[IssuerKey]) -> bytes:
    """The trust list."""
    members = [
        {"public": key.public.hex(), "from_s": key.from_s, "until_s": key.until_s, "issuer": key.issuer}
        for key in keys
    ]
    return _dump({"keys": members})


def read_trust(data: bytes) -> list[IssuerKey]:
    """The inverse. Raises ListError."""
    keys = []
    for number, each in enumerate(_members(_parse(data), "keys", list, KEYS_MAX)):
        where = f"keys[{number}]"
        if not isinstance(each, dict):
            raise ListError(f"{where}: an object is needed")
        public = _octets(each.get("public"), f"{where}.public", PUBLIC_BYTES, PUBLIC_BYTES)
        begin, end = (_second(each.get(name), f"{where}.{name}") for name in ("from_s", "until_s"))
        issuer = each.get("issuer", "")
        if not isinstance(issuer, str) or len(issuer) > ISSUER_MAX:
            raise ListError(f"{where}.issuer: a text of at most {ISSUER_MAX} characters is needed")
        keys.append(IssuerKey(key_id_of(public), public, begin, end, issuer))
    return keys


def write_revocations(revocations: Revocations) -> bytes:
    """The revocation list."""
    return _dump(
        {"issued_s": revocations.issued_s, "codes": sorted(each.hex() for each in revocations.codes)}
    )


def read_revocations(data: bytes) -> Revocations:
    """The inverse. Raises ListError."""
    value = _parse(data)
    codes = [
        _octets(each, f"codes[{number}]", CODE_ID_BYTES, CODE_ID_BYTES)
        for number, each in enumerate(_members(value, "codes", list, CODES_MAX))
    ]
    age_max_s = _second(value.get("age_max_s", LIST_AGE_MAX_S), "age_max_s")
    return Revocations(_second(value.get("issued_s"), "issued_s"), frozenset(codes), age_max_s)


def write_presence(keys: Mapping[int, bytes]) -> bytes:
    """Keys of proofs of presence by reference. A secret: the file is for its owner alone."""
    return _dump({"presence": {str(reference): key.hex() for reference, key in sorted(keys.items())}})


def read_presence(data: bytes) -> dict[int, bytes]:
    """The inverse. Raises ListError."""
    keys = {}
    for name, key in _members(_parse(data), "presence", dict, CODES_MAX).items():
        if not name.isdecimal() or not 1 <= int(name) <= REFERENCE_MAX:
            raise ListError(f"presence.{name}: a number from 1 to {REFERENCE_MAX} is needed")
        keys[int(name)] = _octets(key, f"presence.{name}", *PRESENCE_BYTES)
    return keys


def write_seals(keys: Mapping[str, bytes]) -> bytes:
    """Keys that pushes are sealed with, by the terminal's phone. A secret, as above."""
    return _dump({"seals": {phone: key.hex() for phone, key in sorted(keys.items())}})


def read_seals(data: bytes) -> dict[str, bytes]:
    """The inverse. Raises ListError."""
    keys = {}
    for phone, key in _members(_parse(data), "seals", dict, CODES_MAX).items():
        if not (phone.isascii() and phone.isdecimal() and len(phone) <= PHONE_DIGITS_MAX):
            raise ListError(f"seals.{phone}: up to {PHONE_DIGITS_MAX} digits are needed")
        keys[phone] = _octets(key, f"seals.{phone}", *PRESENCE_BYTES)
    return keys


def _dump(members: dict[str, Any]) -> bytes:
    return json.dumps({"v": VERSION, **members}, ensure_ascii=False, separators=(",", ":")).encode()


def _parse(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise ListError("list: not JSON") from None
    if not isinstance(value, dict) or value.get("v", VERSION) != VERSION:
        raise ListError(f"v: a list of version {VERSION} is needed")
    return value


def _members(value: dict[str, Any], name: str, kind: type, most: int) -> Any:
    members: Any = value.get(name)
    if not isinstance(members, (list, dict)) or type(members) is not kind or len(members) > most:
        raise ListError(f"{name}: at most {most} are taken, and they must be there")
    return members


def _octets(value: Any, where: str, least: int, most: int) -> bytes:
    try:
        data = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        data = b""
    if not least <= len(data) <= most:
        raise ListError(f"{where}: {least} to {most} bytes in hexadecimal digits are needed")
    return data


def _second(value: Any, where: str) -> int:
    if type(value) is not int or not 0 <= value <= SECONDS_MAX:
        raise ListError(f"{where}: Unix time in seconds is needed")
    return value
