"""The real terminal core and the real gateway core in one room, over a bad line, the clock an argument."""
