"""The uplink is away for two hours of the clock; trips go on, the gateway is killed again and again.

Then every document arrives once, in order per waybill, and soon."""

import random
from itertools import chain, pairwise
from pathlib import Path

import pytest

from edge_gateway.freight import outbox
from edge_gateway.freight.outbox import Kept, Submission
from protocols.freight import Kind
from protocols.monitoring.documents import DocumentReceipt, Result, ResultCode
from tests.gateway.freight.house import House, funds
from tests.gateway.freight.test_outbox import RETRY, ready, send, waybill

TWO_HOURS_S = 2 * 3600
STEP_S = 30
TRIP_EVERY_S = 300


def trip(house: House, number: int) -> list[str]:
    """What one trip's end hands in; references in the order in which they must arrive."""
    name = f"W{number:03d}"
    documents = ((Kind.WAYBILL, waybill(name)), (Kind.FUNDS, funds(name, f"Z{number:03d}")))
    return [
        house.papers.hand_in(Submission(kind, document), "api")[0].reference for kind, document in documents
    ]


def kill(house: House) -> None:
    """What is not on the disk is gone."""
    house.book.close()
    house.open()


@pytest.mark.parametrize("noticed", [True, False], ids=["the line is down", "the line says nothing"])
def test_two_hours_away_lose_and_repeat_nothing(tmp_path: Path, noticed: bool) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    chance, house, expected = random.Random(seed), House(tmp_path), list[list[str]]()
    for second in range(0, TWO_HOURS_S, STEP_S):
        if second % TRIP_EVERY_S == 0:
            expected.append(trip(house, len(expected)))
        if not noticed and (due := ready(house)):
            send(house, due)  # into the void: no receipt comes
        if chance.random() < 0.05:
            kill(house)
        house.now_s += STEP_S
    back_s, arrived = house.now_s, list[str]()
    with house.book.turn():
        outbox.disconnected(house.book, house.now_s * 1000)
    while outbox.next_due_ms(house.book) is not None:
        assert house.now_s - back_s < 600, f"seed {seed}: {len(arrived)} arrived in ten minutes"
        if due := ready(house):
            send(house, due)
            arrived += take(house, due, chance)
        if chance.random() < 0.2:
            kill(house)
        house.now_s += 1
    assert sorted(set(arrived)) == sorted(chain.from_iterable(expected)), f"seed {seed}"
    firsts = {reference: arrived.index(reference) for reference in set(arrived)}
    for mine in expected:
        assert all(firsts[one] < firsts[other] for one, other in pairwise(mine)), f"seed {seed}"
    house.book.close()


def take(house: House, documents: list[Kept], chance: random.Random) -> list[str]:
    """The far side takes all of them; one receipt of ten does not come back, so they come again."""
    if chance.random() < 0.9:
        results = tuple(Result(each.reference, ResultCode.OK) for each in documents)
        with house.book.turn():
            outbox.answered(house.book, DocumentReceipt("gw-1/1", results), house.now_s * 1000, RETRY)
    return [each.reference for each in documents]
