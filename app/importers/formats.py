"""All import formats, and the choice of one by a file's content."""

from __future__ import annotations

from app.domain.errors import UnknownFormat
from app.files.source import SourceFile, check_utf8
from app.importers.acled import Acled
from app.importers.base import Importer
from app.importers.cir import Cir
from app.importers.deepstate_daily import DeepStateDaily
from app.importers.deepstate_raw import DeepStateRaw
from app.importers.described import DESCRIBED
from app.importers.geoconfirmed import GeoConfirmed
from app.importers.hxl import Hxl
from app.importers.isw import Isw
from app.importers.kml_control import KmlControl
from app.importers.kml_points import KmlPoints
from app.importers.mapped import Mapped, VectorPoints
from app.importers.missile_attacks import MissileAttacks
from app.importers.native_csv import NativeCsv
from app.importers.native_geojson import NativeGeoJson
from app.importers.nzz import Nzz
from app.importers.texty import Texty
from app.importers.timemap import TimeMap
from app.importers.totals import refuse_totals
from app.importers.ucdp import Ucdp
from app.importers.unosat import Unosat
from app.importers.vector_control import VectorControl
from app.importers.viina import Viina

FORMATS: dict[str, Importer] = {
    importer.name: importer
    for importer in (
        NativeGeoJson(),
        NativeCsv(),
        Cir(),
        Acled(),
        Ucdp(),
        TimeMap(),
        MissileAttacks(),
        GeoConfirmed(),
        Viina(),
        *DESCRIBED,
        Hxl(),
        Texty(),
        Unosat(),
        DeepStateDaily(),
        DeepStateRaw(),
        Nzz(),
        Isw(),
        KmlControl(),
        KmlPoints(),
        VectorPoints(),
        VectorControl(),
        Mapped(),
    )
}


def recognised(source: SourceFile) -> bool:
    """Tell whether some format recognises a file."""
    return any(importer.recognises(source) for importer in FORMATS.values())


def choose(source: SourceFile, name: str = "auto") -> tuple[Importer, str]:
    """Return an importer and the reason of the choice; "auto" recognises the content.

    Raises:
        UnknownFormat: no format has this name, or "auto" recognises none.
        InvalidFile: "auto" recognises none: the file is not in UTF-8, or it is a table of totals.
    """
    if name != "auto":
        if name not in FORMATS:
            raise UnknownFormat("format", name, f"auto, {', '.join(FORMATS)}")
        return FORMATS[name], "named by you"
    refuse_totals(source)
    for importer in FORMATS.values():
        if why := importer.recognises(source):
            return importer, why
    check_utf8(source, is_text=False)
    raise UnknownFormat(
        f"content of {source.name}",
        source.head[:60].decode("utf-8", "replace"),
        f"one of the formats {', '.join(FORMATS)}; see docs/formats.md",
    )
