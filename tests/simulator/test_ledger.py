"""The arithmetic of the account: each thing that can go wrong shows in its own column, by name."""

import json

from rich.console import Console

from protocols.monitoring.records import record_id
from protocols.wire.bodies import encode_body
from protocols.wire.tables import MSG_POSITION_REPORT
from simulator.demo.road import emitted_of
from simulator.fleet.events import FleetLog, read_fleet_log
from simulator.ledger.ledger import (
    Emitted,
    EmittedMessage,
    GatewayCounts,
    Received,
    balance,
    gateway_counts,
)
from simulator.ledger.report import as_json, show, verdict

PHONE = "013900000001"
IDENTITY = "13900000001"


def body(second):
    values = dict.fromkeys(
        ("alarm", "status", "latitude_udeg", "longitude_udeg", "altitude_m", "speed_dkmh", "direction_deg"), 0
    )
    time = bytes.fromhex(f"2603021234{second:02d}")
    return encode_body(MSG_POSITION_REPORT, 2013, {**values, "time_bcd": time, "items": [], "trailing": b""})


BODIES = [body(second) for second in range(5)]
IDS = [record_id(PHONE, one) for one in BODIES]


def account(*, acknowledged=(1, 2, 3, 4, 5), journalled=5, stored=tuple(IDS), **received):
    reports = {i + 1: (IDS[i], BODIES[i]) for i in range(5)}
    emitted = Emitted(IDENTITY, reports, frozenset(acknowledged))
    counts = GatewayCounts(journalled, journalled)
    return balance([emitted], counts, {IDENTITY: counts}, {IDENTITY: Received(frozenset(stored), **received)})


def test_a_clean_run_balances():
    ledger = account()
    assert ledger.total.as_dict() == {
        "emitted": 5, "acknowledged": 5, "journalled": 5, "delivered": 5, "received": 5, "lost": 0,
        "duplicated": 0, "redelivered": 0, "phantom": 0, "repeated": 0, "reused": 0, "messages": 0,
        "held": 0,
    }  # fmt: skip
    assert ledger.total.clean and ledger.total.drained


def test_a_lost_report_is_named_with_terminal_sequence_and_time():
    ledger = account(acknowledged=(1, 2, 4, 5), stored=[IDS[0], IDS[1], IDS[3], IDS[4]])
    (missing,) = ledger.total.missing
    assert (missing.terminal, missing.sequence, missing.time) == (IDENTITY, 3, "260302123402")
    assert not missing.acknowledged and ledger.total.held == 1 and not ledger.total.clean


def messages_account(stored, journalled, emitted=None):
    said = {b"card": EmittedMessage(0x0702), b"event": EmittedMessage(0x0301, times=2)}
    one = Emitted(IDENTITY, {}, frozenset(), messages=said if emitted is None else emitted)
    counts = GatewayCounts(journalled, journalled)
    return balance([one], counts, {IDENTITY: counts}, {IDENTITY: Received(messages=stored)}).total


def test_other_messages_are_held_together_by_name_and_number():
    total = messages_account({b"card": 1, b"event": 2}, 3)
    assert total.drained and (total.emitted, total.received, total.messages) == (3, 3, 3)


def test_a_lost_message_is_named():
    total = messages_account({b"event": 1}, 2)
    assert sorted(missing.message_id for missing in total.missing) == [0x0301, 0x0702]
    assert total.lost == 2 and total.missing[0].record_id == b"card".hex()


def test_a_message_stored_too_often_is_a_duplicate_and_a_stranger_a_phantom():
    assert messages_account({b"card": 1, b"event": 3}, 4).duplicated == 1
    assert messages_account({b"card": 1, b"event": 2}, 4).duplicated == 1, "seen in the journal only"
    total = messages_account({b"card": 1, b"event": 2, b"other": 1}, 4)
    assert (total.phantom, total.duplicated) == (1, 0)


def test_a_second_journal_entry_is_a_duplicate_whoever_sees_it():
    assert account(duplicated=1).total.duplicated == 1, "seen by the authority"
    assert account(journalled=6).total.duplicated == 1, "seen in the journal only"
    assert account(journalled=6, duplicated=1).total.duplicated == 1, "the same one, seen by both"


def test_a_redelivered_batch_is_harmless():
    ledger = account(redelivered=5)
    assert ledger.total.redelivered == 5 and ledger.total.drained


def test_a_report_that_nobody_emitted_is_a_phantom():
    ledger = account(stored=[*IDS, record_id(PHONE, body(59))], journalled=6)
    assert ledger.total.phantom == 1 and not ledger.total.clean


def test_a_terminal_that_nobody_drove_has_an_account_too():
    ledger = balance(
        [], GatewayCounts(1, 1), {"77": GatewayCounts(1, 1)}, {"77": Received(frozenset({b"x"}))}
    )
    assert ledger.accounts["77"].phantom == 1


def test_two_reports_of_the_same_content_break_the_terminals_promise():
    twice = Emitted(IDENTITY, {1: (IDS[0], BODIES[0]), 2: (IDS[0], BODIES[0])}, frozenset({1, 2}))
    ledger = balance([twice], GatewayCounts(1, 1), {}, {IDENTITY: Received(frozenset({IDS[0]}))})
    assert ledger.total.repeated == 1 and not ledger.total.clean


def test_a_sequence_given_to_two_reports_cannot_hide_a_loss():
    log = FleetLog()
    log.emit(PHONE, 1, BODIES[0])
    log.emit(PHONE, 1, BODIES[0])  # told again after a power cut
    assert log.terminal(PHONE).reused == 0
    log.emit(PHONE, 1, BODIES[1])
    log.acknowledge(PHONE, 1)
    received = {IDENTITY: Received(frozenset({IDS[1]}))}
    ledger = balance(emitted_of(log), GatewayCounts(1, 1), {IDENTITY: GatewayCounts(1, 1)}, received)
    assert ledger.total.lost == 0 and ledger.total.reused == 1 and not ledger.total.clean
    assert "1 sequence numbers given twice" in verdict(ledger).plain


def test_what_is_under_way_is_not_lost_but_not_drained_either():
    ledger = account(acknowledged=(1, 2))
    assert ledger.total.clean and not ledger.total.drained and ledger.total.held == 3


def test_the_gateways_status_is_read_by_identity():
    total, terminals = gateway_counts(
        {
            "journalled": 3, "delivered": 2, "queued": 1, "rejected": 0,
            "terminals": {PHONE: {"journalled": 3, "delivered": 2, "duplicates": 0}},
        }
    )  # fmt: skip
    assert total == GatewayCounts(3, 2, 1, 0) and terminals == {IDENTITY: GatewayCounts(3, 2)}


def test_the_json_has_the_promised_keys_and_every_missing_report():
    document = json.loads(json.dumps(as_json(account(stored=IDS[:3]), seed=9, trucks=1)))
    assert {"emitted", "acknowledged", "received", "lost", "duplicated", "seed"} <= document.keys()
    assert document["lost"] == 2 and [m["sequence"] for m in document["missing"]] == [4, 5]


def test_the_table_names_what_is_missing(capsys):
    show(account(stored=IDS[:3]), Console(width=120))
    shown = capsys.readouterr().out
    assert "report 4, device time 260302123403, acknowledged" in shown and "does not balance: 2 lost" in shown


def test_a_fleet_log_survives_the_file(tmp_path):
    file = tmp_path / "emitted.jsonl"
    with file.open("w") as stream:
        log = FleetLog(stream)
        log.emit(PHONE, 1, BODIES[0])
        log.acknowledge(PHONE, 1)
    again = read_fleet_log(file)
    assert again.terminals == log.terminals and again.emitted == again.acknowledged == 1
