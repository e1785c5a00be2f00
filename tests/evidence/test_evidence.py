"""A story that was written can be told again only as it was: any flipped byte is found and named."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.evidence import (
    ALGORITHMS,
    Anchor,
    AnchorLine,
    Chain,
    EvidenceError,
    Head,
    Link,
    Opening,
    Story,
    anchor_heads,
    bundle,
    canonical,
    commitment,
    decode_anchor,
    decode_link,
    digest_of,
    encode_anchor,
    encode_link,
    inclusion_path,
    leaf_hash,
    root_of,
    verify_bundle,
    write_bundle,
)
from protocols.evidence.chain import hash_of_link
from protocols.evidence.merkle import root_by_path
from protocols.guomi import choose

PEOPLE = {"driverName": "王小明", "drivingLicense": "530100199001011234"}
SALT = bytes(range(16))
PRIVATE = bytes(31) + b"\7"


def story(algorithm: str = "sm3", positions: int = 5, shown: dict[int, list[int]] | None = None) -> Story:
    """Created, loaded, positions, unloaded; signed anchor over this chain and two others."""
    digest = digest_of(algorithm)
    chain = Chain("waybill/YD0001/0000", algorithm)
    data = [f"position {number}".encode() for number in range(positions)]
    root = root_of(digest, [leaf_hash(digest, one) for one in data])
    links = [
        chain.append("created", 1000, {"commitments": {"document": commitment(digest, SALT, PEOPLE).hex()}}),
        chain.append("loaded", 2000, {"by": "0x0701"}),
        chain.append("positions", 3000, {"positions": {"count": positions, "root": root.hex()}}),
        chain.append("unloaded", 4000, {}),
    ]
    heads = [
        Head(chain.subject, 3, chain.head),
        Head("waybill/A", 0, bytes(32)),
        Head("waybill/Z", 9, bytes(32)),
    ]
    unsigned = Anchor(algorithm, "edge-1", 1, 5000, 0, b"", bytes(32))
    anchor, proofs = anchor_heads(unsigned, heads, "k1", lambda part: choose().sm2_sign(PRIVATE, part))
    lines = [AnchorLine(anchor, 3, at, path) for head, at, path in proofs if head.subject == chain.subject]
    opening = Opening(0, "document", SALT, PEOPLE)
    return Story(chain.subject, algorithm, links, [opening], {2: data}, shown or {}, lines)


def check(key: str, signed: bytes, signature: bytes) -> bool | None:
    """Trusts k1 alone."""
    return choose().sm2_verify(choose().sm2_public_of(PRIVATE), signed, signature) if key == "k1" else None


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("shown", [None, {2: [0, 3]}, {2: []}])
def test_a_bundle_holds(algorithm: str, shown: dict[int, list[int]] | None) -> None:
    told = story(algorithm, shown=shown)
    report = verify_bundle(write_bundle(told), check, [told.anchors[0].anchor])
    assert report.holds, report
    counts = (
        report.links,
        report.positions,
        report.openings,
        report.anchors,
        report.unsigned,
        report.confirmed,
    )
    assert counts == (4, 5 if shown is None else len(shown[2]), 1, (1,), 0, 1)


def test_what_the_first_hash_covers() -> None:
    """Spelled out by hand, not by our writer."""
    header = b'{"algorithm":"sha256","format":"dianyun.evidence/1","line":"header","subject":"s"}'
    genesis = sha256(header).hexdigest()
    text = f'{{"at_ms":5,"body":{{"a":"\u4e91"}},"index":0,"kind":"k","line":"link","previous":"{genesis}"}}'
    link = Chain("s", "sha256").append("k", 5, {"a": "云"})
    assert link.hash == sha256(b"link\0" + text.encode()).digest()
    salted = sha256(b"commitment\0" + SALT + b'{"b":1,"c":[true,null]}').digest()
    assert commitment(digest_of("sha256"), SALT, {"c": [True, None], "b": 1}) == salted


def test_the_tree_is_that_of_rfc_6962() -> None:
    """Against the recursive definition: split at the largest power of two below n."""

    def recursive(leaves: list[bytes]) -> bytes:
        if len(leaves) == 1:
            return leaves[0]
        half = 1
        while half * 2 < len(leaves):
            half *= 2
        return sha256(b"\1" + recursive(leaves[:half]) + recursive(leaves[half:])).digest()

    for count in range(1, 40):
        leaves = [sha256(b"\0" + bytes([number])).digest() for number in range(count)]
        assert root_of(digest_of("sha256"), leaves) == recursive(leaves)


@settings(deadline=None)
@given(count=st.integers(1, 70), data=st.data())
def test_a_path_proves_its_own_leaf_alone(count: int, data: st.DataObject) -> None:
    digest = digest_of("sha256")
    leaves = [leaf_hash(digest, bytes([number])) for number in range(count)]
    root = root_of(digest, leaves)
    at, other = data.draw(st.integers(0, count - 1)), data.draw(st.integers(0, count - 1))
    path = inclusion_path(digest, leaves, at)
    assert root_by_path(digest, leaves[at], at, count, path) == root
    assert (root_by_path(digest, leaves[other], at, count, path) == root) == (at == other)
    assert root_by_path(digest, leaves[at], at, count, (*path, root)) is None


def line_of(data: bytes, at: int) -> int:
    """The number of the line that byte `at` is in, its end included."""
    return data.count(b"\n", 0, at) + 1


@pytest.mark.parametrize("shown", [None, {2: [1, 4]}])
def test_every_flipped_byte_is_found_and_named(shown: dict[int, list[int]] | None) -> None:
    told = story("sha256", shown=shown)
    data = write_bundle(told)
    names = [b"header", b"link 0", b"opening", b"link 1", b"link 2"]
    names += [b"position"] * (5 if shown is None else 2) + [b"link 3", b"anchor", b"end"]
    for at in range(len(data)):
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        report = verify_bundle(bytes(flipped))
        number = line_of(data, at)
        assert not report.holds, at
        # The end of a link's line may become part of the line: then it is that line which is broken.
        assert report.line in (number, number + 1) if at == len(data) - 1 else report.line == number, (
            at,
            report,
        )
        expected = names[number - 1].decode()
        assert expected in report.broken or report.broken.startswith("what follows"), (at, report)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damage_of_any_kind_is_found(data: st.DataObject) -> None:
    bundle = write_bundle(story("sha256"))
    start = data.draw(st.integers(0, len(bundle)))
    end = data.draw(st.integers(start, min(len(bundle), start + 300)))
    damaged = bundle[:start] + data.draw(st.binary(max_size=20)) + bundle[end:]
    report = verify_bundle(damaged)
    assert report.holds == (damaged == bundle)


def rewritten(told: Story, index: int) -> Story:
    """The story with another body in one link, and every hash after it made to fit."""
    links: list[Link] = []
    chain = Chain(told.subject, told.algorithm)
    for link in told.links:
        links.append(
            chain.append(link.kind, link.at_ms, {"by": "nobody"} if link.index == index else link.body)
        )
    return Story(told.subject, told.algorithm, links, told.openings, told.positions, told.shown, told.anchors)


def test_a_story_told_anew_does_not_fit_its_anchor() -> None:
    report = verify_bundle(write_bundle(rewritten(story(), 1)))
    assert (report.broken, report.anchors) == ("anchor 1", ())
    assert "does not cover this link 3" in report.reason


def test_an_anchor_made_anew_is_found_by_its_signature_and_by_those_published() -> None:
    told = story()
    forged = rewritten(told, 1)
    unsigned = Anchor(told.algorithm, "edge-1", 1, 5000, 0, b"", bytes(32))
    anchor, [(_, at, path)] = anchor_heads(
        unsigned, [Head(told.subject, 3, forged.links[-1].hash)], "k1", lambda part: bytes([1] * 64)
    )
    forged.anchors = [AnchorLine(anchor, 3, at, path)]
    data = write_bundle(forged)
    assert verify_bundle(data).unsigned == 1  # nobody to ask: it says so
    assert verify_bundle(data, check).reason == "its signature does not fit"
    assert verify_bundle(data, None, [told.anchors[0].anchor]).reason == "is not among the published anchors"


def test_a_position_of_another_truck_is_found_although_its_hash_fits() -> None:
    told = story()
    told.positions = {2: [*told.positions[2][:4], b"elsewhere"]}
    report = verify_bundle(write_bundle(told))
    assert (report.broken, report.reason) == ("positions of link 2", "do not lead to the root in the link")


def test_a_chain_goes_on_after_a_restart() -> None:
    told = story()
    again = Chain(told.subject, told.algorithm, 3, told.links[2].hash)
    assert again.append("unloaded", 4000, {}) == told.links[3]
    assert decode_link(encode_link(told.links[0])) == told.links[0]
    assert hash_of_link(digest_of("sm3"), told.links[0]) == told.links[0].hash
    anchor = told.anchors[0].anchor
    assert decode_anchor(encode_anchor(anchor)) == anchor


def test_deleted_data_leaves_the_chain_whole_and_tells_nothing() -> None:
    told = story()
    told.openings = []
    data = write_bundle(told)
    assert verify_bundle(data).holds
    assert verify_bundle(data).covered == 4
    assert not any(value.encode() in data for value in PEOPLE.values())


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": 1.5}, "a: a float"),
        ({"a": {1: 2}}, "is no ASCII key"),
        ({"a": 2**53}, "beyond"),
        ({"ü": 1}, "ASCII"),
    ],
)
def test_what_has_no_single_spelling_is_refused(value: dict[str, object], words: str) -> None:
    with pytest.raises(EvidenceError, match=words):
        canonical(value)


def empty_machine(folder: Path) -> Callable[..., tuple[int, str]]:
    """`python -m protocols.evidence verify` where there is Python and a copy of two folders: no package, no
    database, no configuration, nothing of the environment."""
    source = Path(__file__).parents[2] / "protocols"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("evidence", "guomi"):
        shutil.copytree(source / name, folder / "protocols" / name, ignore=ignored)
    shutil.copy(source / "__init__.py", folder / "protocols")

    def run(*words: str) -> tuple[int, str]:
        line = [sys.executable, "-I", "-S", "-c", "import sys; sys.path.insert(0, '.'); import runpy; "
                "runpy.run_module('protocols.evidence', run_name='__main__')", "verify", *words]  # fmt: skip
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=60, env={})
        return done.returncode, done.stdout + done.stderr

    return run


def test_a_signed_story_under_sm3_verifies_on_an_empty_machine(tmp_path: Path) -> None:
    """SM3 and the SM2 signature without any library; a flipped byte names the first broken link."""
    told = story("sm3")
    data = write_bundle(told)
    public = choose().sm2_public_of(PRIVATE)
    ring = {"keys": [{"kind": "sm2", "use": "sign", "id": "k1", "public": public.hex()}]}
    (tmp_path / "edge-1.public").write_text(json.dumps(ring))
    (tmp_path / "bundle").write_bytes(data)
    at = data.index(b'"index":2') - 40
    (tmp_path / "flipped").write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    run = empty_machine(tmp_path)
    code, words = run("bundle", "--keys", "edge-1.public")
    assert (code, "1 anchors" in words, "without a signature" in words) == (0, True, False), words
    code, words = run("flipped", "--key", f"k1={public.hex()}")
    assert code == 1
    assert words.startswith("BROKEN: link 2 "), words
    stranger = choose().sm2_new_key()[1].hex()
    code, words = run("bundle", "--key", f"k1={stranger}")
    assert (code, "its signature does not fit" in words) == (1, True), words
    code, words = run("bundle", "--key", f"k2={stranger}")
    assert (code, "not signed by a key that was given" in words) == (1, True), words


def test_with_a_key_a_story_without_a_signed_anchor_is_nothing(tmp_path: Path) -> None:
    told = story("sm3")
    told.anchors = []
    report = verify_bundle(write_bundle(told), check, signed=True)
    assert (report.broken, report.reason) == ("end", "no signed anchor covers anything of it")
    assert verify_bundle(write_bundle(told), check).holds


@pytest.mark.parametrize(("name", "most"), [("LINES_MAX", 6), ("BYTES_MAX", 900)])
def test_a_bundle_has_a_limit(name: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, name, most)
    with pytest.raises(EvidenceError, match="more than"):
        write_bundle(story())


def test_the_command_needs_only_the_protocols(tmp_path: Path) -> None:
    """Another folder, no site-packages: SHA-256 needs nothing that is not in Python."""
    told = story("sha256")
    (tmp_path / "bundle").write_bytes(write_bundle(told))
    (tmp_path / "bad").write_bytes(write_bundle(told).replace(b"0x0701", b"0x0702"))
    (tmp_path / "anchors").write_bytes(encode_anchor(told.anchors[0].anchor) + b"\n")
    run = empty_machine(tmp_path)
    code, words = run("bundle", "--anchors", "anchors")
    assert code == 0, words
    assert words.startswith("holds: waybill/YD0001/0000")
    assert "1 of them published" in words
    code, words = run("bad")
    assert code == 1
    assert words.startswith("BROKEN: link 1 (line 4): its contents do not fit its hash")
    assert run("nowhere")[0] == 2
    told.anchors = []
    (tmp_path / "loose").write_bytes(write_bundle(told))
    code, words = run("loose")
    assert code == 0
    assert "no anchor covers the last 4 links" in words


@pytest.mark.parametrize("line", [b'{"line":[]}', b'{"line":{}}', b'{"line":null}', b'{"line":7}'])
def test_a_line_of_no_kind_is_broken_and_no_crash(line: bytes) -> None:
    lines = write_bundle(story()).split(b"\n")
    for at in (0, 1, 3):
        assert not verify_bundle(b"\n".join([*lines[:at], line, *lines[at:]])).holds
