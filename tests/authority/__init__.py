"""Tests of the virtual monitoring system, alone and at a real broker."""
