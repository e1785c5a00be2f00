"""Settings of areas and routes around KUNMING, in metres. Portable."""

from cab import KUNMING, UDEG_PER_M

CIRCLES, RECTANGLES, POLYGONS, ROUTES = 0x8600, 0x8602, 0x8604, 0x8606
QUERY, ANSWER = 0x8608, 0x0608
SPEED = 1 << 1
TELL = 1 << 3 | 1 << 5  # both ways to the platform
TIMED = 1
REPLACE, APPEND, MODIFY = 0, 1, 2
LATITUDE, LONGITUDE = KUNMING


def circle(area_id, radius_m, attributes=TELL, north_m=0, **more):
    values = {
        "id": area_id,
        "attributes": attributes,
        "latitude_udeg": LATITUDE + int(north_m * UDEG_PER_M),
        "longitude_udeg": LONGITUDE,
        "radius_m": radius_m,
        "name": b"",
    }
    values.update(more)
    return values


def put_circles(cab, page, circles, setting=APPEND):
    values = {"setting": setting, "count": len(circles), "areas": circles}
    return cab.area_message(page, CIRCLES, values)


def polygon(area_id, corners_m, attributes=TELL, **more):
    """corners_m: (north, east) in metres."""
    vertices = []
    for north, east in corners_m:
        vertices.append(
            {
                "latitude_udeg": LATITUDE + int(north * UDEG_PER_M),
                "longitude_udeg": LONGITUDE + int(east * UDEG_PER_M / 0.9063),
            }
        )
    values = {"id": area_id, "attributes": attributes, "vertex_count": len(vertices), "vertices": vertices}
    values["name"] = b""
    values.update(more)
    return values


def route(area_id, points, attributes=TELL, **more):
    """points: (north, east, section id, {values of the section})."""
    out = []
    for north, east, section, extra in points:
        point = {
            "point_id": 1000 + len(out),
            "section_id": section,
            "latitude_udeg": LATITUDE + int(north * UDEG_PER_M),
            "longitude_udeg": LONGITUDE + int(east * UDEG_PER_M / 0.9063),
            "width_m": 20,
            "attributes": 0,
        }
        point.update(extra)
        out.append(point)
    values = {"id": area_id, "attributes": attributes, "point_count": len(out), "points": out, "name": b""}
    values.update(more)
    return values
