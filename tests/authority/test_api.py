"""The API: a code's life, registers with licences, roadside, consents, persons; who may ask for what."""

import asyncio
import base64
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest

from protocols.driver_code import push
from protocols.driver_code.codec import StandIn
from protocols.driver_code.content import Colour
from protocols.driver_code.presence import EPOCH, hashed
from protocols.driver_code.trust import IssuerKey, Revocations, State, Verifier
from protocols.freight.certificates import Certificate, Paper
from protocols.freight.snapshot import Trust, open_snapshot
from protocols.freight.values import DAY_S, day_text
from protocols.guomi import choose
from protocols.wire.presence import proof
from simulator.authority.books.accounts import TOKEN_LIFE_S, AccountKind
from simulator.authority.books.registry import certificate_to_json, paper_name
from simulator.authority.desk import Desk
from simulator.authority.house import services_of
from simulator.authority.persons import RETENTION_S
from simulator.authority.store import TrackPoint
from simulator.authority.web import create_app
from simulator.freight import SCENARIOS, build
from simulator.freight.registration import driver_papers, phone_of, vehicle_papers

from .freight import GATEWAY, entered, messages

GUOMI = choose()
MONTH_S = 30 * DAY_S


class Office:
    """A desk with a pilot world behind its API; time stands still unless it is moved."""

    def __init__(self, folder: Path) -> None:
        self.world = build(SCENARIOS["pilot"], 6, faults={})
        self.now_s = self.world.period.until_s
        self.desk = entered(folder, self.world, self.world.period.from_s, clock=lambda: self.now_s)
        self.last: dict[str, TrackPoint] = {}
        self.app = create_app(services_of(self.desk, self))
        heavy = [each for each in self.world.cast.vehicles if each.terminal and not each.dangerous]
        self.vehicle, self.other = (
            heavy[0],
            next(each for each in heavy[1:] if each.carrier is heavy[0].carrier),
        )
        self.driver = self.vehicle.drivers[0]
        self.tokens: dict[str, str] = {}

    def last_position(self, identity: str) -> TrackPoint | None:
        """As the positions' store would tell."""
        return self.last.get(identity)

    def account(self, name: str, kind: AccountKind, owner: str = "") -> str:
        """A token of a new account."""
        secret = self.desk.accounts.add(name, kind, owner=owner)
        answer = self.ask("POST", "/login", {"account": name, "secret": secret})
        assert answer.status_code == 200, answer.text
        self.tokens[name] = answer.json()["token"]
        return self.tokens[name]

    def staff(self) -> None:
        """A driver, his company, and the platform's desk."""
        self.account("driver", AccountKind.DRIVER, self.driver.identity)
        self.account("company", AccountKind.COMPANY, self.vehicle.carrier.carrier_id)
        self.account("desk", AccountKind.PLATFORM)

    def ask(self, method: str, path: str, body: Any = None, who: str = "", **headers: str) -> httpx.Response:
        """One request."""

        async def request() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            if who:
                headers["Authorization"] = f"Bearer {self.tokens.get(who, who)}"
            async with httpx.AsyncClient(transport=transport, base_url="http://authority/v1") as client:
                return await client.request(method, path, json=body, headers=headers)

        return asyncio.run(request())

    def good(self, method: str, path: str, body: Any = None, who: str = "desk", **headers: str) -> Any:
        """The JSON of a success."""
        answer = self.ask(method, path, body, who, **headers)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def papers(self, vehicle: Any = None) -> list[Certificate]:
        """The six certificates and the policy of driver and vehicle."""
        vehicle = vehicle or self.vehicle
        registers = self.world.registers
        carrier = registers.carriers[vehicle.carrier.carrier_id]
        permit = self.desk.bureau.registry.paper(Paper.PERMIT, carrier.permit)
        assert permit is not None
        return [
            *driver_papers(registers.drivers[self.driver.identity]),
            *vehicle_papers(registers.vehicles[vehicle.key], vehicle),
            permit.certificate,
        ]

    def application(self, vehicle: Any = None, *, without: Paper | None = None) -> dict[str, Any]:
        """The body of an application."""
        vehicle = vehicle or self.vehicle
        return {
            "holder": "driver",
            "identity": self.driver.identity,
            "name": self.driver.name,
            "papers": [
                certificate_to_json(each) for each in self.papers(vehicle) if each.paper is not without
            ],
            "plate": vehicle.plate,
            "plate_colour": vehicle.colour,
            "carrier_id": vehicle.carrier.carrier_id,
        }

    def pushes(self) -> list[dict[str, Any]]:
        """What waits for terminals, as sent and as a terminal reads it; taken as sent afterwards."""
        found = []
        for waiting in self.desk.bureau.waiting():
            message = json.loads(waiting.payload)
            content = push.parse(base64.b64decode(message["push"]))
            found.append({"gateway": waiting.gateway, "terminal": message["terminal"], **content})
            self.desk.bureau.sent(waiting)
        return found

    def lists(self) -> tuple[list[IssuerKey], Revocations]:
        """What a verifier without a network has fetched."""
        keys = self.good("GET", "/codes/trust")["keys"]
        revoked = self.good("GET", "/codes/revocations")
        return (
            [
                IssuerKey(bytes.fromhex(k["key_id"]), bytes.fromhex(k["public"]), k["from_s"], k["until_s"])
                for k in keys
            ],
            Revocations(revoked["issued_s"], frozenset(bytes.fromhex(code) for code in revoked["codes"])),
        )

    def offline(self, text: str) -> State:
        """What that verifier says."""
        return Verifier(GUOMI, StandIn(GUOMI), *self.lists()).verify(text, self.now_s).state


@pytest.fixture
def office(tmp_path: Path):
    made = Office(tmp_path)
    made.staff()
    yield made
    made.desk.close()


def test_a_login_is_needed_and_ends(office: Office) -> None:
    assert office.ask("GET", "/codes/trust").json()["code"] == 2001
    assert office.ask("GET", "/codes/trust", who="wrong").status_code == 401
    assert office.ask("POST", "/login", {"account": "desk", "secret": "x"}).json()["code"] == 2001
    office.now_s += TOKEN_LIFE_S - 1
    fresh = office.good("POST", "/refresh")["token"]
    office.now_s += 1
    assert office.ask("GET", "/codes/trust", who="desk").status_code == 401
    assert office.ask("GET", "/codes/trust", who=fresh).status_code == 200
    assert office.ask("POST", "/refresh", who="desk").status_code == 401


def test_scopes_keep_issuing_and_verifying_apart(office: Office) -> None:
    assert office.ask("POST", "/codes/verify", {"text": "x"}, "company").status_code == 403
    assert office.ask("POST", "/codes/applications", office.application(), "desk").status_code == 403
    assert office.ask("POST", "/roadside", {"plate": "x", "colour": "2"}, "driver").status_code == 403


def test_an_application_is_refused_for_each_wrong_paper_by_name(office: Office) -> None:
    asked = office.application(without=Paper.POLICY)
    asked["papers"][0]["valid_to"] = "20991231"
    answer = office.ask("POST", "/codes/applications", asked, "company")
    assert answer.status_code == 422
    assert [each["words"] for each in answer.json()["refusals"]] == [
        "从业资格证 (qualification): not as registered: valid_to",
        "保单 (policy): missing",
    ]
    assert not office.pushes()


def test_nobody_applies_for_somebody_else(office: Office) -> None:
    office.account("another", AccountKind.DRIVER, "530100199001010000")
    office.account("rival", AccountKind.COMPANY, "CARRIER999")
    for who in ("another", "rival"):
        assert office.ask("POST", "/codes/applications", office.application(), who).status_code == 403


def test_a_codes_life(office: Office) -> None:
    issued = office.good("POST", "/codes/applications", office.application(), "driver")
    phone = phone_of(office.world)[office.vehicle.key]
    (shown,) = office.pushes()
    assert (shown["gateway"], shown["terminal"], shown["kind"]) == (GATEWAY, phone, push.Kind.CODE)
    assert shown["code"].decode() == issued["text"]
    assert office.offline(issued["text"]) is State.VALID
    answer = office.good("POST", "/codes/verify", {"text": issued["text"]})
    assert answer["accepted"] and answer["today"] == {"colour": "blue", "causes": [], "points": 100}
    assert answer["content"]["name"].endswith("*")
    assert office.ask("POST", "/codes/applications", office.application(), "driver").status_code == 422

    violation = {"number": "V1", "severity": "minor", "words": "overtime", "identity": office.driver.identity}
    office.now_s += 60
    assert office.good("POST", "/violations", violation)["colour"] == "yellow"
    (yellow,) = office.pushes()
    assert yellow["colour"] == int(Colour.YELLOW)
    assert yellow["issued_bcd"] + yellow["serial"].to_bytes(4) > shown["issued_bcd"] + shown[
        "serial"
    ].to_bytes(4)
    assert office.offline(issued["text"]) is State.REVOKED, "the blue code is good no more"
    own = office.good("POST", "/codes/own", {"identity": office.driver.identity}, "driver")
    assert (own["colour"], own["causes"], own["rating"]["points"]) == ("yellow", ["overtime"], 90)
    assert own["rating"]["reasons"] == ["−10: open: overtime"]
    office.now_s += 60
    assert office.good("POST", "/violations/handled", violation)["colour"] == "blue"
    serious = violation | {"number": "V2", "severity": "serious", "words": "overload"}
    office.now_s += 60
    assert office.good("POST", "/violations", serious)["colour"] == "red"
    own = office.good("POST", "/codes/own", {"identity": office.driver.identity}, "driver")
    assert [each["colour"] for each in own["history"]] == ["blue", "yellow", "blue", "red"]
    assert office.offline(own["text"]) is State.RED

    gone = office.good("POST", "/codes/cancellation", {"identity": office.driver.identity}, "driver")
    assert gone == {"cancelled": True}
    assert [each["kind"] for each in office.pushes()] == [push.Kind.WITHDRAWN]
    assert office.offline(own["text"]) is State.REVOKED
    assert office.good("POST", "/codes/verify", {"text": own["text"]})["today"]["colour"] is None
    export = office.good("POST", "/persons/export", {"identity": office.driver.identity}, "driver")
    assert export["code"] is None and export["code_history"] == []
    again = office.good("POST", "/codes/applications", office.application(), "driver")
    assert again["colour"] == "red", "to cancel and come back settles nothing"


def test_a_code_ends_with_its_first_certificate_that_second(office: Office) -> None:
    issued = office.good("POST", "/codes/applications", office.application(), "driver")
    ends_s = min(each.ends_s for each in office.papers())
    assert issued["valid_until_s"] == ends_s
    keys, _ = office.lists()
    for second, state in ((ends_s - 1, State.VALID), (ends_s, State.EXPIRED)):
        assert (
            Verifier(GUOMI, StandIn(GUOMI), keys, Revocations(second)).verify(issued["text"], second).state
            is state
        )
    office.now_s = ends_s
    office.account("late", AccountKind.PLATFORM)
    assert office.good("POST", "/codes/verify", {"text": issued["text"]}, "late")["state"] == "expired"


def test_a_licence_cancelled_turns_the_code_red_at_once(office: Office) -> None:
    office.good("POST", "/codes/applications", office.application(), "driver")
    office.pushes()
    permit = office.papers()[-1]
    office.now_s += 1
    office.good("POST", f"/registers/papers/permit/{permit.number}/status", {"status": "suspended"})
    (red,) = office.pushes()
    assert red["colour"] == int(Colour.RED)
    own = office.good("POST", "/codes/own", {"identity": office.driver.identity}, "driver")
    assert own["causes"] == ["道路运输经营许可证 (permit): suspended"]
    office.now_s += 1
    office.good("POST", f"/registers/papers/permit/{permit.number}/status", {"status": "valid"})
    assert [each["colour"] for each in office.pushes()] == [int(Colour.BLUE)]


def test_a_change_of_vehicle_is_examined_and_moves_the_code(office: Office) -> None:
    first = office.good("POST", "/codes/applications", office.application(), "driver")
    office.pushes()
    mixed = office.application(office.other) | {"plate": office.vehicle.plate}
    refused = office.ask("POST", "/codes/changes", mixed, "driver")
    assert {each["reason"] for each in refused.json()["refusals"]} == {"of another vehicle"}
    assert not office.pushes() and office.offline(first["text"]) is State.VALID
    office.now_s += 1
    moved = office.good("POST", "/codes/changes", office.application(office.other), "driver")
    phones = phone_of(office.world)
    assert {(each["terminal"], each["kind"]) for each in office.pushes()} == {
        (phones[office.vehicle.key], push.Kind.WITHDRAWN),
        (phones[office.other.key], push.Kind.CODE),
    }
    assert office.offline(first["text"]) is State.REVOKED
    assert office.offline(moved["text"]) is State.VALID


def test_codes_outlive_a_restart_and_a_rotation_of_keys(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.staff()
    issued = office.good("POST", "/codes/applications", office.application(), "driver")
    rotated = office.good("POST", "/keys/rotation")
    office.now_s += 1
    office.desk.close()
    desk = type(office.desk)(tmp_path, clock=lambda: office.now_s)
    office.desk, office.app = desk, create_app(services_of(desk, office))
    assert office.offline(issued["text"]) is State.VALID
    answer = office.good("POST", "/codes/verify", {"text": issued["text"]})
    assert answer["accepted"] and answer["content"]["key_id"] != rotated["key_id"]
    assert len(office.pushes()) == 1, "what waited still waits"
    changed = office.good("POST", "/codes/changes", office.application(), "driver")
    assert (
        office.good("POST", "/codes/verify", {"text": changed["text"]})["content"]["key_id"]
        == rotated["key_id"]
    )
    desk.close()


def test_a_replayed_photograph_is_told_from_a_screen(tmp_path: Path) -> None:
    """The terminal's key came with the code; its proof is good for a minute, and with no other code."""
    office = Office(tmp_path)
    office.desk.close()
    office.desk = Desk(tmp_path, presence=True, clock=lambda: office.now_s)
    office.app = create_app(services_of(office.desk, office))
    office.staff()
    text = office.good("POST", "/codes/applications", office.application(), "driver")["text"]
    key, code = office.pushes()
    assert (key["kind"], key["key"]) == (push.Kind.KEY, code["key"])
    day, second = divmod(office.now_s - int(EPOCH.timestamp()), DAY_S)
    made = proof(text.encode(), day, second, key["key"], key["secret"], hashed).decode()
    forged = proof(text.encode(), day, second, key["key"], b"x" * 16, hashed).decode()

    def presence(shown: str) -> str:
        answer = office.good("POST", "/codes/verify", {"text": shown})
        assert answer["state"] == "valid"
        return answer["presence"]

    assert [presence(shown) for shown in (text + made, text, text + forged)] == [
        "present",
        "absent",
        "forged",
    ]
    office.now_s += 91
    assert presence(text + made) == "old"
    office.desk.close()


# registers, licences, snapshot


def test_an_electronic_licence_from_issue_to_cancellation(office: Office) -> None:
    paper = certificate_to_json(office.papers()[0]) | {"number": "Q-NEW", "valid_to": day_text(office.now_s)}
    issued = office.good("POST", "/licences", {"certificate": paper, "issue_date": "20260101"})
    assert (issued["kind"], issued["standing"]) == ("JT/T 1290", "valid")
    assert (
        office.ask("POST", "/licences", {"certificate": paper, "issue_date": "20260101"}, "desk").status_code
        == 422
    )
    path = "/licences/qualification/Q-NEW"
    assert office.ask("POST", f"{path}/renewal", {"valid_to": "20200101"}, "desk").status_code == 422
    assert office.ask("POST", f"{path}/renewal", {"valid_to": "20300230"}, "desk").status_code == 422
    renewed = office.good("POST", f"{path}/renewal", {"valid_to": "20300101"})
    assert renewed["certificate"]["valid_to"] == "20300101" and renewed["seal"] != issued["seal"]
    changed = office.good(
        "PUT", "/licences", {"certificate": paper | {"issuer": "another"}, "issue_date": "20260101"}
    )
    assert changed["certificate"]["issuer"] == "another"
    cancelled = office.good("DELETE", path)
    assert cancelled["standing"] == "cancelled"
    history = office.good("GET", path)["history"]
    assert [each["action"] for each in history] == ["issued", "renewed", "changed", "cancelled"]
    policy = certificate_to_json(office.papers()[5])
    assert (
        office.ask("POST", "/licences", {"certificate": policy, "issue_date": "20260101"}, "desk").status_code
        == 422
    )


def test_the_snapshot_is_signed_and_only_of_this_gateways_fleet(office: Office) -> None:
    keys, _ = office.lists()
    answer = office.ask("GET", "/registers/snapshot", None, "desk", **{"X-Gateway": GATEWAY})
    snapshot = open_snapshot(answer.content, Trust(GUOMI, keys))
    assert answer.headers["ETag"] == f'"{snapshot.sequence}"'
    assert {each.key for each in snapshot.vehicles} == set(office.world.registers.vehicles)
    assert {each.identity for each in snapshot.drivers} == set(office.world.registers.drivers)
    tag = {"X-Gateway": GATEWAY, "If-None-Match": answer.headers["ETag"]}
    assert office.ask("GET", "/registers/snapshot", None, "desk", **tag).status_code == 304
    office.good("POST", "/codes/applications", office.application(), "driver")
    later = office.ask("GET", "/registers/snapshot", None, "desk", **tag)
    driver = open_snapshot(later.content, Trust(GUOMI, keys)).driver_by_identity[office.driver.identity]
    assert driver.colour is Colour.BLUE
    empty = office.ask("GET", "/registers/snapshot", None, "desk", **{"X-Gateway": "stranger"})
    assert not open_snapshot(empty.content, Trust(GUOMI, keys)).vehicles


def test_registers_are_entered_looked_up_and_remembered(office: Office) -> None:
    vehicle = asdict(office.desk.bureau.registry.vehicle(office.vehicle.key))
    office.good("PUT", "/registers/vehicles", vehicle | {"tonnage": 5})
    found = office.good("GET", f"/registers/records/vehicle/{office.vehicle.key}")
    assert found["record"]["tonnage"] == 5
    assert [each["actor"] for each in found["history"]] == ["import", "desk"]
    office.good("PUT", "/registers/companies", {"company_id": "C1", "name": "新"})
    office.good("PUT", "/registers/drivers", {"identity": "1", "name": "新", "company_id": "C1"})
    office.good("PUT", "/registers/terminals", {"phone": "13900000001", "vehicle": "云A1/2"})
    office.good("PUT", "/registers/papers", certificate_to_json(office.papers()[0]) | {"number": "X"})
    assert office.ask("GET", "/registers/records/company/none", who="desk").status_code == 404
    assert office.ask("GET", "/registers/records/driver/1", who="desk").status_code == 404
    bad = office.ask("PUT", "/registers/vehicles", vehicle | {"tonnage": -1}, "desk").json()
    assert (bad["code"], bad["field"]) == (3005, "tonnage")
    assert office.ask("PUT", "/registers/vehicles", vehicle | {"wings": 2}, "desk").json()["field"] == "wings"


# roadside, consent, persons


def point(office: Office, age_s: int = 60) -> TrackPoint:
    return TrackPoint((office.now_s - age_s) * 1000, 0, 25_036_123, 102_707_456, 613, 90, 0, True, 3)


def test_a_roadside_question_for_supervision_gets_everything_that_warns(office: Office) -> None:
    office.good("POST", "/codes/applications", office.application(), "driver")
    phone, key = phone_of(office.world)[office.vehicle.key], office.vehicle.key
    office.last[phone] = point(office)
    by_plate = {"plate": office.vehicle.plate, "colour": office.vehicle.colour}
    answer = office.good("POST", "/roadside", by_plate)
    assert answer["track"] == {
        "latitude": "25.036123", "longitude": "102.707456", "reported_s": office.now_s - 60, "age_s": 60,
        "speed_kmh": 61.3, "fixed": True,
    }  # fmt: skip
    assert (answer["warnings"], answer["withheld"]) == ([], [])
    assert {each["paper"] for each in answer["licence"]} == {"transport", "registration", "policy", "permit"}
    vehicle = asdict(office.desk.bureau.registry.vehicle(key))
    office.good("PUT", "/registers/vehicles", vehicle | {"annual_check_until": "20250101"})
    office.good("PUT", "/registers/blacklist", {"register": "vehicle", "subject": key, "words": "wanted"})
    office.good("POST", f"/registers/papers/policy/P{office.vehicle.plate}/status", {"status": "cancelled"})
    way = {"vehicle": key, "points": [[26_000_000, 102_000_000], [26_000_000, 103_000_000]], "width_m": 2000}
    office.good(
        "PUT", "/registers/routes", way | {"from_s": office.now_s - 600, "until_s": office.now_s + 600}
    )
    office.last[phone] = point(office, 7200)
    kinds = [each["kind"] for each in office.good("POST", "/roadside", by_plate)["warnings"]]
    assert kinds == ["blacklist", "annual check", "licence", "silent"], "the way was not set down then"
    office.last[phone] = point(office, 500)
    warnings = office.good("POST", "/roadside", by_plate)["warnings"]
    assert [each["kind"] for each in warnings] == ["blacklist", "annual check", "licence", "off route"]
    assert warnings[-1]["words"].startswith("107.2 km")
    assert office.good(
        "POST", "/registers/blacklist/clearing", {"register": "vehicle", "subject": key, "words": "-"}
    )
    assert office.ask("POST", "/roadside", {"plate": "云Z1", "colour": "2"}, "desk").status_code == 404


def test_another_purpose_gets_what_was_consented_to_and_rounded(office: Office) -> None:
    text = office.good("POST", "/codes/applications", office.application(), "driver")["text"]
    office.last[phone_of(office.world)[office.vehicle.key]] = point(office)
    question = {"code": text, "purpose": "capacity verification"}
    answer = office.good("POST", "/roadside", question)
    assert answer["withheld"] == ["licence", "track", "code"]
    assert not {"licence", "track", "code"} & answer.keys()
    assert answer["shown_code"]["state"] == "valid"
    until_s = office.now_s + MONTH_S
    terms = {"purpose": "capacity verification", "until_s": until_s}
    office.good("POST", "/consents", terms | {"data_class": "track"}, "driver")
    assert "track" in office.good("POST", "/roadside", question)["withheld"], (
        "a track needs a separate consent"
    )
    number = office.good("POST", "/consents", terms | {"data_class": "track", "separate": True}, "driver")[
        "number"
    ]
    answer = office.good("POST", "/roadside", question)
    assert (answer["track"]["latitude"], answer["withheld"]) == ("25.04", ["licence", "code"])
    assert len(office.good("GET", "/consents", None, "driver")["consents"]) == 2
    assert office.ask("DELETE", f"/consents/{number}", None, "company").status_code == 404
    office.good("DELETE", f"/consents/{number}", None, "driver")
    assert "track" in office.good("POST", "/roadside", question)["withheld"]
    other = terms | {"data_class": "track", "identity": "530100199001010000"}
    assert office.ask("POST", "/consents", other, "driver").status_code == 403
    who = office.desk.bureau.who_of(office.driver.identity)
    given = [line["given"] for line in office.good(
        "POST", "/persons/export", {"identity": office.driver.identity}, "driver"
    )["given_to_others"] if line["action"] == "roadside"]  # fmt: skip
    assert given == ["vehicle warnings", "track vehicle warnings", "vehicle warnings", "vehicle warnings"]
    assert who not in str(given)


def test_a_forged_code_tells_nothing_at_the_roadside(office: Office) -> None:
    text = office.good("POST", "/codes/applications", office.application(), "driver")["text"]
    forged = text[:-1] + ("0" if text[-1] != "0" else "1")
    answer = office.ask("POST", "/roadside", {"code": forged}, "desk")
    assert answer.status_code == 422 and answer.json()["reason"] in ("code: bad signature", "code: no code")


def test_a_person_is_exported_and_deleted_but_for_statutory_duties(office: Office) -> None:
    for message in messages(office.world):
        office.desk.arrivals.take(message, office.now_s)
    me = {"identity": office.driver.identity}
    office.good("POST", "/codes/applications", office.application(), "driver")
    before = office.good("POST", "/persons/export", me, "driver")
    assert before["driver"]["name"] == office.driver.name
    trips = [each for each in office.world.cast.trips if office.driver in each.drivers]
    assert sum(each["kind"] == "WLHY_YD1001" for each in before["documents"]) == len(trips) > 0
    assert office.ask("POST", "/persons/deletion", {"identity": "1"}, "driver").status_code == 403
    deleted = office.good("POST", "/persons/deletion", me, "driver")
    assert deleted["code"] and deleted["papers"] == 3
    assert (deleted["documents"], deleted["kept"]) == (0, len(before["documents"]))
    assert deleted["kept_until_s"] == office.now_s + RETENTION_S
    after = office.good("POST", "/persons/export", me, "driver")
    assert after["driver"] is None and not after["papers"] and len(after["documents"]) == deleted["kept"]

    office.now_s += RETENTION_S
    secret = office.desk.accounts.add("later", AccountKind.DRIVER, owner=office.driver.identity)
    office.tokens["later"] = office.ask("POST", "/login", {"account": "later", "secret": secret}).json()[
        "token"
    ]
    assert office.good("POST", "/persons/deletion", me, "later")["documents"] == deleted["kept"]
    assert not office.good("POST", "/persons/export", me, "later")["documents"]
    from simulator.authority.books.documents import uploads

    text = json.dumps([each.document for _, each in uploads(office.desk.book)], ensure_ascii=False)
    assert office.driver.identity not in text and office.driver.telephone not in text


def test_a_body_that_is_too_long_or_no_json_is_refused(office: Office) -> None:
    assert office.ask("POST", "/codes/verify", {"text": "x" * 300_000}, "desk").status_code == 413
    assert office.ask("POST", "/codes/verify", [], "desk").status_code == 422
    assert office.ask("POST", "/codes/verify", {"text": "no code"}, "desk").json()["state"] == "no code"


def test_a_company_sees_the_registers_of_its_own_fleet_only(office: Office) -> None:
    office.account("rival", AccountKind.COMPANY, "CARRIER999")
    own = f"/registers/records/vehicle/{office.vehicle.key}"
    policy = office.papers()[0]
    paper = f"/registers/records/paper/{paper_name(policy.paper, policy.number)}"
    for path in (own, paper, f"/registers/records/company/{office.vehicle.carrier.carrier_id}"):
        assert office.ask("GET", path, None, "company").status_code == 200, path
        assert office.ask("GET", path, None, "rival").status_code == 403, path
    assert office.ask("GET", "/registers/records/company/NOBODY", None, "rival").status_code == 403
    gateway = {"X-Gateway": GATEWAY}
    assert office.ask("GET", "/registers/snapshot", None, "rival", **gateway).status_code == 403
    carriers = {each.carrier.carrier_id for each in office.world.cast.vehicles}
    assert len(carriers) > 1  # the gateway of several: none of them may see the others' drivers
    assert office.ask("GET", "/registers/snapshot", None, "company", **gateway).status_code == 403
    assert office.ask("GET", "/registers/snapshot", None, "desk", **gateway).status_code == 200
