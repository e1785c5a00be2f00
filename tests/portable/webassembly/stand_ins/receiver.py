"""Stands for the port's missing `termios`: the receiver's line is a file, and needs no mode."""

TCSANOW = 0


def setraw(descriptor):
    """Nothing to set."""


def tcgetattr(descriptor):
    """Seven values, the last one the control characters."""
    return [0, 0, 0, 0, 0, 0, []]


def tcsetattr(descriptor, when, attributes):
    """Nothing to set."""
