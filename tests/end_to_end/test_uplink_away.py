"""The broker is away while a whole world travels and the gateway is killed in the middle: every document
arrives once and in order per waybill, and the indicators are the truth all the same."""

import asyncio
import random
import threading
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from protocols.freight.documents import Kind
from simulator.authority.books.book import Book
from simulator.freight import SCENARIOS, build
from simulator.freight.handing import hand_in
from simulator.freight.judged import Judged
from simulator.freight.site import Site
from simulator.freight.travelling import travel
from simulator.freight.trial import recent

PATIENCE_S = 120.0


@pytest.mark.soak
def test_an_uplink_that_is_away_and_a_killed_gateway_lose_and_repeat_nothing(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(16)
    print(f"seed {seed}")
    chance = random.Random(seed)
    world = build(SCENARIOS["pilot"], seed, period=recent(int(time.time())))
    kills = sorted(chance.sample(range(10, len(world.uploads) - 10), 3))
    with Site(tmp_path, world) as site:
        site.broker.kill()
        positions = asyncio.run(travel(world, site.gateway.host, site.gateway.port))
        killers: list[threading.Thread] = []

        def told(number: int) -> None:
            if number in kills:  # beside the next questions, so that it may hit any moment of them
                killers.append(threading.Thread(target=_kill, args=(site, chance.random() / 20)))
                killers[-1].start()

        documents, faulty = hand_in(site.office, world.uploads, told)
        for killer in killers:
            killer.join()
        assert site.gateway.starts == 1 + len(kills)
        assert not faulty
        assert site.counts() == (0, 0)
        site.broker.start()
        end = time.monotonic() + PATIENCE_S
        while site.counts() != (documents, positions):
            assert time.monotonic() < end, f"{site.counts()} of {(documents, positions)} arrived"
            time.sleep(0.1)
        judged = Judged(documents, positions, site.report(), world.truth, tmp_path)
        with Book(site.house.books, read_only=True) as book:
            arrived = book.rows("SELECT enterprise, kind, label, revision FROM document ORDER BY number")
    assert not judged.differences()
    assert max(Counter(arrived).values()) == 1
    _in_order([(kind, label) for _, kind, label, _ in arrived], world.uploads)


def _kill(site: Site, after_s: float) -> None:
    time.sleep(after_s)  # not to wait for anything: the moment is what chance decides
    site.gateway.kill()
    site.gateway.start()


def _in_order(arrived: list[tuple[str, str]], uploads: list) -> None:
    """Documents of one waybill came in the order in which they were handed in."""
    place = {each: at for at, each in enumerate(arrived)}
    life: dict[str, list[tuple[str, str]]] = {}
    for upload in uploads:
        document = upload.document
        if upload.kind is Kind.WAYBILL:
            life.setdefault(_key(document), []).append((upload.kind.value, _key(document)))
        elif upload.kind in (Kind.LOCATION, Kind.FUNDS):
            for note in document["shippingNoteList"]:
                label = document["documentNumber"] if upload.kind is Kind.FUNDS else _key(note)
                life.setdefault(_key(note), []).append((upload.kind.value, label))
    assert any(len(steps) == 3 for steps in life.values())
    for waybill, steps in life.items():
        assert all(place[one] < place[other] for one, other in pairwise(steps)), waybill


def _key(note: dict) -> str:
    return f"{note['shippingNoteNumber']}/{note['serialNumber']}"
