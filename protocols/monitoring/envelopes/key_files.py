"""Key rings on disk: JSON, a file with private keys for their owner, one with the public halves for others.

The only file of the envelopes that reads keys from a disk. A file with private keys is for its owner alone.
"""

import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from protocols.wire.errors import LocalProtocolError

from .guarded import MAX_AGE_MS
from .keys import Key, KeyRing
from .plain import Envelope
from .profiles import PLAIN, make_envelope
from .seen_file import SeenFile

FORMAT: Final = "dianyun.keys/1"
_BYTES_MAX: Final = 8 << 20
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def write_ring(path: Path, ring: KeyRing) -> None:
    """Writes the file anew, in one step, readable by its owner alone. Raises OSError."""
    document = {"format": FORMAT, "keys": [_fields(key) for key in ring.keys]}
    aside = path.with_name(path.name + ".new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def read_ring(*paths: Path) -> KeyRing:
    """The keys of these files together. Raises LocalProtocolError, which names the file and never a key."""
    keys: list[Key] = []
    for path in paths:
        try:
            keys += _read(path)
        except OSError as error:
            raise LocalProtocolError(f"{path}: {error.strerror}", field="keys") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise LocalProtocolError(f"{path}: no file of keys ({FORMAT})", field="keys") from None
    return KeyRing(keys)


def load_envelope(
    profile: str,
    keys_file: Path | str,
    peers_file: Path | str | Sequence[Path],
    *,
    seen_file: Path | str | None = None,
    max_age_ms: int = MAX_AGE_MS,
) -> Envelope:
    """An envelope from files. peers_file: one, or one for each peer. seen_file: where to remember what was
    taken, None for in memory only.

    Raises LocalProtocolError and OSError. For profile plain no file is read.
    """
    if profile == PLAIN:
        return make_envelope(PLAIN)
    files = [Path(peers_file)] if isinstance(peers_file, (str, Path)) else peers_file
    own, peers = read_ring(Path(keys_file)), read_ring(*files)
    seen = SeenFile(Path(seen_file)).memory if seen_file is not None else None
    return make_envelope(profile, own, peers, seen=seen, max_age_ms=max_age_ms)


def _read(path: Path) -> list[Key]:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        data = file.read(_BYTES_MAX)
    document = json.loads(data)
    if document["format"] != FORMAT:
        raise ValueError("another format")
    keys = [_key(fields) for fields in document["keys"]]
    if any(key.private for key in keys) and mode & _OTHERS:
        raise LocalProtocolError(
            f"{path}: holds private keys and others may read it: chmod 600", field="keys"
        )
    return keys


def _fields(key: Key) -> dict[str, Any]:
    private = {"private": key.private.hex()} if key.private else {}
    return {
        "id": key.id.hex(),
        "owner": key.owner,
        "kind": key.kind,
        "use": key.use,
        "from_ms": key.from_ms,
        "until_ms": key.until_ms,
        "public": key.public.hex(),
        **private,
    }


def _key(fields: dict[str, Any]) -> Key:
    texts = [fields[name] for name in ("owner", "kind", "use")]
    times = [fields[name] for name in ("from_ms", "until_ms")]
    if not all(isinstance(text, str) and text for text in texts):
        raise TypeError("owner, kind or use is no text")
    if not all(type(time) is int and time >= 0 for time in times):
        raise TypeError("from_ms or until_ms is no time")
    private = bytes.fromhex(fields.get("private", ""))
    owner, kind, use = texts
    key = Key(owner, kind, use, times[0], times[1], bytes.fromhex(fields["public"]), private)
    if fields["id"] != key.id.hex():
        raise ValueError("a key and its id do not fit")
    return key
