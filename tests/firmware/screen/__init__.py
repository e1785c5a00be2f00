"""The screen: symbol, pictures, displays, pushes, panels; read back by scanners that are not ours."""
