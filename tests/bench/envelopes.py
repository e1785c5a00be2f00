"""What an envelope costs a batch: seal and open of a real columnar batch, by profile and provider; CPU time.

A session is shared by the batches, as on the line; what its start costs (wrap and unwrap) stands apart.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Final

from protocols.guomi import available
from protocols.monitoring.batch import Batch
from protocols.monitoring.envelopes import KeyRing, PlainEnvelope, new_keys, public_ring
from protocols.monitoring.envelopes.guarded import GuardedEnvelope
from protocols.monitoring.envelopes.plain import Envelope
from protocols.monitoring.envelopes.suites import GuomiSuite, RsaAesSuite, Suite, fresh_content_key
from protocols.monitoring.forms import encode_batch
from tests.monitoring.mix import make_mix

from .figures import Figure

RECORDS: Final = 1000
ROUNDS: Final = 5
NOW_MS: Final = 1_790_000_000_000
TOPIC: Final = "gov/v1/pos/edge-1"
SLOW_BATCHES: Final = 1
BATCHES: Final = 20


def figures() -> list[Figure]:
    """ms a batch, medians of interleaved rounds, both directions, and what a session's start costs."""
    payload = encode_batch(Batch("edge-1", make_mix(RECORDS)), "columnar", "zstd")
    sides = _sides()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, (sealing, opening, _suite) in sides.items():
            slow = name.endswith(" gmssl")
            times[name].append(_round(sealing, opening, payload, SLOW_BATCHES if slow else BATCHES))
    found = []
    for name, pairs in times.items():
        seal, opened = (median(pair[at] for pair in pairs) for at in (0, 1))
        found.append(
            Figure("envelopes", f"{name}: seal", seal, "ms", note=f"{RECORDS} records, {len(payload)} bytes")
        )
        found.append(Figure("envelopes", f"{name}: open", opened, "ms"))
        suite = sides[name][2]
        if suite is not None:
            found.append(
                Figure("envelopes", f"{name}: begin a session, both sides", _session_ms(suite), "ms")
            )
    return found


def _sides() -> dict[str, tuple[Envelope, Envelope, Suite | None]]:
    sides: dict[str, tuple[Envelope, Envelope, Suite | None]] = {
        "plain": (PlainEnvelope(), PlainEnvelope(), None)
    }
    suites: dict[str, Suite] = {f"guomi, {name}": GuomiSuite(make()) for name, make in available().items()}
    suites["rsa-aes"] = RsaAesSuite()
    for name, suite in suites.items():
        gateway, authority = (KeyRing(new_keys(suite, owner, 0)) for owner in ("edge-1", "authority"))
        sides[name] = (
            GuardedEnvelope(name, suite, gateway, public_ring(authority)),
            GuardedEnvelope(name, suite, authority, public_ring(gateway)),
            suite,
        )
    return sides


def _round(sealing: Envelope, opening: Envelope, payload: bytes, batches: int) -> tuple[float, float]:
    """(ms to seal, ms to open) a batch; the session is begun before."""
    opening.open(sealing.seal(b"", TOPIC, NOW_MS), TOPIC, NOW_MS)
    sealed: list[bytes] = []
    seal_ms = _ms(lambda: sealed.append(sealing.seal(payload, TOPIC, NOW_MS)), batches)
    arrived = iter(sealed)
    open_ms = _ms(lambda: opening.open(next(arrived), TOPIC, NOW_MS), batches)
    return seal_ms, open_ms


def _session_ms(suite: Suite) -> float:
    private, public = suite.new_pair()
    key = fresh_content_key(suite)
    return median(_ms(lambda: suite.unwrap(private, suite.wrap(public, key)), 3) for _ in range(ROUNDS))


def _ms(work: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) * 1000 / times
