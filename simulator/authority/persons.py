"""A person's rights: what is kept of them, handed out; and taken out again.

What rests on consent or on the person's own wish (code, its history, consents, the driver's record,
papers) is deleted at once. Documents of freight monitoring rest on a statutory duty: they stay for
`retention_s`, then name, identity number and telephone in them give way to the keyed hash, by which
counts still work.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final, NamedTuple

from .books import rows
from .books.consents import Audit, Audited, Consents
from .books.documents import packed, unpacked
from .books.registry import DRIVER, PAPER, certificate_to_json, paper_name
from .bureau import Bureau

# unverified: how long such documents must be kept; half a year is what is said of platforms' positions.
RETENTION_S: Final = 180 * 86400
NAMES: Final = frozenset({"driverName"})
NUMBERS: Final = frozenset({"drivingLicense", "qualificationCertificate", "telephone"})


class Deleted(NamedTuple):
    """What became of it. kept: documents under the statutory duty, the last of them until kept_until_s."""

    code: bool
    consents: int
    papers: int
    documents: int
    kept: int
    kept_until_s: int | None


class Persons:
    """Of one bureau."""

    def __init__(self, bureau: Bureau, retention_s: int = RETENTION_S) -> None:
        self._bureau, self._book, self._retention_s = bureau, bureau.book, retention_s
        self._consents, self._audit = Consents(bureau.book), Audit(bureau.book)

    def export(self, identity: str, account: str) -> dict[str, Any]:
        """All that is kept of a person, for JSON. A person who cancelled and was deleted is not in it."""
        now_s, who = self._bureau.clock(), self._bureau.who_of(identity)
        driver = self._bureau.registry.driver(identity)
        record = self._bureau.holders.get(bytes.fromhex(who))
        documents = self._book.rows(
            "SELECT kind, reference, received_s, body FROM document JOIN subject ON number = document"
            " WHERE who = ? ORDER BY number",
            (who,),
        )
        self._audit.note(Audited(now_s, account, "export", who, "", "everything"))
        return {
            "driver": None if driver is None else asdict(driver),
            "papers": [
                certificate_to_json(paper.certificate)
                for paper in self._bureau.registry.papers_of(f"person:{identity}")
            ],
            "code": None if record is None else {"text": record.issued.text, "since_s": record.since_s},
            "code_history": [
                {"at_s": change.at_s, "action": change.action} for change in self._book.history("holder", who)
            ],
            "consents": [
                vars(consent) | {"purpose": consent.purpose.value, "number": number}
                for number, consent in self._consents.of(who)
            ],
            "documents": [
                {"kind": kind, "reference": reference, "received_s": received_s, "document": unpacked(body)}
                for kind, reference, received_s, body in documents
            ],
            "given_to_others": [line._asdict() for line in self._audit.of(who)],
        }

    def delete(self, identity: str, account: str) -> Deleted:
        """Takes the person out as far as no duty stands against it; once more later takes the rest."""
        now_s, who = self._bureau.clock(), self._bureau.who_of(identity)
        with self._book.writing():
            code = self._bureau.cancel(bytes.fromhex(who))
            consents = self._consents.forget(who)
            papers = self._bureau.registry.papers_of(f"person:{identity}")
            for paper in papers:
                self._book.forget(PAPER, paper_name(paper.certificate.paper, paper.certificate.number))
            self._book.forget(DRIVER, identity)
            documents, kept, until_s = self._veil_documents(identity, who, now_s)
            self._audit.note(Audited(now_s, account, "deletion", who, "", f"{documents} documents veiled"))
        return Deleted(code, consents, len(papers), documents, kept, until_s)

    def _veil_documents(self, identity: str, who: str, now_s: int) -> tuple[int, int, int | None]:
        found = self._book.rows(
            "SELECT number, received_s, body FROM document JOIN subject ON number = document WHERE who = ?",
            (who,),
        )
        kept = [received_s for _, received_s, _ in found if received_s > now_s - self._retention_s]
        with self._book.writing() as database:
            for number, received_s, body in found:
                if received_s <= now_s - self._retention_s:
                    veiled = _veiled(unpacked(body), identity, who)
                    database.execute(
                        "UPDATE document SET body = ?, label = replace(label, ?, ?) WHERE number = ?",
                        (packed(veiled), identity, who, number),
                    )
                    database.execute("DELETE FROM subject WHERE who = ? AND document = ?", (who, number))
                    rows.renew(self._book, number)
        until_s = max(kept) + self._retention_s if kept else None
        return len(found) - len(kept), len(kept), until_s


def _veiled(value: Any, identity: str, who: str) -> Any:
    """The same document; in groups that name this person, name and numbers are hashes or empty."""
    if isinstance(value, list):
        return [_veiled(each, identity, who) for each in value]
    if not isinstance(value, dict):
        return value
    inner = {name: _veiled(each, identity, who) for name, each in value.items()}
    if value.get("drivingLicense") == identity:
        inner |= {name: "*" for name in NAMES & inner.keys()}
        inner |= {name: who[:18] for name in NUMBERS & inner.keys()}
    return inner
