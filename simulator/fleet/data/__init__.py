"""Roads as data: our own approximate waypoints of Yunnan expressways, WGS-84. No code here.

A file: name, road (number on the signs), title, title_zh, note; waypoints (lat, lon in degrees, alt_m, and
for towns name, name_zh); tunnels (name, the place near_lat, near_lon, and length_m along the road).
"""
