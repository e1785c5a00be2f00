"""The terminal's own QR encoder: versions 1…15, levels L, M, Q, in slices that never keep the loop waiting.

Two halves, so that a small heap holds one at a time: `codewords.Coder` and `drawer.Drawer`, in one buffer of
the caller (`tables.buffer_bytes`); integers only, no allocation while they work. Must not know what the text
means, nor show it: that is `firmware.terminal.screen`.
"""
