"""The terminal in the cab: portable cores in `terminal/`, one folder a board in `board/`, and the program.

Must not know the gateway, the simulator, or the protocol beyond `protocols.wire`.
"""
