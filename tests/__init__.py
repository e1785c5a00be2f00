"""Tests of the whole product. Only here may everything be imported.

vectors/ golden frames · protocols/, monitoring/ what is said on the wire · portable/ run under CPython and
MicroPython · firmware/ the terminal · gateway/, delivery/, authority/, simulator/ one room each ·
conversations/ terminal and gateway in one room, in memory · end_to_end/, kill/ the whole road with its real
parts · architecture/ the rules of the house · bench/ figures.
"""
