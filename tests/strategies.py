"""What may be in a record, for laws: built from the outside in, as an importer would."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import shapely
from hypothesis import strategies as st

from app.domain.count import Count, Toll
from app.domain.drawn_area import DrawnArea
from app.domain.period import FIRST_DAY, LAST_DAY, When
from app.domain.place import E7, LonLat

numbers = st.none() | st.integers(0, 10_000)


@st.composite
def _count(draw: st.DrawFn) -> Count:
    low, best, high = sorted(draw(st.tuples(*[st.integers(0, 500)] * 3)))
    known_bounds = draw(st.tuples(*[st.booleans()] * 3))
    bounds = [
        bound if is_known else None
        for bound, is_known in zip((low, best, high), known_bounds, strict=True)
    ]
    return Count(*bounds)


counts = _count()
tolls = st.builds(Toll.of, counts, civilian=counts, military=counts, unknown=counts, child=counts)
points = st.builds(
    LonLat, st.floats(-180, 180, allow_nan=False), st.floats(-90, 90, allow_nan=False)
).filter(lambda point: any(round(degrees * E7) for degrees in point))
"""Points of sources: 0, 0 is refused as one."""

days = st.dates(FIRST_DAY, LAST_DAY)


@st.composite
def _whens(draw: st.DrawFn, first: date = FIRST_DAY, last: date = LAST_DAY) -> When:
    ends = sorted(draw(st.tuples(st.dates(first, last), st.dates(first, last))))
    return draw(st.sampled_from([When.days(None), When.days(ends[0]), When.days(*ends)]))


whens = _whens()


@st.composite
def areas(draw: st.DrawFn, lon: float = 30.0, lat: float = 49.0, reach: float = 12.0) -> DrawnArea:
    """Draw an area around a point: corners in the order of their bearing cross no sides."""
    count = draw(st.integers(3, 9))
    steps = draw(st.lists(st.floats(0.05, 1), min_size=count, max_size=count))
    ends = np.cumsum(steps) / sum(steps) * 2 * math.pi
    far = draw(st.lists(st.floats(0.1, 1), min_size=count, max_size=count))
    corners = [
        (lon + reach * share * math.cos(bearing), lat + reach / 2 * share * math.sin(bearing))
        for bearing, share in zip(ends.tolist(), far, strict=True)
    ]
    if not shapely.Polygon(corners).is_valid:  # a gap of over 180 degrees leaves the point outside
        hull = shapely.convex_hull(shapely.MultiPoint(corners))
        corners = [(x, y) for x, y in shapely.get_coordinates(hull)[:-1].tolist()]
    return DrawnArea.of([degrees for corner in corners for degrees in corner])
