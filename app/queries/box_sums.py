"""Sums of a box: the squares inside it from kept sums, the rows around these by reading them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.index.groups import Grouping
from app.index.square_sums import in_whole_squares, square_sums
from app.index.summary import Measures
from app.publishing.publish import Published, counting

MOST_LEFT_OUT = 3
"""Where more than one row is left out for so many that are shown, a scan is as fast."""


def box_sums(published: Published, by: Grouping) -> Measures | None:
    """Sum a View whose only filters are a box and a period; the numbers are those of a scan.

    None for any other View: a further filter leaves so few rows that they are soon scanned.
    """
    criteria, state = counting(published.filter), published.state
    box, cubes = criteria.bbox_e7, state.cubes
    if box is None or criteria.seq != state.seq or criteria.is_narrowed:
        return None
    slugs = [one.slug for one in published.datasets if one.slug in cubes.datasets]
    tables = [square_sums(cubes, slug, criteria.level, by) for slug in slugs]
    size = cubes.groups.size(by, criteria.level)
    inside = [table.inside(box, size) for table in tables if table is not None]
    if len(inside) < len(slugs):
        return None
    base, *later = published.segments
    places = base.match(criteria)
    added = [(part, part.match(criteria)) for part in later]
    is_inside = in_whole_squares(base.rows, places, box, by)
    # The squares also have rows that the View leaves out: because of its
    # period, of its audience, or since they were replaced after the squares were built.
    left_out = sum(rows for _, rows in inside) - int(is_inside.sum())
    if MOST_LEFT_OUT * left_out > len(places):
        return cubes.groups.measure([(base, places), *added], by, criteria)
    total = cubes.groups.measure([(base, places[~is_inside]), *added], by, criteria)
    for sums, _ in inside:
        total += sums
    if left_out:
        own = replace(cubes.own_filter(criteria, by, slugs), bbox_e7=box)
        summed = cubes.segment.match(own)
        summed = summed[in_whole_squares(base.rows, summed, box, by)]
        is_shown = np.zeros(len(base.rows), bool)
        is_shown[places] = True
        total -= cubes.groups.measure([(cubes.segment, summed[~is_shown[summed]])], by, own)
    return total
