"""What is said on the wire, and nothing else.

`wire` is portable (MicroPython and CPython alike), `jt808` declares the messages, `monitoring` is the
contract with the monitoring system. Nothing here imports firmware, edge_gateway or simulator.
"""
