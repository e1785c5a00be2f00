"""The indicators of what was uploaded equal the simulator's truth; a fault moves what it should."""

import ast
import random
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

import simulator.freight
from simulator.authority.indicators import Intake, Report, compute
from simulator.authority.indicators.anomalies import Anomaly
from simulator.freight import SCENARIOS, World, build
from simulator.freight.casting import Size
from simulator.freight.places import PREFECTURES
from simulator.freight.plants import MOVES
from simulator.freight.scenarios import Scenario
from simulator.freight.truth import ALL


def report_of(world: World, shuffle: int | None = None) -> Report:
    uploads = list(world.uploads)
    if shuffle is not None:
        random.Random(shuffle).shuffle(uploads)
    intake = Intake(world.period, world.registers, world.tracks())
    for upload in uploads:
        intake.add(upload)
    return compute(intake.facts(), world.rules)


CASES = [("pilot", seed) for seed in range(3)] + [("dirty", seed) for seed in range(3)] + [("province", 0)]


@pytest.mark.parametrize(("name", "seed"), CASES)
def test_indicators_equal_the_truth(name: str, seed: int) -> None:
    world = build(SCENARIOS[name], seed)
    report = report_of(world)
    found = {each.id: (each.numerator, each.denominator) for each in report.indicators.values()}
    assert found == world.truth.fractions()
    assert tuple(found) == ALL
    for indicator in report.indicators.values():
        assert {label for label, _ in indicator.offenders} == world.truth.spoilt[indicator.id], indicator.id
        assert all(reason for _, reason in indicator.offenders)


def test_the_truth_says_something() -> None:
    """Each of the nineteen values is neither empty nor perfect in the dirty world."""
    for name, (numerator, denominator) in build(SCENARIOS["dirty"], 1).truth.fractions().items():
        assert numerator > 0, name
        assert denominator > 0, name
        assert numerator != denominator, name


def test_anomalies_are_those_that_were_planted() -> None:
    world = build(SCENARIOS["dirty"], 2)
    spoilt = world.truth.spoilt
    expected = {
        Anomaly.PAPERS: spoilt["6"] | spoilt["7"] | spoilt["8"],
        Anomaly.NETWORK: world.truth.network,
        Anomaly.TRACK: spoilt["13-1"],
        Anomaly.FUNDS: spoilt["13-2-1"] | spoilt["13-2-2"],
        Anomaly.SCOPE: spoilt["10"] | spoilt["11"],
        Anomaly.OVERLOAD: spoilt["9"],
    }
    found: dict[Anomaly, set[str]] = {kind: set() for kind in Anomaly}
    for finding in report_of(world).anomalies():
        found[finding.kind].add(finding.subject)
    assert found == expected
    assert all(expected.values())


def test_the_order_of_arrival_in_our_hands_does_not_matter() -> None:
    world = build(SCENARIOS["dirty"], 3)
    expected = report_of(world).as_dict()
    for shuffle in (1, 2):
        assert report_of(world, shuffle).as_dict() == expected


def test_the_same_seed_gives_the_same_world() -> None:
    one, other = (build(SCENARIOS["pilot"], 7) for _ in range(2))
    assert one.uploads == other.uploads
    assert build(SCENARIOS["pilot"], 8).uploads != one.uploads


def values(report: Report) -> dict[str, Fraction]:
    return {each.id: Fraction(each.numerator, each.denominator) for each in report.indicators.values()}


SMALL = Scenario("small", PREFECTURES, Size(companies=3, vehicles=8, trips=3))


@cache
def clean() -> dict[str, Fraction]:
    return values(report_of(build(SMALL, 11)))


def test_a_clean_world_is_perfect() -> None:
    for name, value in clean().items():
        if name in ("10", "11", "12"):
            assert value == 0, name
        elif name not in ("14", "15", "16"):
            assert value == 1, name


@pytest.mark.parametrize("fault", MOVES)
def test_a_fault_moves_exactly_what_it_should(fault: str) -> None:
    spoilt = values(report_of(build(SMALL, 11, faults={fault: 1})))
    assert {name for name in ALL if spoilt[name] != clean()[name]} == MOVES[fault]


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(KeyError, match="gremlins"):
        build(SCENARIOS["pilot"], 1, faults={"gremlins": 1})


def test_the_truth_shares_nothing_with_the_indicators() -> None:
    """What makes worlds, plants faults and counts them imports neither indicators nor documents."""
    folder = Path(simulator.freight.__file__).parent
    for name in ("truth", "actors", "casting", "planter", "plants", "places"):
        source = (folder / f"{name}.py").read_text("utf-8")
        imported = [
            node.module or "" for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)
        ]
        assert not [each for each in imported if "authority" in each or "protocols" in each], name
