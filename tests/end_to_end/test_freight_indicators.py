"""The indicators of what travelled truck → gateway → MQTT → authority equal the simulator's truth.

Tracks come from terminals' connections, documents through the gateway's API; what a gateway of ours would
never let go takes the way of software that does not check. Whole scenarios and every single fault are soak:
`fleet-sim freight run` and `fleet-sim freight sweep` do the same.
"""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.broker import Broker
from simulator.freight import SCENARIOS, World, build
from simulator.freight.casting import Size
from simulator.freight.commands import app
from simulator.freight.judged import Judged
from simulator.freight.places import KUNMING
from simulator.freight.plants import MOVES
from simulator.freight.registration import phone_of
from simulator.freight.scenarios import Scenario
from simulator.freight.site import Site
from simulator.freight.sweeping import Sweep
from simulator.freight.trial import Progress, over, recent, run
from simulator.freight.truth import ALL
from tests.freight.planted import found_in
from tests.freight.tap import Tap

FAULTS = {"overload": 1, "false_track": 1, "wrong_code": 1}
SMALL = Scenario("small", KUNMING, Size(companies=1, vehicles=7, trips=2), FAULTS)


def a_world(scenario: Scenario, seed: int | None = None) -> World:
    chosen = random.SystemRandom().getrandbits(16) if seed is None else seed
    print(f"seed {chosen}")
    return build(scenario, chosen, period=recent(int(time.time())))


def tapped(folder: Path, world: World, envelope: str) -> tuple[Judged, bytes]:
    """The world over a line that is listened to; and everything that was heard."""
    taps: list[Tap] = []

    def between(broker: Broker) -> int:
        taps.append(Tap(broker.host, broker.port))
        taps[0].__enter__()
        return taps[0].port

    try:
        with Site(folder / "run", world, envelope, between) as site:
            judged = asyncio.run(over(site, folder, Progress()))
        return judged, taps[0].everything()
    finally:
        for tap in taps:
            tap.__exit__(None, None, None)


def secrets_of(world: World) -> Iterator[str]:
    """Every name, number, phone and plate of everybody in the world."""
    for driver in world.cast.drivers:
        yield from (driver.name, driver.identity, driver.telephone, driver.qualification)
    for vehicle in world.cast.vehicles:
        yield from (vehicle.plate, vehicle.certificate)
    yield from phone_of(world).values()


@pytest.mark.slow
def test_one_operator_over_a_guarded_line_that_is_tapped(tmp_path: Path) -> None:
    world = a_world(SMALL)
    judged, heard = tapped(tmp_path, world, "guomi")
    assert not judged.differences()
    assert judged.equal == judged.values == 19
    assert b"gov/v1/doc/trucks" in heard
    assert b"gov/v1/doc/operators" in heard, "the wrong code was let go by the gateway"
    assert not found_in(heard, secrets_of(world))


@pytest.mark.soak
@pytest.mark.parametrize("envelope", ["plain", "rsa-aes"])
def test_the_pilot_over_other_lines_that_are_tapped(tmp_path: Path, envelope: str) -> None:
    """Under plain nearly everybody is found, so the search can find."""
    world = a_world(SCENARIOS["pilot"])
    judged, heard = tapped(tmp_path, world, envelope)
    assert not judged.differences()
    secrets = set(secrets_of(world))
    found = found_in(heard, secrets)
    assert len(found) > 0.9 * len(secrets) if envelope == "plain" else not found


@pytest.mark.soak
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_judged_as_it_was_planted(tmp_path: Path, name: str) -> None:
    world = a_world(SCENARIOS[name])
    judged = asyncio.run(run(world, tmp_path, "guomi"))
    assert not judged.differences()
    assert judged.positions == sum(len(points) for points in world.positions.values())


@pytest.mark.soak
def test_every_fault_moves_what_it_declares_and_nothing_else(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(16)
    print(f"seed {seed}")
    for one in asyncio.run(Sweep(seed, list(MOVES), tmp_path, jobs=2).run()):
        assert one.found == one.declared, one.fault
        assert not one.judged.differences(), one.fault


def freight(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "simulator.cli", "freight", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("run", "county"), "pilot, province, dirty"),
        (("run", "--fault", "gremlins"), "freight faults"),
        (("run", "--fault", "overload=many"), "NAME=COUNT"),
        (("run", "--fault", "overload=900"), "too small"),
        (("run", "--clean", "--fault", "overload"), "only one of them"),
        (("run", "--envelope", "paper"), "guomi"),
        (("sweep", "gremlins"), "freight faults"),
    ],
)
def test_wrong_usage_ends_with_two_and_a_reason(arguments: tuple[str, ...], complaint: str) -> None:
    ended = CliRunner().invoke(app, [*arguments])
    assert ended.exit_code == 2
    assert complaint in ended.stderr


def test_faults_are_listed_with_what_they_move() -> None:
    assert json.loads(CliRunner().invoke(app, ["faults", "--json"]).stdout) == {
        name: sorted(moves, key=ALL.index) for name, moves in MOVES.items()
    }


@pytest.mark.soak
def test_a_trial_from_the_command_line(tmp_path: Path) -> None:
    folder = str(tmp_path)
    ended = freight("run", "--seed", "5", "--fault", "track_gap", "--output", folder, "--json")
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["ok"] is True
    assert not told["differences"]
    one = told["indicators"]["13-1"]
    assert one["computed"] == one["planted"]
    assert one["computed"][0] == one["computed"][1] - 1
    assert told["indicators"]["9"]["value"] == "100.00"
    assert Path(told["report"]).is_file()
