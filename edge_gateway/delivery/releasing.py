"""What of each record leaves for a destination that is no supervisor: an allow-list with a purpose.

    purpose = "analysis"        # verification, exchange, monitoring, aftermarket, analysis
    [fields]                    # a path of the JSON form → a rule; what is not listed is dropped and counted
    kind = "clear"
    "position.latitude" = "position"
    phone = "hash:phone"
    [keys]                      # epoch → file with the key of its hashes, hex
    2026Q1 = "2026Q1.key"

Where the purpose rests on consent, a list that lets leave in clear who somebody is, is refused.
"""

import tomllib
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from protocols.freight.consent import BASES, Basis, Purpose
from protocols.freight.pseudonyms import PseudonymError, Pseudonyms, quarter_of
from protocols.freight.release import HASH, AllowList, Gate, ReleaseError
from protocols.freight.showing import RULES_OF_FIELDS
from protocols.guomi import choose
from protocols.monitoring.batch import Batch
from protocols.monitoring.fields import dump_document
from protocols.monitoring.json_form import ProfileOf, as_the_standard_says, document_of

SCHEMA: Final = "dianyun.released/1"
TOPIC: Final = "records"
CLEAR: Final = "clear"
# Beside the fields that have a mask: bytes and names that lead back to a person.
ALWAYS_PERSONAL: Final = frozenset(("body", "record_id", "hex", "content"))
_BEIJING: Final = timedelta(hours=8)


class Release:
    """`encode(batch)` gives the message; `dropped` counts what was left out, by path."""

    def __init__(self, purpose: Purpose, gate: Gate) -> None:
        self._purpose = purpose
        self._gate = gate
        self.dropped: Counter[str] = Counter()

    def encode(self, batch: Batch, profile_of: ProfileOf = as_the_standard_says) -> bytes:
        """A document as `json_form` writes it, with its own schema and purpose, without what is not listed.

        Raises ReleaseError, PseudonymError: no key for the epoch of a record.
        """
        document = document_of(batch, profile_of)
        document["schema"] = SCHEMA
        document["purpose"] = self._purpose.value
        document["records"] = [
            self._released(record, quarter_of(_day(one.received_ms)))
            for record, one in zip(document["records"], batch.records, strict=True)
        ]
        return dump_document(document)

    def _released(self, record: Mapping[str, Any], epoch: str) -> dict[str, Any]:
        released = self._gate.release(TOPIC, self._purpose, record, epoch)
        self.dropped.update(released.dropped)
        return released.document


def load_release(path: Path) -> Release:
    """Raises ReleaseError, which names file and path of the field; never a key."""
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ReleaseError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise ReleaseError(f"{path}: not TOML: {error}") from error
    unknown = set(values) - {"purpose", "fields", "keys"}
    if unknown or not isinstance(values.get("fields"), dict):
        raise ReleaseError(f"{path}: purpose, [fields] and [keys] are wanted; {sorted(unknown)} is unknown")
    purposes = {purpose.name.lower(): purpose for purpose in Purpose}
    purpose = purposes.get(str(values.get("purpose")))
    if purpose is None:
        raise ReleaseError(f"{path}: purpose: one of {', '.join(purposes)}")
    fields = {name: str(rule) for name, rule in _flat(values["fields"])}
    _check_basis(path, purpose, fields)
    try:
        pseudonyms = _pseudonyms(path, values.get("keys", {}), fields)
        return Release(purpose, Gate((AllowList(TOPIC, purpose, fields),), pseudonyms))
    except (ReleaseError, PseudonymError) as error:
        raise ReleaseError(f"{path}: {error}") from error


def _check_basis(path: Path, purpose: Purpose, fields: Mapping[str, str]) -> None:
    if BASES[purpose] is Basis.STATUTE:
        return
    for name, rule in fields.items():
        last = name.rpartition(".")[2]
        if rule == CLEAR and (last in RULES_OF_FIELDS or last in ALWAYS_PERSONAL):
            raise ReleaseError(
                f"{path}: fields.{name}: {purpose.value} rests on {BASES[purpose].value}:"
                " it is masked, hashed, or left out"
            )


def _pseudonyms(path: Path, keys: Any, fields: Mapping[str, str]) -> Pseudonyms | None:
    if not any(rule.startswith(HASH) for rule in fields.values()):
        return None
    if not isinstance(keys, dict) or not keys:
        raise ReleaseError("[keys]: a rule hash:… needs a key for each epoch")
    found = {}
    for epoch, name in keys.items():
        try:
            found[epoch] = bytes.fromhex((path.parent / str(name)).read_text("ascii").strip())
        except OSError as error:
            raise ReleaseError(f"keys.{epoch}: {error.strerror}") from error
        except ValueError as error:
            raise ReleaseError(f"keys.{epoch}: no key in hex") from error
    return Pseudonyms(choose(), found)


def _flat(fields: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """TOML reads position.latitude as a table in a table."""
    found: list[tuple[str, Any]] = []
    for name, value in fields.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{before}{name}.")
        else:
            found.append((before + name, value))
    return found


def _day(moment_ms: int) -> str:
    return f"{datetime.fromtimestamp(moment_ms / 1000, UTC) + _BEIJING:%Y%m%d}"
