"""Pictures: taken, kept on flash within bounds, uploaded piece by piece (0x0801). For the page `media` alone.

Never whole in memory: the camera writes into a file, the line reads from it. Knows no camera and no file
system, only their ports.
"""
