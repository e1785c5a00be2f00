"""The same seed gives the same plan and the same sentences; another seed gives others."""

import random
from datetime import timedelta

import pynmea2
import pytest

from simulator.fleet.geometry import distance_m
from simulator.fleet.gnss import TALKERS, Receiver, Sensed, fix_sentences
from simulator.fleet.motion import Motion, Plan, Stop
from simulator.fleet.routes import built_in_routes
from simulator.fleet.scenario import DEFAULT_BASE, EDITIONS, Options, plan_fleet
from simulator.fleet.source import Source

ROUTES = built_in_routes()
OPTIONS = Options(trucks=9, seconds=60, compression=30)


def sentences(seed, number=4, epochs=60):
    plan = plan_fleet(seed, OPTIONS, ROUTES).plans[number]
    source = Source(plan, OPTIONS)
    return [source.next_epoch() for _ in range(epochs)]


def test_the_same_seed_gives_the_same_plan_and_the_same_bytes():
    assert plan_fleet(7, OPTIONS, ROUTES).plans == plan_fleet(7, OPTIONS, ROUTES).plans
    assert sentences(7) == sentences(7)


def test_another_seed_gives_other_bytes():
    assert sentences(7) != sentences(8)


def test_one_truck_more_changes_nothing_for_the_others():
    more = Options(trucks=10, seconds=60, compression=30)
    assert plan_fleet(7, more, ROUTES).plans[:9] == plan_fleet(7, OPTIONS, ROUTES).plans


def test_a_fleet_mixes_editions_talkers_and_routes_and_no_phone_twice():
    plans = plan_fleet(1, Options(trucks=24, seconds=60), ROUTES).plans
    assert {plan.edition for plan in plans} == set(EDITIONS)
    assert {plan.talker for plan in plans} == set(TALKERS)
    assert {plan.route.name for plan in plans} == {route.name for route in ROUTES}
    assert len({plan.phone for plan in plans}) == 24


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_truck_meets_a_tunnel_and_a_rest_in_a_minute(seed):
    for plan in plan_fleet(seed, Options(trucks=16, seconds=60, compression=30), ROUTES).plans:
        motion = Motion(plan.route, plan.motion)
        met = set()
        for _ in range(60 * 30):
            motion.advance(1)
            met |= {"tunnel"} if motion.in_tunnel else set()
            met |= {"rest"} if motion.resting_s else set()
        assert met == {"tunnel", "rest"}, f"seed {seed}, truck {plan.number} on {plan.route.name}"


def test_no_tunnel_swallows_a_short_run():
    covered = 0
    for plan in plan_fleet(1, Options(trucks=100, seconds=60), ROUTES).plans:
        motion = Motion(plan.route, plan.motion)
        motion.advance(60)
        covered += motion.in_tunnel
    assert covered < 10, "only those that happen to start in one"


def test_a_change_of_drivers_turns_the_key():
    route = ROUTES[0]
    motion = Motion(route, Plan(1000, 1, 22, (Stop(500, 60, driver_change=True),)))
    seen = []
    for _ in range(300):
        motion.advance(1)
        seen.append((motion.ignition, motion.speed_mps > 0))
    assert (False, False) in seen and (False, True) not in seen and seen[-1] == (True, True)


def test_a_truck_keeps_to_its_speed_its_brakes_and_its_road():
    route = ROUTES[2]
    motion = Motion(route, Plan(route.length_m - 3_000, 1, 24))
    before = motion.speed_mps
    for _ in range(900):
        place = motion.point
        motion.advance(1)
        assert -0.81 <= motion.speed_mps - before <= 0.36 and motion.speed_mps <= 24
        assert distance_m(place, motion.point) <= motion.speed_mps + 0.2
        before = motion.speed_mps
    assert motion.direction == -1, "it turned round at the end of the road"


@pytest.mark.parametrize("talker", TALKERS)
def test_sentences_are_sound_and_near_the_truth(talker):
    receiver, at = Receiver(3, talker), DEFAULT_BASE
    truth = ROUTES[0].line.at(10_000)
    for _ in range(200):
        at += timedelta(seconds=1)
        text = receiver.sentences(at, Sensed(truth, 20.0, 123.45, False), 1).decode()
        rmc, gga = (pynmea2.parse(line, check=True) for line in text.splitlines())
        assert rmc.talker == gga.talker == talker and rmc.datetime == at
        seen = truth._replace(latitude=rmc.latitude, longitude=rmc.longitude)
        assert distance_m(truth, seen) < 20 and abs(gga.altitude - truth.altitude_m) < 30
        assert abs(rmc.spd_over_grnd * 0.514444 - 20) < 1 and rmc.true_course == 123.45


def test_no_sky_no_fix_and_a_moment_to_find_it_again():
    receiver, at = Receiver(3), DEFAULT_BASE
    truck = Sensed(ROUTES[0].line.at(10_000), 15.0, 90.0, False)
    fixes = []
    for second in range(10):
        covered = 2 <= second < 5
        text = receiver.sentences(at + timedelta(seconds=second), truck._replace(covered=covered), 1)
        rmc = pynmea2.parse(text.decode().splitlines()[0], check=True)
        fixes.append(rmc.status == "A")
        assert rmc.datetime == at + timedelta(seconds=second), "the receiver keeps its clock"
    assert fixes == [True, True, False, False, False, False, True, True, True, True]


def test_minutes_never_read_sixty():
    generator = random.Random(11)
    for _ in range(2_000):
        degrees = generator.randrange(90) + 1 - generator.choice((1e-9, 1e-8, 1e-7))
        point = ROUTES[0].line.at(0)._replace(latitude=degrees, longitude=-degrees)
        text = fix_sentences("GP", DEFAULT_BASE, Sensed(point, 0, 0, False), 9)
        rmc = pynmea2.parse(text.decode().splitlines()[0], check=True)
        assert float(rmc.lat[2:]) < 60 and float(rmc.lon[3:]) < 60


@pytest.mark.parametrize("bad", [{"trucks": 0}, {"seconds": 0}, {"compression": 0}, {"edition_mix": (2021,)}])
def test_nonsense_is_refused(bad):
    with pytest.raises(ValueError, match=r"positive|known"):
        Options(**{"trucks": 1, "seconds": 1, **bad})
