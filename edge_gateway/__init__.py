"""The fleet company's service: takes reports from terminals, makes them durable, answers, delivers.

`server` carries bytes between sockets and `session` (what is said to a terminal), `journal` keeps what must
not be lost, `delivery` brings it to the monitoring system, `registry` knows who may speak; `gateway` composes
them. Knows neither firmware nor simulator.
"""
