"""A first look at the demo: frames, sums by week, a map with a plugin, and a figure.

strikemap demo && python examples/first_look.py [data folder or address] [folder for the files]
"""

import sys
from pathlib import Path

from folium import plugins

import strikemap

VIEW = "theatre=example&from=2024-03-01&to=2024-04-29"
where = sys.argv[1] if len(sys.argv) > 1 else None
out = Path(sys.argv[2] if len(sys.argv) > 2 else ".")

book = strikemap.open(where)

incidents = book.incidents(VIEW)
print(
    f"{len(incidents)} incidents; {incidents['killed_low'].isna().sum()} without a figure of killed"
)

weeks = incidents.set_index("first_day").resample("W")["killed_low"].sum(min_count=1)
print(weeks.to_string())

print(book.summary(VIEW, by="weapon")[["name", "incidents", "killed_low"]].to_string(index=False))

map_ = book.map(VIEW)
plugins.Fullscreen().add_to(map_)
points = incidents.dropna(subset=["geometry"]).geometry
plugins.HeatMap([[point.y, point.x] for point in points], show=False, name="Density").add_to(map_)
map_.save(str(out / "map.html"))

book.figure(VIEW, form="svg").save(out / "figure.svg")
print(f"written: {out / 'map.html'}, {out / 'figure.svg'}")
