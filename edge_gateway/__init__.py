"""The fleet company's service: takes reports from terminals, makes them durable, answers, delivers.

`server` carries bytes between sockets and `session` (what is said to a terminal), `journal` keeps what must
not be lost, `delivery` brings it to the monitoring system, `registry` knows who may speak; `gateway` composes
them. Knows neither firmware nor simulator.
"""

import os

# Nothing here multiplies matrices: the threads that numpy's library starts for that would only cost time at
# every start, and memory. Said before anybody imports numpy; the processes that we start inherit it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
