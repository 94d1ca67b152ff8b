"""What is fuzzed: every parser and decoder that takes bytes or text from outside, and its law.

A target returns what became of some bytes; whatever else it raises breaks the law.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout, suppress
from math import isfinite
from pathlib import Path
from typing import NamedTuple
from unittest import mock
from urllib.parse import parse_qsl

from app.api.params import notes_of, read_crs, read_query, read_span
from app.backup.unpacking import check_backup
from app.domain.attachment import Cover
from app.domain.errors import InputError, StoreError
from app.domain.mapping import Notation
from app.domain.story import MOST_NOTES
from app.domain.terms import Face
from app.editing.purged import read_purged
from app.files import parsing
from app.files.media import checked_media_type
from app.files.source import BadFieldError
from app.importers import coordinates, notation
from app.importers.counts import count_of
from app.importers.edtf import span_of
from app.instance.stamping import check_stamp
from app.instance.workspace import Workspace
from app.intake.regions.layers import RegionOrder
from app.intake.regions.units import RegionReading
from app.intake.saved_mapping import mapping_from
from app.publishing.publish import publish
from app.queries import check_evidence
from app.queries.cql import filtered_rows
from app.queries.evidence import bundle
from app.reference.theatre_file import parse_theatre
from app.render.renditions import Rendition, covered_copy, render_image
from app.streets.ground import StreetMap
from app.streets.services import read_tile_services
from app.streets.tileset import open_tileset
from tests.backups import instance, packed
from tests.basemaps import GROUND, picture, vector_tile, write_mbtiles, write_pmtiles
from tests.certificates import make_chain
from tests.fuzz.law import check_sentence, judge, judge_suggestion
from tests.fuzz.seeds import Seed, seeds
from tests.making import GEODATA, add, dataset, incident
from tests.photos import photo

Law = Callable[[bytes], str]
LONGEST_TEXT = 20_000
"""Characters: a longer text is refused before these readers see it."""


class Target(NamedTuple):
    """What fuzzing begins with, and the law."""

    seeds: Sequence[bytes]
    law: Law


def targets(workspace: Workspace, folder: Path) -> dict[str, Target]:
    """Make every target; the folder is for the files that their readers need."""
    add(workspace.store, dataset("fuzz"), incident("a", dataset="fuzz"))
    named = {
        name: Target([seed.content for seed in of_format], _importing(workspace, of_format))
        for name, of_format in seeds(folder).items()
    }
    return {**named, **_texts(workspace), **_files(workspace, folder)}


def _importing(workspace: Workspace, of_format: Sequence[Seed]) -> Law:
    """Read a file under the name and options of one of the seeds, which its bytes choose."""

    def law(content: bytes) -> str:
        number = zlib.crc32(content)
        seed = of_format[number % len(of_format)]._replace(content=content)
        is_named = number >> 16 & 3
        fate = judge(workspace, seed, seed.format if is_named else "auto")
        judge_suggestion(workspace, seed)
        return fate

    return law


def _of_text(read: Callable[[str], object], *refusals: type[Exception]) -> Law:
    """Read text; InputError and `refusals` say in a sentence what does not fit."""

    def law(content: bytes) -> str:
        text = content.decode("utf-8", "replace")[:LONGEST_TEXT]
        try:
            read(text)
        except InputError as wrong:
            check_sentence(str(wrong))
            return "refused"
        except refusals:
            return "refused"
        return "taken"

    return law


def _texts(workspace: Workspace) -> dict[str, Target]:
    def view(text: str) -> None:
        query = read_query(workspace, parse_qsl(text, keep_blank_values=True))
        again = read_query(workspace, parse_qsl(query.view.query(), keep_blank_values=True))
        assert again.view == query.view

    def filtered(text: str) -> None:
        published = publish(read_query(workspace, []), Face.points)
        filtered_rows(published, text, "cql2-json" if text.startswith("{") else "cql2-text")

    def parameter(text: str) -> None:
        for read in (notes_of(MOST_NOTES), read_span, read_crs):
            with suppress(InputError):
                read(text)

    return {
        "day": Target(_bytes(DAYS), _of_text(_day, BadFieldError)),
        "toll": Target(_bytes(TOLLS), _of_text(_toll, BadFieldError)),
        "place": Target(_bytes(PLACES), _of_text(_place, BadFieldError)),
        "view": Target(_bytes(VIEWS), _of_text(view)),
        "filter": Target(_bytes(FILTERS), _of_text(filtered)),
        "parameter": Target(_bytes(PARAMETERS), _of_text(parameter, ValueError)),
        "theatre": Target(
            [path.read_bytes() for path in sorted((GEODATA / "theatre").glob("*.toml"))],
            _of_text(lambda text: parse_theatre(text, "sudan", GEODATA)),
        ),
        "mapping": Target(_bytes(MAPPINGS), _of_text(lambda text: mapping_from(text.encode()))),
    }


def _bytes(texts: Sequence[str]) -> list[bytes]:
    return [text.encode() for text in texts]


def _day(text: str) -> None:
    span_of(text)
    for read in Notation:
        with suppress(BadFieldError):
            notation.day_of(text, read, "day", "Europe/Kyiv")
        with suppress(BadFieldError):
            notation.any_day_of(text, read, "day")
    with suppress(BadFieldError):
        notation.clock_of(text, "clock")
    with suppress(BadFieldError):
        parsing.instant(text, "start")
    parsing.iso_day(text, "start")


def _toll(text: str) -> None:
    numbers = [*(count_of(text, "killed") or {}).values()]
    assert numbers == sorted(numbers)
    assert all(number >= 0 for number in numbers)


def _place(text: str) -> None:
    for axis in ("lat", "lon"):
        with suppress(BadFieldError):
            assert isfinite(coordinates.degrees(text, axis))
    coordinates.states_order(text)
    for lon_first in (True, False):
        point = coordinates.position(text, lon_first=lon_first)
        assert abs(point.lon) <= 180
        assert abs(point.lat) <= 90


def _of_file(path: Path, read: Callable[[Path], object]) -> Law:
    def law(content: bytes) -> str:
        path.write_bytes(content)
        try:
            read(path)
        except (InputError, StoreError) as wrong:
            check_sentence(str(wrong))
            return "refused"
        return "taken"

    return law


def _files(workspace: Workspace, folder: Path) -> dict[str, Target]:
    own = folder / "targets"
    own.mkdir()
    borders = json.dumps(BORDERS).encode()
    roots = own / "roots.pem"
    roots.write_text(make_chain(own / "chain").root)
    images = [photo(kind, (40, 30)) for kind in ("JPEG", "PNG", "WEBP", "TIFF", "GIF")]
    return {
        "basemap": Target(list(_basemaps(own)), _of_file(own / "basemap.bin", _basemap)),
        "image": Target(images, _of_file(own / "image.bin", _image)),
        "backup": Target([_backup(own)], _of_file(own / "backup.bin", _checked_backup)),
        "evidence": Target([_evidence(workspace)], _of_file(own / "bundle.zip", _checked_bundle)),
        "borders": Target(
            [borders],
            _of_file(
                own / "ukr_admbnda_adm1.geojson",
                lambda path: RegionReading(workspace, RegionOrder(path, "ukraine")).regions(),
            ),
        ),
        "grounds": Target(_bytes(GROUNDS), _of_file(own / "grounds.toml", _grounds)),
        "purges": Target(_bytes(PURGES), _of_file(own / "purged.json", read_purged)),
        "stamp": Target(
            [STAMP],
            _of_file(
                own / "head.json.tsr",
                lambda path: check_stamp(b"{}", path.read_bytes(), str(roots), path),
            ),
        ),
    }


def _basemaps(folder: Path) -> Iterator[bytes]:
    tiles = [vector_tile(features) for features in GROUND.values()]
    for number, tile in enumerate((*tiles, picture(side=16))):
        at = {(0, 0, 0): tile}
        path = write_mbtiles(folder / f"{number}.mbtiles", at, {"name": "a", "attribution": "b"})
        yield path.read_bytes()
        yield write_pmtiles(folder / f"{number}.pmtiles", at, {"attribution": "b"}).read_bytes()


def _basemap(path: Path) -> None:
    street_map = StreetMap(open_tileset(path))
    _ = street_map.credit
    for zoom in range(3):
        with suppress(InputError):
            street_map.tileset.tile(zoom, 0, 0)


def _image(path: Path) -> None:
    content = path.read_bytes()
    media_type = checked_media_type("file", content) if not content else _media_type(content)
    if media_type is not None:
        for form in Rendition:
            render_image(content, media_type, form)
        covered_copy(content, media_type, [Cover(0, 0, 500, 500)])


def _media_type(content: bytes) -> str | None:
    for ending in (".jpg", ".png", ".webp", ".tif", ".gif", ".avif"):
        with suppress(InputError):
            return checked_media_type(f"file{ending}", content)
    return None


def _backup(folder: Path) -> bytes:
    data = folder / "instance"
    data.mkdir()
    instance(data)
    out = folder / "one.backup"
    packed(data, out)
    return gzip.decompress(out.read_bytes())


def _checked_backup(path: Path) -> None:
    """Check a backup whose packing is right, so that what is packed gets its share."""
    path.write_bytes(gzip.compress(path.read_bytes(), 1))
    check_backup(path, lambda _done: None)


def _evidence(workspace: Workspace) -> bytes:
    number = str(incident("a", dataset="fuzz").id)
    published = publish(read_query(workspace, []), Face.raw, in_all=True)
    return bundle(published, number)


def _checked_bundle(path: Path) -> None:
    """Run the script as a stranger does."""
    said = io.StringIO()
    with mock.patch.object(sys, "argv", ["", str(path)]), redirect_stdout(said):
        code = check_evidence.main()
    assert code in (0, 1)
    if code:
        raise InputError("evidence", "a spoilt bundle", said.getvalue().splitlines()[0])


def _grounds(path: Path) -> None:
    for fault in read_tile_services(str(path)).faults:
        check_sentence(str(fault))


DAYS = (
    *(
        "2024-03-10",
        "2024-03-10T12:00:00Z",
        "10/03/2024 14:05",
        "March 10, 2024",
        "10 березня 2024",
    ),
    *("20240310", "1710028800", "1710028800000", "2024-03-XX", "2024-03-01/2024-03-05", "45361.5"),
    *("2:30 pm", "10.03.2024 г.", "2024-03-31T03:30+02:00"),
)
TOLLS = ("2", "2-5", "at least 3", "up to 10", "~20", "unknown", "dozens", "1,200", "двоє", "> 5")
PLACES = (
    *("49.99, 36.23", "49°59.6'N 36°13.8'E", "POINT(36.23 49.99)", "37U 301234 5541234"),
    *("37U CR 01614 40127", "8GXGX6RJ+2X", "49,99; 36,23", '{"type":"Point","coordinates":[1,2]}'),
    *("50.45 30.52 120 5", "пн. ш. 49°59' сх. д. 36°13'"),
)
VIEWS = (
    "from=2024-03-01&to=2024-03-10&region=UA-63&weapon=missile&metric=killed&lang=uk",
    "as_of=2026-01-01T00:00:00Z&bbox=30,49,31,50&min_killed=2&synthetic=1&theatre=example",
    "within=30.0,50.0,31.0,50.0,30.0,51.0&status=verified&kind=strike&dataset=fuzz&level=1",
    "line_km=5&side=ua&freeze=2024-03-01&colour_by=side&size_by=killed&palette=green",
)
FILTERS = (
    "killed_low >= 2 AND status IN ('verified', 'geolocated')",
    (
        "NOT (status LIKE 'ver%' OR killed_high IS NULL) AND first_day BETWEEN "
        "DATE('2024-01-01') AND "
        "DATE('2024-02-01')"
    ),
    "S_INTERSECTS(geometry, BBOX(30, 49, 31, 50)) AND A_CONTAINS(weapons, ('missile'))",
    "T_AFTER(first_day, TIMESTAMP('2024-01-01T00:00:00Z'))",
    '{"op": ">=", "args": [{"property": "killed_low"}, 2]}',
)
PARAMETERS = (
    "30.52, 50.45, ne, The school",
    "2024-03-01/..",
    "2024-03-01T00:00:00Z/2024-03-02T00:00:00Z",
    "http://www.opengis.net/def/crs/EPSG/0/3857",
)
MAPPINGS = (
    (
        'version = 1\ndates = "ymd"\n[columns]\nwhen = "start"\ndead = "killed"\n'
        'lat = "lat"\nlon = "lon"\n'
        '[constants]\nprecision = "settlement"\n[words.weapons]\n"дрон" = "drone"\n'
    ),
    (
        '{"version":1,"dates":"dmy","columns":{"a":"start"},"has_points":true,'
        '"constants":{"precision":"exact"},"format":"vector_points"}'
    ),
)
GROUNDS = (
    (
        '[[service]]\nname = "Streets"\nurl = "https://tiles.example/{z}/{x}/{y}.png"\n'
        'attribution = "Somebody"\n'
    ),
)
PURGES = (
    (
        '{"made_at":"2026-01-01T00:00:00Z","purges":[{"key":"fuzz/a","subject":"incident",'
        '"erasure":"b","reason":"c","id":"fuzz/a","at":"2026-01-01T00:00:00Z"}],"revoked":{}}'
    ),
)
BORDERS = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"ADM1_PCODE": code, "ADM1_EN": name, "ADM1_UA": name},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[x, 49], [x + 1, 49], [x, 50], [x, 49]]],
            },
        }
        for code, name, x in (("UA32", "Kyivska", 30), ("UA63", "Kharkivska", 36))
    ],
}
STAMP = bytes.fromhex("30053003020100")
"""An answer that grants a stamp and has none (RFC 3161 2.4.2)."""
