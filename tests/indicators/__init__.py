"""Tests of the 16 indicators: each alone, and against the simulator's truth."""
