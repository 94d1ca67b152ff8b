"""What is withheld from the public stands on no address, whatever is asked and however often."""

from __future__ import annotations

import gzip
import io
import math
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import mapbox_vector_tile
import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.domain.account import Holder, Role
from app.domain.damage import Damage
from app.domain.drawn_area import DrawnArea
from app.domain.incident import Incident
from app.domain.period import When
from app.domain.place import LonLat, Place, Precision
from app.domain.redaction import TextPart
from app.domain.revision import Action
from app.domain.source import Claim, SourceRef
from app.editing.redaction import Redactor
from app.intake.regions.importing import import_regions
from app.intake.regions.layers import RegionOrder
from app.pages.columns import COLUMN_ORDER
from app.reference.reference import Reference
from tests.making import GEODATA, change, dataset, incident, open_workspace, write
from tests.serving import Service, serving
from tests.support import feature, geojson, square

NOW = datetime.now(UTC)
RECENT = When.days(NOW.date() - timedelta(days=3))
EMBARGOED, PLANT = LonLat(31.234567, 49.345678), LonLat(34.567891, 48.456789)
OPEN = LonLat(30.5, 50.4)
TEXT, NAME = "the words of the withheld record", "Quarry Lane substation"
KEYS = ("embargoed", "plant", "named")
NAMED = "Somebody Invented"


UNLISTED = (
    *("/compare", "/stories", "/review", "/import", "/audit", "/edit", "/edit/{ref}", "/file"),
    *("/api/docs", "/catalog.jsonld", "/sitemap.xml", "/robots.txt"),
    *("/styles/incidents.json", "/styles/map.json", "/styles/incidents.qml", "/styles/regions.qml"),
    *("/tiles/map.json", "/tiles/incidents.json", "/tiles/regions.json"),
)
"""Addresses that the description of the API leaves out, or has with a name in braces."""

FORMS = {
    "/api/collections/incidents/items": ("f=html", "limit=1&f=html"),
    "/api/collections": ("f=html",),
    "/api/changes": ("format=atom",),
    "/api/export.csv": ("hxl=true",),
    "/api/export.xlsx": ("hxl=true",),
    "/api/summary": tuple(
        f"by={by}" for by in ("day", "weapon", "sector", "kind", "dataset", "line")
    ),
    "/wms": ("service=WMS&request=GetCapabilities",),
    "/wmts": ("service=WMTS&request=GetCapabilities",),
}
"""Forms in which an address answers beside its usual one."""


def place(point: LonLat) -> Place:
    return Place.at(point, Precision.exact, name=NAME, admin1="UA-71")


def records() -> Iterator[tuple[Incident, Incident]]:
    """Yield each withheld record as it was first told, open, and as it stands, withheld."""
    for key, point, withheld in (
        ("embargoed", EMBARGOED, {"public_after": NOW + timedelta(days=2)}),
        ("plant", PLANT, {"damage": (Damage("energy", name=NAME),)}),
    ):
        first = incident(key, place=place(point), when=RECENT, description=TEXT)
        changed: dict[str, Any] = {"place": place(point), "when": RECENT, "description": TEXT}
        yield first, incident(key, **changed, **withheld)


def named() -> Incident:
    """Make a record whose place is open and whose texts name somebody."""
    record = incident(
        "named",
        place=Place.at(LonLat(24.03, 49.84), Precision.exact, name=f"house of {NAMED}"),
        description=f"{NAMED} was hurt",
        claims=(Claim(NAMED, f"said {NAMED}"),),
        sources=(SourceRef(NAMED, f"https://example.org/{NAMED}"),),
        damage=(Damage("residential", name=f"{NAMED}'s house"),),
    )
    when = msgspec.structs.replace(RECENT, text=f"as {NAMED} remembers")
    return msgspec.structs.replace(record, when=when)


def _raion(code: str, point: LonLat, parent: str) -> dict[str, Any]:
    """Make a unit of level 2 around a point."""
    names = {"ADM2_PCODE": code, "ADM2_EN": code, "ADM2_UA": code, "ADM1_PCODE": parent}
    return feature(names, square(point.lon - 0.2, point.lat - 0.2, 0.4))


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Serve the public a record in which two incidents are withheld and one is open."""
    folder = tmp_path_factory.mktemp("privacy")
    raions = [("UA7199", PLANT, "UA71"), ("UA7198", EMBARGOED, "UA71")]
    layer = geojson(folder.parent, *(_raion(*one) for one in raions), name="raions.geojson")
    own = Reference(GEODATA, folder / "regions")
    workspace = open_workspace(folder, own)
    import_regions(workspace, RegionOrder(layer, theatre="ukraine", level=2), NOW)
    workspace.store.close()
    workspace = open_workspace(folder, Reference(GEODATA, folder / "regions"))
    before = NOW - timedelta(days=2)
    firsts = [change(first) for first, _ in records()]
    open_one = incident("open", place=Place.at(OPEN, Precision.exact), when=RECENT)
    write(workspace.store, [change(dataset()), change(open_one), change(named()), *firsts], before)
    write(
        workspace.store,
        [change(now, Action.amend) for _, now in records()],
        NOW - timedelta(days=1),
    )
    later = msgspec.structs.replace(named(), description=f"{NAMED} was hurt, corrected")
    write(workspace.store, [change(later, Action.amend)], NOW - timedelta(days=1))
    redactor = Redactor(workspace, Holder("reviewer", Role.reviewer), NOW)
    redactor.redact(str(named().id), list(TextPart), "privacy_of_victim", "the family asked")
    workspace.store.close()
    with serving(folder, STRIKEMAP_METRICS_FROM="127.0.0.1") as service:
        yield service


def queries() -> Iterator[str]:
    """Ask for now, and for the day before the records were withheld; plainly and by box."""
    then = (NOW - timedelta(days=1, hours=12)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for when, other in (("dataset=invented", PLANT), (f"dataset=invented&as_of={then}", EMBARGOED)):
        yield when
        yield f"{when}&colour_by=sector&size_by=killed"
        for point in (EMBARGOED, PLANT):
            box = (point.lon - 0.01, point.lat - 0.01, point.lon + 0.01, point.lat + 0.01)
            yield f"{when}&bbox={','.join(f'{side:.4f}' for side in box)}"
        corners = (other.lon, other.lat - 0.01, other.lon + 0.01, other.lat, other.lon, other.lat)
        yield f"{when}&within={','.join(f'{degrees:.4f}' for degrees in corners)}"


def addresses(service: Service) -> list[str]:
    """List every address that can be read, with the withheld records' ids where one is taken."""
    paths = service.client.get("/api/openapi.json").json()["paths"]
    readable = [path for path, methods in paths.items() if "get" in methods]
    readable += ["/", "/embed", "/table", "/method", "/changes", "/incidents/{ref}", *UNLISTED]
    ids = [str(incident(key).id) for key in KEYS]
    paths_with_ids = []
    for path in readable:
        names = [ref for ref in ("{ref}", "{incident_id}", "{id}") if ref in path]
        paths_with_ids += [path.replace(names[0], number) for number in ids] if names else [path]
    plain = [path for path in paths_with_ids if "{" not in path]
    return plain + [f"{path}?{own}" for path in plain for own in FORMS.get(path, ())]


def joined(path: str, query: str) -> str:
    """Ask an address for a query, and add what it cannot do without."""
    since = (NOW - timedelta(days=1, hours=12)).strftime("%Y-%m-%dT%H:%M:%SZ")
    own = f"&since={since}" if "changes" in path else ""
    return f"{path}{'&' if '?' in path else '?'}{query}{own}"


def unpacked(path: str, content: bytes) -> bytes:
    """Read what a file holds that is packed inside."""
    if "export.parquet" in path:
        return repr(pq.read_table(io.BytesIO(content)).to_pylist()).encode()
    if "export.xlsx" in path:
        book = zipfile.ZipFile(io.BytesIO(content))
        return b"".join(book.read(name) for name in book.namelist())
    return content


def hints() -> list[bytes]:
    """What would give a record away: its words, and its place to about ten metres."""
    texts = [TEXT.encode(), NAME.encode(), NAMED.encode(), quote(NAMED).encode()]
    for point in (EMBARGOED, PLANT):
        texts += [str(side)[:7].encode() for side in point]
    return texts


def test_no_address_tells_the_text_or_the_place(public: Service) -> None:
    answered = 0
    for path in addresses(public):
        for asked_for in queries():
            query = asked_for.split("&as_of")[0] if "/changes" in path else asked_for
            answer = public.client.get(joined(path, query))
            assert answer.status_code in (200, 400, 401, 403, 404, 422), (path, query, answer.text)
            content = (
                unpacked(path, answer.content) if answer.status_code == 200 else answer.content
            )
            if answer.status_code in (400, 422):
                content = content.split(b'"view"')[0]
            leaks = [hint for hint in hints() if hint in content.replace(query.encode(), b"")]
            boxed = "bbox=" in query or "within=" in query
            assert not leaks or (boxed and _only_echoes(content, leaks)), (path, query, leaks)
            answered += answer.status_code == 200
    assert answered > 40


def test_no_address_finds_a_withheld_record_by_its_raion(public: Service) -> None:
    then = (NOW - timedelta(days=1, hours=12)).strftime("%Y-%m-%dT%H:%M:%SZ")
    ids = {key: str(incident(key).id) for key in ("embargoed", "plant")}
    answered = 0
    for path in addresses(public):
        for when in ("",) if "/changes" in path else ("", f"&as_of={then}"):
            query = f"dataset=invented&level=2&region=UA7199,UA7198{when}"
            answer = public.client.get(joined(path, query))
            answered += answer.status_code == 200
            for number in ids.values():
                assert number in path or number.encode() not in answer.content, (path, query)
    assert answered > 40


@pytest.mark.parametrize("crs", ["OGC/1.3/CRS84", "EPSG/0/4326", "EPSG/0/3857"])
def test_no_form_of_the_items_tells_the_text_or_the_place(public: Service, crs: str) -> None:
    system = f"http://www.opengis.net/def/crs/{crs}"
    for query in (one for one in queries() if "bbox=" not in one and "within=" not in one):
        for asked_for in ("flat=true&sortby=-killed", "properties=lon,lat,place&flat=true", ""):
            path = f"/api/collections/incidents/items?{query}&crs={system}&{asked_for}".rstrip("&")
            answer = public.client.get(path)
            assert answer.status_code == 200, answer.text
            shown = [one["geometry"] for one in answer.json()["features"]]
            assert sum(geometry is not None for geometry in shown) == 2, shown
            assert [hint for hint in hints() if hint in answer.content] == []


@pytest.mark.parametrize("raion", ["UA7199", "UA7198"])
def test_sums_and_the_map_of_raions_do_not_count_it(public: Service, raion: str) -> None:
    summed = public.client.get("/api/summary?dataset=invented&level=2").json()
    assert {row["incidents"] for row in summed["rows"]} == {0}
    assert summed["elsewhere"]["incidents"] == 3  # the plant, the open and the redacted record
    narrow = public.client.get(f"/api/summary?dataset=invented&level=2&region={raion}").json()
    assert narrow["totals"]["incidents"] == 0
    collection = "/api/collections/incidents/items"
    items = public.client.get(f"{collection}?dataset=invented&level=2&region={raion}").json()
    assert items["numberMatched"] == 0
    tile = public.client.get("/tiles/regions/4/9/5.mvt?dataset=invented&level=2")
    layers = mapbox_vector_tile.decode(tile.content)
    values = {
        unit["properties"]["key"]: unit["properties"].get("value")
        for layer in layers.values()
        for unit in layer["features"]
        if "key" in unit["properties"]
    }
    assert not values.get(raion)
    assert raion in values


def _only_echoes(content: bytes, leaks: list[bytes]) -> bool:
    """Tell whether a place stands only in the box that was asked for, which an answer repeats."""
    texts = {TEXT.encode(), NAME.encode(), NAMED.encode()}
    return not texts & set(leaks) and (b"bbox" in content or b"within" in content)


@pytest.mark.parametrize("zoom", [4, 8, 12, 16])
def test_no_tile_has_a_mark_of_it(public: Service, zoom: int) -> None:
    for query in queries():
        if "bbox" in query or "within" in query:
            continue
        for point in (EMBARGOED, PLANT):
            n = 2**zoom
            x = int((point.lon + 180) / 360 * n)
            y = int((0.5 - math.asinh(math.tan(math.radians(point.lat))) / math.tau) * n)
            answer = public.client.get(f"/tiles/incidents/{zoom}/{x}/{y}.mvt?{query}")
            assert answer.status_code == 200
            layers = mapbox_vector_tile.decode(answer.content)
            marks = layers.get("incidents", {"features": []})["features"]
            assert len(marks) <= 2  # the open one and the redacted one, at the coarsest zoom
            if zoom > 4:
                assert marks == []


def test_no_map_of_the_map_service_has_a_mark_of_it(public: Service) -> None:
    """The map around a withheld place is that of a day on which nothing was recorded."""

    def pixels(point: LonLat, asked_for: str) -> np.ndarray:
        sides = (point.lon - 0.01, point.lat - 0.01, point.lon + 0.01, point.lat + 0.01)
        own = "service=WMS&version=1.3.0&request=GetMap&crs=CRS:84&styles=&width=64&height=64"
        box = ",".join(map(str, sides))
        address = f"/wms?{own}&layers=incidents&format=image/png&transparent=true&BBOX={box}"
        answer = public.client.get(f"{address}&dataset=invented{asked_for}")
        assert answer.headers["content-type"] == "image/png", answer.text
        return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))

    then = (NOW - timedelta(days=1, hours=12)).strftime("%Y-%m-%dT%H:%M:%SZ")
    empty = "&from=2020-01-01&to=2020-01-01"
    for when in ("", f"&as_of={then}"):
        assert (pixels(OPEN, when) != pixels(OPEN, empty)).any()
        for point in (EMBARGOED, PLANT):
            assert (pixels(point, when) == pixels(point, empty)).all()


def test_no_column_file_holds_its_place_or_its_number(public: Service) -> None:
    for query in queries():
        listing = public.client.get(f"/columns.json?{query}").json()
        for month in listing["months"]:
            content = public.client.get(month["url"]).content
            if content[:2] == b"\x1f\x8b":
                content = gzip.decompress(content)
            x = np.frombuffer(content, COLUMN_ORDER[0][1], month["rows"])
            for point in (EMBARGOED, PLANT):
                own_x = (point.lon + 180) / 360 * 2**31
                assert np.abs(x.astype(np.float64) - own_x).min() > 2**31 / 360 * 0.01


def test_bisecting_by_box_finds_the_open_record_and_never_the_withheld_ones(
    public: Service,
) -> None:
    def count(sides: list[float], when: str) -> int:
        bbox = ",".join(map(str, sides))
        answer = public.client.get(f"/api/summary?dataset=invented&bbox={bbox}{when}")
        return int(answer.json()["totals"]["incidents"])

    then = (NOW - timedelta(days=1, hours=12)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for when in ("", f"&as_of={then}"):
        box = [22.0, 44.0, 40.0, 52.0]
        for _step in range(12):  # always into the half with the withheld plant
            assert count(box, when) <= 2
            axis = _step % 2
            middle = (box[axis] + box[axis + 2]) / 2
            if (PLANT.lon, PLANT.lat)[axis] < middle:
                box[axis + 2] = middle
            else:
                box[axis] = middle
        assert count(box, when) == 0


@st.composite
def around(draw: st.DrawFn) -> list[float]:
    """Draw the corners of an area of any size around a withheld place."""
    point = draw(st.sampled_from([EMBARGOED, PLANT]))
    size, corners = draw(st.floats(0.0001, 8)), draw(st.integers(3, 8))
    turned = draw(st.floats(0, math.tau))
    bearings = [turned + math.tau * n / corners for n in range(corners)]
    return [
        degrees
        for bearing in bearings
        for degrees in (point.lon + size * math.cos(bearing), point.lat + size * math.sin(bearing))
    ]


@given(numbers=around(), then=st.booleans())
@settings(max_examples=60)
def test_no_drawn_area_around_a_withheld_place_counts_its_record(
    public: Service, numbers: list[float], then: bool
) -> None:
    """What an area counts is what it counts of the records that have a mark, whatever its size."""
    before = (NOW - timedelta(days=1, hours=12)).strftime("%Y-%m-%dT%H:%M:%SZ")
    view = f"dataset=invented&within={','.join(map(str, numbers))}"
    view += f"&as_of={before}" if then else ""
    area = shapely.Polygon(DrawnArea.of(numbers).corners)
    shown = (OPEN, LonLat(24.03, 49.84))
    expected = sum(area.intersects(shapely.Point(place)) for place in shown)
    summary = public.client.get(f"/api/summary?{view}").json()
    assert summary["totals"]["incidents"] == expected
    assert summary["coverage"]["withheld"]["embargo"] == 1  # counted whatever the area
    items = public.client.get(f"/api/collections/incidents/items?{view}").json()
    assert items["numberMatched"] == expected
    facets = public.client.get(f"/api/facets?{view}").json()
    assert facets["status"] == ({"reported": expected} if expected else {})


def test_a_redacted_record_says_why_in_place_of_its_texts(public: Service) -> None:
    number = named().id
    properties = public.client.get(f"/api/collections/incidents/items/{number}").json()[
        "properties"
    ]
    assert properties["description"] == "redacted: privacy_of_victim"
    assert properties["redacted"]["place"] == "privacy_of_victim"
    for lang, words in (("en", "redacted: privacy of a victim"), ("uk", "вилучено: приватність")):
        page = public.client.get(f"/incidents/{number}?lang={lang}").text
        assert page.count(words) >= 4
        assert words in public.client.get(f"/table?lang={lang}&dataset=invented").text


def test_what_is_withheld_is_counted_whatever_the_filter(public: Service) -> None:
    for query in (
        "dataset=invented",
        "dataset=invented&weapon=mine",
        "dataset=invented&min_killed=9",
    ):
        covered = public.client.get(f"/api/summary?{query}").json()["coverage"]
        assert covered["withheld"]["embargo"] == 1
