"""What commands may cost and how long they are given. Values only."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CommandLimits:
    """per_terminal, total: commands that are not done yet. body_bytes: of one encoded body (sub-packages
    carry it). response_ms: the first wait for an answer, T(1) of the standard. retries: sendings after the
    first on one connection. answer_ms: for an answer of its own behind a 0x0001. piece_ms: longer wait for
    each sub-package, about what a slow modem takes for one.
    life_ms: until a command without an expiry expires; life_max_ms: the furthest expiry taken."""

    per_terminal: int = 32
    total: int = 20_000
    body_bytes: int = 16 << 20
    response_ms: int = 10_000
    retries: int = 3
    answer_ms: int = 120_000
    piece_ms: int = 200
    life_ms: int = 86_400_000
    life_max_ms: int = 31 * 86_400_000


def wait_ms(first_ms: int, sendings: int) -> int:
    """How long to wait after the n-th sending: T(N+1) = T(N) × (N+1), so 5, 10, 30, 120 s for 5.

    JT/T 808-2013 §7.1, formula 1.
    """
    wait = first_ms
    for step in range(2, sendings + 1):
        wait *= step
    return wait
