"""Provisioning: descriptions, and a real MicroPython at the other end of a pty."""
