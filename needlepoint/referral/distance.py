"""Distances on the globe, and the part of a map that holds all that is near."""

from dataclasses import dataclass
from math import asin, cos, degrees, pi, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0
HALF_ROUND_KM = EARTH_RADIUS_KM * pi  # no two places are further apart
KM_PER_MILE = 1.609344
COUNTRIES_WITH_MILES = frozenset({"US", "GB"})
# What arithmetic may be off by, in degrees: a box is rather too large than too small.
MARGIN = 1e-9


@dataclass(frozen=True)
class Box:
    """A part of a map, in degrees; west is never greater than east."""

    south: float
    north: float
    west: float
    east: float


def distance_km(
    latitude: float, longitude: float, to_latitude: float, to_longitude: float
) -> float:
    """Return the great-circle distance of two places, both in degrees, in km."""
    north, to_north = radians(latitude), radians(to_latitude)
    east = radians(to_longitude - longitude)
    chord = sin((to_north - north) / 2) ** 2 + cos(north) * cos(to_north) * sin(east / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))


def boxes_around(latitude: float, longitude: float, radius_km: float) -> tuple[Box, ...]:
    """Return the one or two boxes that hold all places within a radius.

    Two, where the circle crosses the date line. Around a pole it holds all longitudes.
    """
    angle = radius_km / EARTH_RADIUS_KM  # as seen from the middle of the earth
    reach = degrees(angle) + MARGIN
    south, north = latitude - reach, latitude + reach
    if south <= -90 or north >= 90:
        return (Box(max(south, -90), min(north, 90), -180, 180),)
    # A circle is widest a little nearer to the pole than its middle: not reach / cos(latitude).
    width = degrees(asin(min(1.0, sin(angle) / cos(radians(latitude))))) + MARGIN
    west, east = longitude - width, longitude + width
    if west < -180:
        return Box(south, north, -180, east), Box(south, north, west + 360, 180)
    if east > 180:
        return Box(south, north, west, 180), Box(south, north, -180, east - 360)
    return (Box(south, north, west, east),)


def distance_text(km: float, country: str) -> str:
    """Return a distance in the country's own unit, as "3 miles" or "less than 1 km"."""
    in_miles = country in COUNTRIES_WITH_MILES
    number = round(km / KM_PER_MILE if in_miles else km)
    if number < 1:
        return "less than 1 mile" if in_miles else "less than 1 km"
    if not in_miles:
        return f"{number:,} km"
    return "1 mile" if number == 1 else f"{number:,} miles"
