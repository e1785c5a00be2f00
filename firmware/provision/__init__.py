"""Provisioning: one terminal's identity, servers and keys as one file, over its serial port. CPython only.

Never on the board, and imported by nothing that is. Keys are made here and never shown.
"""
