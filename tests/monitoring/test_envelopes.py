"""What is sealed is read by its receiver alone, on its topic alone, from its sender alone, once."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.monitoring.envelopes import (
    EnvelopeError,
    KeyRing,
    SeenMessages,
    load_envelope,
    make_envelope,
    new_keys,
    public_ring,
    read_ring,
    retire,
    rotate,
    write_ring,
)
from protocols.monitoring.envelopes.guarded import SESSION_MS, SKEW_MS
from protocols.monitoring.envelopes.profiles import suite_of
from protocols.monitoring.envelopes.seen import SESSIONS_MAX, WINDOW, Mark
from protocols.monitoring.envelopes.seen_file import SeenFile
from protocols.wire.errors import LocalProtocolError

from .envelope_world import GUARDED, NOW_MS, TOPIC, ring, side

profiles = pytest.mark.parametrize("profile", GUARDED)


def code_of(envelope: object, data: bytes, topic: str = TOPIC, now_ms: int = NOW_MS, **more: object) -> int:
    """The result code with which it is refused."""
    with pytest.raises(EnvelopeError) as caught:
        envelope.open(data, topic, now_ms, **more)  # type: ignore[attr-defined]
    return caught.value.code


@profiles
@given(payload=st.binary(max_size=2000), topic=st.text(max_size=40))
@settings(max_examples=25, deadline=None)
def test_what_is_sealed_comes_back(profile: str, payload: bytes, topic: str) -> None:
    sealed = side(profile, "edge-1", "authority").seal(payload, topic, NOW_MS)
    assert side(profile, "authority", "edge-1").open(sealed, topic, NOW_MS, sender="edge-1") == payload
    assert len(payload) < 16 or payload not in sealed


@profiles
def test_every_flipped_byte_is_refused_with_a_code(profile: str) -> None:
    opening = side(profile, "authority", "edge-1")
    sealed = side(profile, "edge-1", "authority").seal(b"a payload of some length", TOPIC, NOW_MS)
    codes = []
    for at in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[at] ^= 1 << at % 8
        codes.append(code_of(opening, bytes(damaged)))
    assert set(codes) == {3004, 3006, 3007}
    assert set(codes[:4]) == {3004}  # magic, version, profile
    assert set(codes[4:20]) == {3006}  # keys that nobody has
    assert set(codes[56:]) == {3007}
    assert opening.open(sealed, TOPIC, NOW_MS) == b"a payload of some length"


@profiles
@given(data=st.binary(max_size=300))
@settings(max_examples=50, deadline=None)
def test_what_is_no_envelope_is_refused(profile: str, data: bytes) -> None:
    assert code_of(side(profile, "authority", "edge-1"), data) == 3004
    assert code_of(side(profile, "authority", "edge-1"), b"DE\x01" + data) in (3004, 3006)


@profiles
def test_it_is_bound_to_topic_sender_and_receiver(profile: str) -> None:
    opening = side(profile, "authority", "edge-1", "edge-2")
    sealed = side(profile, "edge-1", "authority").seal(b"payload", TOPIC, NOW_MS)
    assert code_of(opening, sealed, "gov/v1/pos/edge-2") == 3007
    assert code_of(opening, sealed, sender="edge-2") == 3004
    assert code_of(side(profile, "edge-2", "edge-1"), sealed) == 3006  # sealed to another's key
    assert code_of(side(profile, "authority", "edge-2"), sealed) == 3006  # of a stranger
    assert opening.begin(sealed, TOPIC, NOW_MS).sender == "edge-1"


@profiles
def test_the_workers_of_a_gateway_share_its_keys(profile: str) -> None:
    gateway, authority = side(profile, "edge-1", "authority"), side(profile, "authority", "edge-1")
    sealed = gateway.seal(b"payload", "gov/v1/pos/edge-1-w0", NOW_MS)
    assert authority.open(sealed, "gov/v1/pos/edge-1-w0", NOW_MS, sender="edge-1-w0") == b"payload"
    back = authority.seal(b"receipt", "gov/v1/ack/edge-1-w0", NOW_MS, "edge-1-w0")
    assert gateway.open(back, "gov/v1/ack/edge-1-w0", NOW_MS) == b"receipt"
    assert code_of(authority, sealed, "gov/v1/pos/edge-1-w0", sender="edge-2-w0") == 3004


@profiles
def test_one_that_holds_all_public_keys_cannot_pass_for_another(profile: str) -> None:
    """edge-2 seals, and says in the head that edge-1 did."""
    sealed = bytearray(side(profile, "edge-2", "authority").seal(b"payload", TOPIC, NOW_MS))
    sealed[4:12] = side(profile, "edge-1", "authority").seal(b"payload", TOPIC, NOW_MS)[4:12]
    assert code_of(side(profile, "authority", "edge-1", "edge-2"), bytes(sealed)) == 3007


@profiles
def test_a_repetition_is_refused_and_a_resend_is_none(profile: str) -> None:
    sending, opening = side(profile, "edge-1", "authority"), side(profile, "authority", "edge-1")
    first = sending.seal(b"batch", TOPIC, NOW_MS)
    assert opening.open(first, TOPIC, NOW_MS) == b"batch"
    assert code_of(opening, first) == 3001
    again = sending.seal(b"batch", TOPIC, NOW_MS)
    assert again != first
    assert opening.open(again, TOPIC, NOW_MS) == b"batch"


@profiles
def test_only_what_was_accepted_counts_as_taken(profile: str) -> None:
    """Killed between opening and storing, the receiver gets it again from the broker, and must read it."""
    opening = side(profile, "authority", "edge-1")
    sealed = side(profile, "edge-1", "authority").seal(b"batch", TOPIC, NOW_MS)
    opened = opening.begin(sealed, TOPIC, NOW_MS)
    assert opening.begin(sealed, TOPIC, NOW_MS) == opened
    opening.accept(opened)
    assert code_of(opening, sealed) == 3001


@profiles
def test_age_and_clocks(profile: str) -> None:
    opening = side(profile, "authority", "edge-1", max_age_ms=60_000)
    sealed = side(profile, "edge-1", "authority").seal(b"batch", TOPIC, NOW_MS)
    assert code_of(opening, sealed, now_ms=NOW_MS + 60_001) == 3004
    assert code_of(opening, sealed, now_ms=NOW_MS - SKEW_MS - 1) == 3004
    assert opening.begin(sealed, TOPIC, NOW_MS + 60_000).payload == b"batch"
    assert opening.open(sealed, TOPIC, NOW_MS + 10**9, fresh=False) == b"batch"  # a retained message


@profiles
def test_a_content_key_serves_an_hour_and_a_restart_takes_another(profile: str) -> None:
    sending = side(profile, "edge-1", "authority")
    first, second = (sending.seal(b"x", TOPIC, NOW_MS + at) for at in (0, SESSION_MS - 1))
    later, other = sending.seal(b"x", TOPIC, NOW_MS + SESSION_MS), side(profile, "edge-1", "authority")
    sessions = [sealed[20:28] for sealed in (first, second, later, other.seal(b"x", TOPIC, NOW_MS))]
    assert sessions[0] == sessions[1]
    assert len(set(sessions)) == 3
    assert int.from_bytes(second[44:52]) == 2


@profiles
def test_rotation(profile: str) -> None:
    """New keys seal from their day on; the old ones open until theirs; then they are refused."""
    day, suite = 86_400_000, suite_of(profile)
    old, authority = ring(profile, "edge-1"), ring(profile, "authority")
    both = rotate(old, suite, NOW_MS + day, NOW_MS + 3 * day)
    assert len(both.keys) == 4
    gateway = make_envelope(profile, both, public_ring(authority))
    before, after = (gateway.seal(b"x", TOPIC, NOW_MS + at) for at in (0, day))
    assert before[4:12] != after[4:12]
    informed = make_envelope(profile, authority, public_ring(both))
    assert informed.open(before, TOPIC, NOW_MS) == b"x"
    assert informed.open(after, TOPIC, NOW_MS + day) == b"x"
    assert code_of(side(profile, "authority", "edge-1"), after, now_ms=NOW_MS + day) == 3006
    # The other way: the authority does not know the new keys yet, and the old ones still open.
    late = side(profile, "authority", "edge-1").seal(b"down", TOPIC, NOW_MS + 2 * day)
    assert gateway.open(late, TOPIC, NOW_MS + 2 * day) == b"down"
    very_late = side(profile, "authority", "edge-1").seal(b"down", TOPIC, NOW_MS + 3 * day)
    assert code_of(gateway, very_late, now_ms=NOW_MS + 3 * day) == 3006
    assert len(retire(both, NOW_MS + 3 * day).keys) == 2
    with pytest.raises(LocalProtocolError, match="end before"):
        rotate(old, suite, NOW_MS + day, NOW_MS)


@profiles
def test_swapped_keys_are_refused_at_the_start(profile: str) -> None:
    suite = suite_of(profile)
    signing, encrypting = new_keys(suite, "edge-1", 0)
    swapped = [dataclasses.replace(signing, private=encrypting.private), encrypting]
    with pytest.raises(LocalProtocolError, match="two pairs"):
        make_envelope(profile, KeyRing(swapped), public_ring(ring(profile, "authority")))
    with pytest.raises(LocalProtocolError, match="private"):
        make_envelope(profile, public_ring(ring(profile, "edge-1")), public_ring(ring(profile, "authority")))
    other = GUARDED[1 - GUARDED.index(profile)]
    with pytest.raises(LocalProtocolError, match="no use for"):
        make_envelope(profile, ring(profile, "edge-1"), public_ring(ring(other, "authority")))


def test_threads_never_share_a_number() -> None:
    """Two messages under one number would share a nonce, and give the content key's secrecy away."""
    sending = side("guomi", "edge-1", "authority")
    with ThreadPoolExecutor(4) as pool:
        sealed = list(pool.map(lambda _: sending.seal(b"x", TOPIC, NOW_MS), range(40)))
    assert {int.from_bytes(one[44:52]) for one in sealed} == set(range(1, 41))
    assert len({one[20:28] for one in sealed}) == 1
    opening = side("guomi", "authority", "edge-1")
    assert all(opening.open(one, TOPIC, NOW_MS) == b"x" for one in sealed)


def test_a_key_never_shows() -> None:
    key = ring("guomi", "edge-1").keys[0]
    assert key.private.hex() not in repr(key)
    assert repr(key.private) not in repr(key)


@profiles
def test_key_files(profile: str, tmp_path: Path) -> None:
    own, public = tmp_path / "edge-1.keys", tmp_path / "edge-1.public"
    write_ring(own, ring(profile, "edge-1"))
    write_ring(public, public_ring(ring(profile, "edge-1")))
    write_ring(tmp_path / "authority.keys", ring(profile, "authority"))
    write_ring(tmp_path / "authority.public", public_ring(ring(profile, "authority")))
    assert own.stat().st_mode & 0o777 == 0o600
    assert read_ring(own).keys == ring(profile, "edge-1").keys
    assert b"private" not in public.read_bytes()
    gateway = load_envelope(profile, own, tmp_path / "authority.public")
    seen = tmp_path / "seen"
    sealed = gateway.seal(b"x", TOPIC, NOW_MS)
    for expected in (b"x", None):  # the second stands for the same receiver after a restart
        authority = load_envelope(profile, tmp_path / "authority.keys", public, seen_file=seen)
        if expected is None:
            assert code_of(authority, sealed) == 3001
        else:
            assert authority.open(sealed, TOPIC, NOW_MS) == expected
    own.chmod(0o640)
    with pytest.raises(LocalProtocolError, match="chmod 600"):
        read_ring(own)
    public.write_bytes(public.read_bytes().replace(b'"until_ms": 0', b'"until_ms": -1'))
    with pytest.raises(LocalProtocolError, match="no file of keys"):
        read_ring(public)


@settings(deadline=None)
@given(st.lists(st.integers(1, 3 * WINDOW), max_size=60))
def test_the_memory_never_lets_one_through_twice(numbers: list[int]) -> None:
    """Against a plain set: what was taken is refused; what is refused as repeated was taken."""
    seen, taken = SeenMessages(), set[int]()
    for number in numbers:
        mark = Mark(b"s", b"1", NOW_MS, number)
        try:
            seen.check(mark)
        except EnvelopeError as error:
            assert error.code == (3001 if number > max(taken) - WINDOW else 3004)
            assert number in taken or number <= max(taken) - WINDOW
        else:
            assert number not in taken
        seen.add(mark)
        taken.add(number)
    again = SeenMessages()
    for mark in seen.marks():
        again.add(mark)
    assert sorted(again.marks()) == sorted(seen.marks())


def test_the_memory_is_bounded_for_each_sender_alone() -> None:
    seen = SeenMessages()
    seen.add(Mark(b"quiet", b"only", 0, 1))
    for session in range(SESSIONS_MAX + 5):
        seen.add(Mark(b"busy", session.to_bytes(8), session, 1))
    assert len(seen) == SESSIONS_MAX + 1
    with pytest.raises(EnvelopeError, match="forgotten"):
        seen.check(Mark(b"busy", bytes(8), 0, 2))
    with pytest.raises(EnvelopeError, match="3001"):
        seen.check(Mark(b"quiet", b"only", 0, 1))


def test_the_file_of_what_was_taken(tmp_path: Path) -> None:
    path = tmp_path / "seen"
    with SeenFile(path) as file:
        for number in range(1, 3000):
            file.memory.add(Mark(bytes(8), b"12345678", NOW_MS, number))
    path.write_bytes(path.read_bytes() + b"torn")
    with SeenFile(path) as file:
        with pytest.raises(EnvelopeError, match="3001"):
            file.memory.check(Mark(bytes(8), b"12345678", NOW_MS, 2999))
        file.memory.check(Mark(bytes(8), b"12345678", NOW_MS, 3000))
    assert path.stat().st_size == WINDOW * 32  # written anew at the start, no longer than the window
    assert path.stat().st_mode & 0o777 == 0o600
