"""Virtual trucks: roads, motion, GNSS receivers, and the real terminal core on a fake board.

The truck's terminal is `firmware.terminal` itself, never an imitation of it. Everything but `runner` is
pure: time and seed are arguments, and the same seed gives the same sentences.
"""
