"""How long to wait: for an answer, by the recursive rule of the standard, and before the next connection.

Pure arithmetic over the settings.
"""


def answer_wait_ms(timeout_s, retransmissions, most_s):
    """The wait after so many retransmissions (JT/T 808-2013 §7.1, formula 1): T(N+1) = T(N) × (N+1).

    With T = 5 s: 5, 10, 30, 120 s. Never above `most_s`.
    """
    wait_s = timeout_s
    for number in range(1, retransmissions + 1):
        wait_s = min(wait_s * (number + 1), most_s)
    return min(wait_s, most_s) * 1000


def reconnect_pause_ms(first_s, failures, most_s, random16):
    """The pause after so many failures: doubling up to `most_s`, the upper half of it by chance.

    Without the chance a thousand terminals that lost one server would come back in the same second.
    """
    pause_ms = min(first_s << min(failures, 12), most_s) * 1000
    return pause_ms // 2 + pause_ms // 2 * (random16() >> 8) // 256
