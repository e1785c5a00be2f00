"""`fleet-sim` as a user meets it: help, exit codes, errors that say what to do, and a demo that cleans up."""

import json
import os
import signal
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from PIL import Image

from protocols.evidence import verify_bundle
from simulator.broker import free_port
from simulator.demo.lock import only_one_in
from simulator.demo.story.screen import colour, modules, scan

COMMAND = [sys.executable, "-m", "simulator.cli"]


def fleet_sim(*arguments, timeout=120):
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=timeout, check=False
    )


def test_routes_are_listed_for_people_and_programs():
    assert "G8511" in fleet_sim("routes").stdout
    assert {"name", "road", "km"} <= json.loads(fleet_sim("routes", "--json").stdout)[0].keys()


def test_without_a_gateway_it_says_how_to_get_one():
    ended = fleet_sim("run", "--port", str(free_port()), "--trucks", "1", "--seconds", "1")
    assert ended.returncode == 3 and "edge-gateway run" in ended.stderr and "seed" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--route", "kunming-lhasa"), "built-in routes"),
        (("--edition-mix", "2013,2021"), "known"),
        (("--edition-mix", "new"), "--edition-mix"),
    ],
)
def test_wrong_usage_ends_with_two_and_a_reason(arguments, complaint):
    ended = fleet_sim("run", *arguments)
    assert ended.returncode == 2 and complaint in ended.stderr


def test_a_second_demo_in_the_same_folder_is_refused_and_touches_nothing(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "data").write_text("of the first")
    with only_one_in(tmp_path):
        ended = fleet_sim("demo", "--trucks", "1", "--seconds", "5", "--output", str(tmp_path))
    assert ended.returncode == 2 and "another run" in ended.stderr and "--output" in ended.stderr
    assert (tmp_path / "run" / "data").exists()


@pytest.mark.slow
def test_a_short_demo_balances_and_tells_the_whole_story(tmp_path):
    arguments = ("--seconds", "8", "--trucks", "3", "--seed", "5", "--output", str(tmp_path), "--json")
    ended = fleet_sim("demo", *arguments)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    printed = json.loads(ended.stdout)
    written = json.loads((tmp_path / "ledger.json").read_text("utf-8"))
    assert printed == written and written["seed"] == 5
    assert written["lost"] == written["duplicated"] == 0 and written["emitted"] == written["received"] > 10
    assert len(written["terminals"]) > 6 and len(written["real_terminals"]) == 3
    story, freight = written["story"], written["freight"]
    assert story["refused"] == ["transport"] and story["photograph"] == 409, story
    verified = {"offline": "valid", "edge": "valid", "authority": "valid", "presence": "present"}
    assert story["verified"] == verified and story["cancelled"] == "revoked", story
    assert story["documents"] == ["WLHY_WZ1001", "WLHY_YD1001", "WLHY_ZJ1001"] and story["evidence"], story
    assert {"shown_s", "yellow_s", "red_s", "red_order"} <= story.keys()
    assert freight["equal"] == freight["of"] == len(freight["indicators"]) == 19
    (evidence,) = tmp_path.glob("YD*.evidence")
    assert verify_bundle(evidence.read_bytes()).holds
    assert scan(drawn(modules(tmp_path / "screen-blue.png"), tmp_path / "drawn.png")).startswith("DYC1:")
    assert colour(tmp_path / "screen-yellow.png") == "yellow" and scan(tmp_path / "screen-red.png")
    assert ElementTree.parse(tmp_path / "tracks.svg").getroot().tag.endswith("svg")


def drawn(rows, file):
    """The symbol as the end of the demo shows it, as a picture."""
    picture = Image.new("L", (len(rows) + 8, len(rows) + 8), 255)
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            picture.putpixel((x + 4, y + 4), 0 if dark else 255)
    picture.resize((4 * picture.width, 4 * picture.height), Image.Resampling.NEAREST).save(file)
    return file


@pytest.mark.slow
def test_one_interrupt_stops_all_and_leaves_no_orphan(tmp_path):
    demo = subprocess.Popen(
        [*COMMAND, "demo", "--seconds", "60", "--trucks", "2", "--output", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for line in demo.stdout:
            if "driving" in line:
                break
        assert processes_about(tmp_path), "broker, gateway, authority and firmware run"
        demo.send_signal(signal.SIGINT)
        _, errors = demo.communicate(timeout=60)
    finally:
        demo.kill()
    assert demo.returncode == 130 and "interrupted" in errors
    assert not processes_about(tmp_path)


def processes_about(folder):
    """Command lines and working directories of living processes that name the folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                command = file.read().decode(errors="replace")
            place = os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            continue
        if str(folder) in command + place and "simulator.cli" not in command:
            found.append(command)
    return found
