"""A day in the life of a truck: nothing lost, nothing twice, every alarm told once at the right place."""

import os
import random
from datetime import timedelta

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from protocols.driver_code.codec import StandIn
from protocols.driver_code.presence import Verdict, verify
from protocols.guomi import choose
from simulator.day.areas import plan_areas
from simulator.day.day import PLATE, ROUTE, VERSION, Day
from simulator.day.schedule import DAY_S, MIDNIGHT, DaySky, Schedule, clock_s
from simulator.day.screen import PRESENCE_KEY, PRESENCE_NUMBER
from simulator.day.truth import Alarm, differences, expected
from simulator.fleet.geometry import Point, offset
from simulator.fleet.routes import find_route
from tests.firmware.screen.test_screen import BAND

CODEC = StandIn(choose())


@pytest.fixture(scope="module")
def schedule():
    return Schedule(7, find_route(ROUTE))


def test_a_seed_is_a_day(schedule):
    again, other = Schedule(7, schedule.route), Schedule(8, schedule.route)
    assert again.seconds == schedule.seconds != other.seconds
    assert len(schedule.seconds) == DAY_S and len(schedule.bursts) == 4
    skies = [DaySky(each) for each in (schedule, again)]
    for _ in range(100):
        first, second = (sky.next_epoch() for sky in skies)
        assert first == second


def test_the_scenario_is_worth_a_day(schedule):
    """What the tests below rely on: tunnels, rests under open sky, each kind of alarm."""
    seconds = schedule.seconds
    assert not any(now.covered and not now.speed_kmh for now in seconds)
    assert sum(now.covered for now in seconds) > 600
    wanted = [
        alarm.what for alarm in expected(schedule, plan_areas(schedule, clock_s("05:03")), {0: [54_000]})
    ]
    assert {0, 1, 2, 13, 14, 19} <= set(wanted)
    assert {what[0] for what in wanted if isinstance(what, tuple)} == {1, 3, 4}
    assert len([what for what in wanted if what == 1]) >= 5  # four times on the road, once in the zone


def test_what_happens_in_a_tunnel_is_told_from_before_it(schedule):
    into = next(at for at in range(1, DAY_S) if schedule.seconds[at].covered)
    (alarm,) = [one for one in expected(schedule, [], {5: [into + 20]}) if one.what == 5]
    assert alarm.point == schedule.seconds[into - 1].point != schedule.seconds[into + 20].point


def test_the_judge_finds_what_is_missing_twice_late_or_elsewhere():
    place = Point(25.0, 102.7)
    truth = [Alarm(1, 1000, place), Alarm((1, 2, 0), 2000, place)]
    assert differences(truth, list(truth)) == []
    assert differences(truth, truth[:1]) == ["not told: circle 2 entered at 2000 s"]
    assert differences(truth, [*truth, truth[0]]) == ["not true: overspeed at 1000 s"]
    late = [truth[0]._replace(second=1020), truth[1]]
    assert len(differences(truth, late)) == 2
    elsewhere = [truth[0]._replace(point=offset(place, 1000, 0)), truth[1]]
    assert len(differences(truth, elsewhere)) == 2


def judge(outcome):
    """What holds of every day, whatever its edition."""
    print(outcome.figures)
    total = outcome.ledger.total
    assert total.lost == total.duplicated == total.phantom == 0, (total.as_dict(), total.missing[:5])
    assert total.drained and not outcome.ledger.rejected and not outcome.ledger.queued, total.as_dict()
    assert outcome.differences == []
    figures = outcome.figures
    assert figures["power_cuts"] == 3 and figures["torn_writes"] >= 1
    assert figures["refused"] == figures["dropped"] == figures["stalls"] == 0
    assert figures["reports"] > 3000 and figures["letters"] >= 6
    assert outcome.ok


def scanned(path):
    """(what the symbol says, the colour of the band)."""
    with Image.open(path) as picture:
        found = zxingcpp.read_barcodes(np.array(picture.convert("L")))
        return found[0].text if found else "", picture.convert("RGB").getpixel((238, 60))


def judge_the_screen(folder):
    """Every picture with a code holds the code and a proof of that minute; the band has its colour."""
    seen = {}
    for path in sorted((folder / "screen").glob("??????-*.png")):
        at, _, name = path.stem.partition("-")
        text, band = scanned(path)
        seen[name] = band
        if name not in ("none", "text", "expired"):
            now = MIDNIGHT + timedelta(seconds=clock_s(f"{at[:2]}:{at[2:4]}:{at[4:]}"))
            shown = verify(text, {PRESENCE_NUMBER: PRESENCE_KEY}.get, now)
            assert shown.verdict is Verdict.PRESENT, (name, shown)
            read = CODEC.read(shown.code)[0]
            assert (read.plate, read.masked_name) == (PLATE, "王**"), read
    assert set(seen) == {
        "none", "blue", "blue-tunnel", "blue-gateway-away", "yellow", "text", "red", "expired"
    }  # fmt: skip
    for name in ("blue", "yellow", "red"):
        near = [abs(a - b) < 12 for a, b in zip(seen[name], BAND[name], strict=True)]
        assert all(near), (name, seen[name])
    assert seen["none"] == seen["expired"] and max(seen["none"]) - min(seen["none"]) < 12, "grey"


@pytest.mark.slow
def test_a_day_in_the_life(tmp_path):
    seed = int(os.environ.get("DAY_SEED") or random.SystemRandom().getrandbits(32))
    print(f"DAY_SEED={seed}")
    outcome = Day(tmp_path, seed, print).run()
    judge(outcome)
    figures = outcome.figures
    assert figures["letters"] >= 8 and figures["answers"] == 2 and figures["orders"] == 18
    assert figures["firmware"] == VERSION
    judge_the_screen(tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("edition", [2011, 2013])
def test_a_day_of_an_older_truck(tmp_path, edition):
    seed = int(os.environ.get("DAY_SEED") or random.SystemRandom().getrandbits(32))
    print(f"DAY_SEED={seed}")
    outcome = Day(tmp_path, seed, print, edition).run()
    judge(outcome)
    assert outcome.figures["firmware"] == (VERSION if edition == 2013 else "0.1.0"), "2011 has no 0x8108"
