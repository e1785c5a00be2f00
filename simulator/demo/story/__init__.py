"""The story that the demo tells beside the traffic: a driver's code, an order, its papers, the indicators.

`world` invents who takes part, `road` brings up authority and gateway with freight, `acts` plays the code's
life on a real terminal, `quarter` lets a finished world's tracks and documents travel and judges the report.
Uses the public doors only: HTTP of authority and gateway, the terminal's screen as a picture.
"""
