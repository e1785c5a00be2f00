"""Tests of the office that issues driver codes."""
