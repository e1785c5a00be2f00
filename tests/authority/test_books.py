"""The authority's books: registers with history, documents once each, accounts, keys."""

import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from protocols.freight import Kind
from protocols.freight.certificates import Paper, Status
from protocols.freight.consent import Consent, Purpose
from protocols.freight.registers import Register
from protocols.guomi import choose
from protocols.monitoring.documents import Item, ResultCode, Upload
from simulator.authority.books import Book, BookError, Registry
from simulator.authority.books.accounts import SCOPES, TOKEN_LIFE_S, AccountKind, Accounts
from simulator.authority.books.arrivals import Arrivals
from simulator.authority.books.book import SHELF_MAX
from simulator.authority.books.consents import Audit, Audited, Consents
from simulator.authority.books.documents import uploads
from simulator.authority.books.keys import FILE, KeyRing
from simulator.authority.indicators.columns import identities_of
from simulator.authority.indicators.reduction import payment_of
from simulator.freight import SCENARIOS, build

from .freight import GATEWAY, entered, messages

NOW = 1_780_000_000


@pytest.fixture
def book(tmp_path: Path):
    with Book(tmp_path / "books.sqlite") as opened:
        yield opened


def test_a_record_is_kept_with_its_history(book: Book) -> None:
    book.put("shelf", "name", {"a": 1}, at_s=NOW, actor="me", action="made", link="l")
    book.put("shelf", "name", {"a": 2}, at_s=NOW + 1, actor="you", action="changed", link="l")
    assert book.get("shelf", "name") == {"a": 2}
    assert book.linked("shelf", "l") == [("name", {"a": 2})]
    assert book.strike("shelf", "name", at_s=NOW + 2, actor="me", action="struck")
    assert not book.strike("shelf", "name", at_s=NOW + 2, actor="me", action="struck")
    assert book.get("shelf", "name") is None
    assert [(each.actor, each.action, each.body) for each in book.history("shelf", "name")] == [
        ("me", "made", {"a": 1}),
        ("you", "changed", {"a": 2}),
        ("me", "struck", None),
    ]


def test_what_raises_leaves_nothing(book: Book) -> None:
    with pytest.raises(RuntimeError), book.writing():
        book.put("shelf", "one", {}, at_s=NOW, actor="me", action="made")
        raise RuntimeError
    assert book.get("shelf", "one") is None
    assert not book.history("shelf", "one")
    with pytest.raises(BookError, match="bytes"):
        book.put("shelf", "big", {"x": "y" * 70_000}, at_s=NOW, actor="me", action="made")
    assert book.count("shelf") == 0 < SHELF_MAX


def test_the_sequence_never_falls(book: Book) -> None:
    book.put("shelf", "one", {}, at_s=NOW, actor="me", action="made")
    before = book.sequence()
    book.forget("shelf", "one")
    assert not book.history("shelf", "one")
    book.put("shelf", "two", {}, at_s=NOW, actor="me", action="made")
    assert book.sequence() > before


def test_several_threads_may_write(book: Book) -> None:
    def write(thread: int) -> None:
        for number in range(20):
            with book.writing():
                book.put("s", f"{thread}/{number}", {}, at_s=NOW, actor="me", action="made")
                book.put("t", f"{thread}/{number}", {}, at_s=NOW, actor="me", action="made")

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert book.count("s") == book.count("t") == 80


def test_books_of_a_newer_program_are_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "b") as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(sqlite3.DatabaseError, match="99"):
        Book(tmp_path / "b")


@pytest.mark.parametrize("name", ["pilot", "dirty"])
def test_the_registers_of_a_world_come_back_as_they_were(tmp_path: Path, name: str) -> None:
    """Certificates carry validity and scope; nothing of it is lost or rounded."""
    world = build(SCENARIOS[name], 1)
    desk = entered(tmp_path, world, NOW)
    found = Registry(desk.book).registers()
    unheard = dict.fromkeys(world.registers.terminals)
    assert found == replace(world.registers, bank={}, terminals=unheard)
    paid = identities_of(
        payment_of(name, each.amount, each.account, each.time_s)
        for name, each in world.registers.bank.items()
    )
    assert set(found.booked.tolist()) == set(paid.tolist())
    desk.close()


def test_a_suspended_paper_ends_that_second_for_the_indicators(tmp_path: Path) -> None:
    world = build(SCENARIOS["pilot"], 2)
    desk = entered(tmp_path, world, world.period.from_s)
    key, entry = next(iter(world.registers.vehicles.items()))
    at_s = world.period.from_s + 5000
    desk.bureau.registry.set_status(
        Paper.TRANSPORT, entry.certificate, Status.SUSPENDED, at_s=at_s, actor="me"
    )
    assert desk.bureau.registry.registers().vehicles[key] == replace(entry, until_s=at_s)
    with pytest.raises(BookError, match="not on the register"):
        desk.bureau.registry.set_status(Paper.POLICY, "X", Status.VALID, at_s=at_s, actor="me")
    desk.close()


def test_the_blacklist(book: Book) -> None:
    registry = Registry(book)
    registry.put_blacklisted(Register.VEHICLE, "云A1/2", "stolen", at_s=NOW, actor="me")
    assert registry.blacklisted() == {(Register.VEHICLE, "云A1/2"): "stolen"}
    assert registry.clear_blacklisted(Register.VEHICLE, "云A1/2", at_s=NOW, actor="me")
    assert not registry.blacklisted()


# documents


def taker(book: Book) -> Arrivals:
    return Arrivals(book, lambda identity: f"hash of {identity}")


def test_documents_are_kept_once_and_answered(tmp_path: Path) -> None:
    world = build(SCENARIOS["pilot"], 3, faults={"wrong_code": 1})
    desk = entered(tmp_path, world, NOW)
    sent = messages(world)
    receipts = [desk.arrivals.take(message, NOW) for message in sent]
    results = [result for receipt in receipts for result in receipt.results]
    assert [receipt.message for receipt in receipts] == [message.message for message in sent]
    wrong = [result for result in results if result.code is not ResultCode.OK]
    assert [(each.code, each.field) for each in wrong] == [
        (ResultCode.FIELD_CHECK_FAILED, "businessTypeCode")
    ]
    again = [result for message in sent for result in desk.arrivals.take(message, NOW + 9).results]
    told_again = [each for each in again if each.code is not ResultCode.REPEATED]
    assert told_again == wrong, "its receipt may have been lost"
    kept = [each for _, each in uploads(desk.book)]
    assert [each.document for each in kept] == [each.document for each in world.uploads]
    assert [each.enterprise for each in kept] == [each.enterprise for each in world.uploads]
    assert sum(bool(each.faults) for each in kept) == 1
    desk.close()


def test_a_stranger_and_another_operators_documents(tmp_path: Path) -> None:
    world = build(SCENARIOS["pilot"], 3)
    desk = entered(tmp_path, world, NOW)
    item = messages(world)[0].documents[0]
    stranger = desk.arrivals.take(Upload("nobody", 1, (item,)), NOW).results[0]
    assert stranger.code is ResultCode.SERVER_ERROR, "later: it may yet be registered"
    other = desk.arrivals.take(Upload(GATEWAY, 9, (replace(item, enterprise="elsewhere"),)), NOW).results[0]
    assert (other.code, other.field) == (ResultCode.FIELD_CHECK_FAILED, "enterprise")
    assert not list(uploads(desk.book))
    desk.close()


def test_a_document_of_any_shape_is_kept(book: Book) -> None:
    Registry(book).put_gateway(GATEWAY, ["E"], at_s=NOW, actor="me")
    shapes = [
        {},
        {"shippingNoteList": 5, "positions": [1]},
        {"vehicleInfo": {"driver": [None]}, "x": "\ud800"},
    ]
    shapes.append({"shippingNoteNumber": "\ud800", "serialNumber": "0000"})
    items = [
        Item(f"r{number}", kind, 1, Purpose.MONITORING, shape)
        for number, (kind, shape) in enumerate((kind, shape) for kind in Kind for shape in shapes)
    ]
    receipt = taker(book).take(Upload(GATEWAY, 1, tuple(items)), NOW)
    assert {result.code for result in receipt.results} == {ResultCode.FIELD_CHECK_FAILED}
    assert [each.document for _, each in uploads(book)] == [item.document for item in items]


# accounts


def test_an_account_logs_in_and_its_token_ends(book: Book) -> None:
    accounts = Accounts(book)
    secret = accounts.add("desk", AccountKind.PLATFORM)
    token = accounts.login("desk", secret, NOW)
    assert token is not None
    caller = accounts.caller(token, NOW + TOKEN_LIFE_S - 1)
    assert caller is not None
    assert caller.scopes == SCOPES[AccountKind.PLATFORM]
    assert accounts.caller(token, NOW + TOKEN_LIFE_S) is None
    following = accounts.refresh(token, NOW + 5)
    assert following is not None
    assert accounts.caller(token, NOW + 6) is None, "refreshed, so it has ended"
    assert accounts.caller(following, NOW + TOKEN_LIFE_S) is not None
    assert accounts.refresh(following, NOW + 5 + TOKEN_LIFE_S) is None
    assert accounts.end("desk")
    assert accounts.caller(following, NOW + 6) is None
    assert accounts.login("desk", secret, NOW) is None


def test_issuing_and_verifying_are_scopes_of_different_kinds() -> None:
    for kind, scopes in SCOPES.items():
        assert not {"codes:issue", "codes:verify"} <= scopes, kind


def test_neither_secrets_nor_tokens_are_kept(tmp_path: Path) -> None:
    with Book(tmp_path / "b") as book:
        accounts = Accounts(book)
        secret = accounts.add("a-driver", AccountKind.DRIVER, owner="530100196001010001")
        token = accounts.login("a-driver", secret, NOW) or ""
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret.encode() not in kept
    assert token.encode() not in kept
    assert b"a-driver" in kept


def test_wrong_tries_lock_an_account_for_a_minute(book: Book) -> None:
    accounts = Accounts(book)
    secret = accounts.add("desk", AccountKind.PLATFORM)
    for _ in range(10):
        assert accounts.login("desk", "guess", NOW) is None
    assert accounts.login("desk", secret, NOW) is None
    assert accounts.login("desk", secret, NOW + 61) is not None


@pytest.mark.parametrize(
    ("name", "kind", "scopes", "owner", "field"),
    [
        ("Desk", AccountKind.PLATFORM, (), "", "account"),
        ("desk", AccountKind.DRIVER, ("codes:verify",), "1", "scope"),
        ("desk", AccountKind.COMPANY, (), "", "owner"),
    ],
)
def test_accounts_that_cannot_be(book, name, kind, scopes, owner, field) -> None:
    with pytest.raises(BookError, match=f"^{field}"):
        Accounts(book).add(name, kind, scopes, owner)


def test_a_login_may_ask_for_less_and_never_for_more(book: Book) -> None:
    accounts = Accounts(book)
    secret = accounts.add("desk", AccountKind.PLATFORM, ["codes:verify", "roadside:read"])
    token = accounts.login("desk", secret, NOW, ["codes:verify"])
    assert token is not None
    caller = accounts.caller(token, NOW)
    assert caller is not None
    assert caller.scopes == {"codes:verify"}
    assert accounts.login("desk", secret, NOW, ["registers:write"]) is None


# consents, audit, keys


def test_consent_is_given_withdrawn_and_forgotten(book: Book) -> None:
    consents = Consents(book)
    given = Consent("who", "track", Purpose.VERIFICATION, NOW, NOW + 100, separate=True)
    number = consents.add(given, at_s=NOW, actor="me")
    assert consents.permits("who", "track", Purpose.VERIFICATION, NOW)
    assert not consents.permits("who", "waybill", Purpose.VERIFICATION, NOW)
    assert not consents.withdraw(number, "another", at_s=NOW + 1, actor="me")
    assert consents.withdraw(number, "who", at_s=NOW + 10, actor="me")
    assert consents.permits("who", "track", Purpose.VERIFICATION, NOW + 9)
    assert not consents.permits("who", "track", Purpose.VERIFICATION, NOW + 10)
    assert [change.action for change in book.history("consent", number)] == ["given", "withdrawn"]
    assert consents.forget("who") == 1
    assert not consents.of("who")
    with pytest.raises(BookError, match="data_class"):
        consents.add(replace(given, data_class="soul"), at_s=NOW, actor="me")


def test_the_audit_gives_the_newest_first(book: Book) -> None:
    audit = Audit(book)
    for second in range(3):
        audit.note(Audited(NOW + second, "desk", "roadside", "who", "p", "track"))
    assert [line.at_s for line in audit.of("who", 2)] == [NOW + 2, NOW + 1]


def test_keys_rotate_and_are_kept_for_their_user_alone(tmp_path: Path) -> None:
    guomi = choose()
    ring = KeyRing(tmp_path, guomi, NOW)
    first, _ = ring.current
    second = ring.rotate(NOW + 10)
    again = KeyRing(tmp_path, guomi, NOW + 20)
    assert [key.key_id for key in again.trusted()] == [first.key_id, second.key_id]
    assert again.trusted()[0].until_s == NOW + 10 == again.trusted()[1].from_s
    assert again.identity_secret == ring.identity_secret
    file = tmp_path / FILE
    assert file.stat().st_mode & 0o077 == 0
    file.chmod(0o644)
    with pytest.raises(ValueError, match="chmod 600"):
        KeyRing(tmp_path, guomi, int(time.time()))
    file.chmod(0o600)
    file.write_text("{}")
    with pytest.raises(ValueError, match="damaged"):
        KeyRing(tmp_path, guomi, NOW)
