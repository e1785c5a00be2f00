"""What grows has an end: waybills that nobody ordered, tracks, scans, verdicts, the file itself."""

from pathlib import Path

import pytest

from edge_gateway.commands import CommandError, StoreError
from edge_gateway.config import Config
from edge_gateway.freight import making, trips, upkeep, waybills
from edge_gateway.freight.book import Book
from edge_gateway.freight.clock import Now
from edge_gateway.freight.orders import Order
from edge_gateway.freight.signing import signer_of, signing_of
from edge_gateway.freight.verdicts import question_of
from protocols.driver_code.lists import write_seals
from protocols.evidence import bundle, decode_anchor, verify_bundle
from protocols.monitoring.envelopes.key_files import read_ring, write_ring
from protocols.monitoring.envelopes.keys import KeyRing, new_keys
from protocols.monitoring.envelopes.suites import GuomiSuite
from tests.evidence.test_evidence import empty_machine
from tests.freight import fleet

from .house import House, order

DAY_S = 86_400
ASKED = question_of(
    {
        "vehicle": f"{fleet.PLATE}/{fleet.COLOUR}", "driver": fleet.IDENTITY, "company": "", "cargo": "0400",
        "weight_kg": 1, "dangerous": False,
    }
)  # fmt: skip


def count(house: House, table: str) -> int:
    return int((house.book.row(f"SELECT count(*) FROM {table}") or (0,))[0])


def clean(house: House, days: int = 30) -> None:
    house.now_s += days * DAY_S
    upkeep.clean(house.book, Now(house.now_s * 1000), days - 1)


def test_a_terminal_makes_up_waybills_to_a_limit_and_orders_are_taken_all_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trips, "TYPED_IN_MAX", 3)
    house.take(*(house.loads(f"X{number}") for number in range(9)))
    assert (count(house, "waybill"), house.trips.counts["typed_in_full"]) == (3, 6)
    house.desk.dispatch((house.shown(house.code()), ""), Order(order("YD1")), "api")
    house.take(house.loads("YD1"))
    assert house.desk.waybill("YD1", "0000")["state"] == "loaded"
    house.take(*(house.loads(f"X{number}", loaded=False) for number in range(3)))
    clean(house)
    house.take(house.loads("Y"))
    assert house.desk.waybill("Y", "0000")["state"] == "loaded"


def test_a_waybill_that_is_forgotten_leaves_its_number_to_nobody(house: House) -> None:
    """The rows of events stay: another waybill under the same row would have two lives."""
    house.take(house.loads("X"), house.loads("X", loaded=False), house.position(house.now_s))
    row = waybills.find(house.book, "X", "0000")
    clean(house)
    house.take(house.loads("Z"))
    fresh = waybills.find(house.book, "Z", "0000")
    assert row is not None and fresh is not None and fresh.id > row.id
    clean(house)
    assert waybills.find(house.book, "X", "0000") is None
    assert count(house, "position") == 0
    exported = house.evidence.export("waybill/X/0000", True)
    assert exported is not None and verify_bundle(exported).holds  # the chain is for good


def test_a_track_has_an_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trips, "TRACK_MAX", 5)
    house.take(house.loads("X"), *(house.position(house.now_s + number) for number in range(9)))
    assert (count(house, "position"), house.trips.counts["track_full"]) == (5, 4)


def test_a_position_counts_once_whichever_journal_it_came_through(house: House) -> None:
    house.take(house.loads("X"))
    record = house.position(house.now_s + 1)
    house.take(record)
    house.place.base = 1 << 48  # as another worker's journal has it
    house.take(record._replace(sequence=house.sequence + 1))
    assert count(house, "position") == 1
    house.take(house.position(house.now_s + 1, east_udeg=5)._replace(sequence=house.sequence + 2))
    assert count(house, "position") == 2


def test_verdicts_and_scans_end_with_their_time_and_waybills_do_not(house: House) -> None:
    house.desk.dispatch((house.shown(house.code()), ""), Order(order("YD1")), "api")
    house.desk.capacity(ASKED, "api")
    house.desk.write_verdicts()
    clean(house)
    assert (count(house, "verdict"), count(house, "scan")) == (1, 0)  # no anchor has it yet
    with house.book.turn():
        house.evidence.anchor(house.now_s * 1000)
    clean(house)
    assert count(house, "verdict") == 0
    with pytest.raises(CommandError, match="no evidence"):
        house.desk.export("capacity/1", True, "api")
    report = verify_bundle(house.desk.export("waybill/YD1/0000", True, "api"))
    assert (report.holds, len(report.anchors)) == (True, 1)


def test_a_waybills_chain_cannot_be_deleted(house: House) -> None:
    house.desk.create(Order(order("YD1") | {"vehicleInfo": {**order()["vehicleInfo"], **_vehicle()}}), "api")
    with pytest.raises(StoreError, match="append-only"), house.book.turn():
        house.book.run("DELETE FROM link")


def _vehicle() -> dict[str, object]:
    driver = [{"driverName": "张三", "drivingLicense": fleet.IDENTITY}]
    return {"vehicleNumber": fleet.PLATE, "vehiclePlateColorCode": fleet.COLOUR, "driver": driver}


def test_a_file_that_is_full_says_which_key_to_change(tmp_path: Path) -> None:
    book = Book(tmp_path / "freight.db", 1 << 20)
    with pytest.raises(StoreError, match=r"full; freight\.max_bytes is 1048576"), book.turn():
        book.keep("large", bytes(2 << 20))
    with book.turn():
        book.keep("small", 1)
    assert (book.kept("small"), book.used_bytes() < 1 << 20) == (1, True)
    book.close()


def test_a_bundle_that_is_too_large_is_refused_and_counted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.take(house.loads("X"))
    monkeypatch.setattr(bundle, "BYTES_MAX", 100)
    with pytest.raises(CommandError, match="the bundle is too large"):
        house.desk.export("waybill/X/0000", True, "api")
    assert house.desk.stats()["counters"]["bundle_too_large"] == 1


def test_a_waybills_evidence_stands_by_itself_on_an_empty_machine(tmp_path: Path) -> None:
    """By the gateway's public key alone; a flipped byte names the first broken link."""
    key = new_keys(GuomiSuite(), "gw-1", 0)[0]
    house = House(tmp_path, signing=signing_of(KeyRing([key]), "gw-1"))
    house.know()
    house.take(house.loads("X"), house.position(house.now_s + 1), house.loads("X", loaded=False))
    with house.book.turn():
        house.trips.closing.tick(Now(house.now_s * 1000))
        house.evidence.anchor(house.now_s * 1000)
    told = house.desk.export("waybill/X/0000", True, "api")
    house.book.close()
    machine = tmp_path / "machine"
    machine.mkdir()
    (machine / "bundle").write_bytes(told)
    at = told.index(b'"index":1')
    (machine / "flipped").write_bytes(told[:at] + told[at:].replace(b'"unload', b'"unloaf', 1))
    run = empty_machine(machine)
    demanded = f"{key.id.hex()}={key.public.hex()}"
    code, words = run("bundle", "--key", demanded)
    assert (code, words.startswith("holds: waybill/X/0000, sm3")) == (0, True), words
    code, words = run("flipped", "--key", demanded)
    assert (code, words.startswith("BROKEN: link ")) == (1, True), words


def test_anchors_bear_the_gateways_own_signature(tmp_path: Path) -> None:
    """The newest key that began; the bundle verifies by the public half alone."""
    suite = GuomiSuite()
    old, young = new_keys(suite, "gw-1", 0)[0], new_keys(suite, "gw-1", (fleet.NOON + 60) * 1000)[0]
    house = House(tmp_path, signing=signing_of(KeyRing([old, young]), "gw-1"))
    house.know()
    public = {each.id.hex(): each.public for each in (old, young)}

    def check(key: str, signed: bytes, signature: bytes) -> bool | None:
        return fleet.GUOMI.sm2_verify(public[key], signed, signature) if key in public else None

    for seconds, key in ((0, old), (120, young)):
        house.now_s = fleet.NOON + seconds
        house.take(house.loads(f"X{seconds}"))
        with house.book.turn():
            anchor = house.evidence.anchor(house.now_s * 1000)
        assert anchor is not None and anchor.key == key.id.hex()
        told = house.desk.export(f"waybill/X{seconds}/0000", True, "api")
        assert verify_bundle(told, check, signed=True).holds
    del public[young.id.hex()]
    assert "not signed by a key" in verify_bundle(told, check, signed=True).reason
    published = decode_anchor(house.evidence.unpublished()[0][1])
    assert (published.number, len(published.signature)) == (1, 64)
    house.book.close()


def test_the_keys_of_anchors_come_from_the_configuration(tmp_path: Path) -> None:
    keys, other = tmp_path / "gw.keys", tmp_path / "other.keys"
    write_ring(keys, KeyRing(new_keys(GuomiSuite(), "gw-1", 0)))
    write_ring(other, KeyRing(new_keys(GuomiSuite(), "gw-2", 0)))

    def configured(**freight: str) -> Config:
        return Config.model_validate({"gateway": {"id": "gw-1"}, "freight": freight})

    assert signer_of(configured()) is None
    signing = signer_of(configured(anchor_keys=str(keys)))
    assert signing is not None
    key, signer = signing(1)
    public = read_ring(keys).newest("gw-1", "sign", 1)
    assert signer is not None and key == public.id.hex()
    assert fleet.GUOMI.sm2_verify(public.public, b"x", signer(b"x"))
    with pytest.raises(StoreError, match=r"freight\.anchor_keys: .*no private SM2 key of gw-1"):
        signer_of(configured(anchor_keys=str(other)))
    envelope = {"envelope": "guomi", "envelope_keys": str(keys), "envelope_peers": str(other)}
    guarded = Config.model_validate({"gateway": {"id": "gw-1"}, "mqtt": envelope})
    fallback = signer_of(guarded)
    assert fallback is not None and fallback(1)[0] == key


def test_keys_of_seals_that_others_may_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "seals.json"
    path.write_bytes(write_seals({"13900000001": bytes(32)}))
    path.chmod(0o644)
    with pytest.raises(StoreError, match=r"freight\.seal_file: .*chmod 600"):
        making._seals(str(path))
    path.chmod(0o600)
    assert making._seals(str(path)) == {"13900000001": bytes(32)}
