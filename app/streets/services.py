"""Tile services of others that an operator offers as ground for the map.

The reader's browser fetches their tiles; this program never does. So an address of a service also
decides which origins a page may show pictures from: it is checked closely, and text that could
open more than that origin is refused.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

import msgspec

from app.domain.errors import InputError
from app.streets.tileset import LONGEST_CREDIT

MOST_SERVICES, LONGEST_NAME, LONGEST_URL, MOST_FILE_BYTES = 20, 60, 2_000, 1 << 20
DEEPEST_ZOOM = 22
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
WMTS = {"tilematrix": "z", "tilecol": "x", "tilerow": "y"}
"""The names of a WMTS template (OGC 07-057r7 10.2.1) and those of XYZ; any letters are capital."""

OPTIONAL = ("s", "r")
"""The subdomain, and "@2x" for a sharp screen."""

HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.IGNORECASE)
PRINTABLE = re.compile(r"[!-~]+")
ALLOWED_URL = (
    "https://HOST/… with {z}, {x} and {y}, or {TileMatrix}, {TileCol} and {TileRow}; "
    "{s}, {r} and {-y} are understood, other names in braces are yours to fill in"
)


class TileService(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tile service of others, in Web Mercator with tiles of 256 px."""

    name: str
    url: str
    attribution: str
    max_zoom: int = 19
    subdomains: str = "abc"
    """The letters that stand for {s}."""

    imagery: bool = False
    """Pictures without names: ours stand over them."""

    shown: bool = False
    """The page opens with it, so that readers' browsers fetch from it before they choose."""

    referrer: bool = False
    """Browsers send it the origin of this instance; some services refuse readers without it."""

    @property
    def template(self) -> str:
        """The address as Leaflet reads it, with the names of XYZ."""
        return PLACEHOLDER.sub(lambda name: "{" + _plain(name[1]) + "}", self.url)

    @property
    def origins(self) -> tuple[str, ...]:
        """Scheme and host of every tile: what a page must allow, and nothing more."""
        parts = urlsplit(self.url)
        hosts = [parts.netloc]
        if "{s}" in parts.netloc:
            hosts = [parts.netloc.replace("{s}", letter) for letter in self.subdomains]
        return tuple(f"{parts.scheme}://{host}" for host in hosts)


class TileServices(NamedTuple):
    """The services that can be offered, and what is wrong with the others."""

    services: tuple[TileService, ...]
    faults: tuple[InputError, ...]

    @property
    def origins(self) -> tuple[str, ...]:
        """Where tiles come from, each origin once."""
        return tuple(dict.fromkeys(origin for one in self.services for origin in one.origins))


class _File(msgspec.Struct, forbid_unknown_fields=True):
    service: Annotated[
        list[dict[str, object]], msgspec.Meta(min_length=1, max_length=MOST_SERVICES)
    ]


def read_tile_services(setting: str) -> TileServices:
    """Read the setting: empty, one template, or the path of a TOML file with several.

    A service with a fault is left out, and the others are offered.
    """
    services: dict[str, TileService] = {}
    faults: list[InputError] = []
    try:
        tables = list(_tables(setting.strip()))
    except InputError as wrong:
        return TileServices((), (wrong,))
    for number, table in enumerate(tables, 1):
        where = f"service {number}" if len(tables) > 1 else "service"
        try:
            service = _service(where, table)
            _check_alone(where, service, services.values())
            services[service.name] = service
        except InputError as wrong:
            faults.append(wrong)
    return TileServices(tuple(services.values()), tuple(faults))


def _tables(setting: str) -> Iterator[Mapping[str, object]]:
    """Return the services as they are written."""
    if not setting:
        return
    if "://" in setting:
        host = urlsplit(setting).netloc if _is_splittable(setting) else setting
        host = host.removeprefix("{s}.")
        yield {"name": host, "url": setting, "attribution": host}
        return
    what = "STRIKEMAP_BASEMAP_URL"
    try:
        with Path(setting).open("rb") as file:
            content = file.read(MOST_FILE_BYTES + 1)
        document = tomllib.loads(content.decode("utf-8"))
    except OSError as wrong:
        allowed = f"a template https://…{{z}}…, or a TOML file that can be read ({wrong.strerror})"
        raise InputError(what, setting, allowed) from wrong
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise InputError(what, Path(setting).name, f"a TOML file ({wrong})") from wrong
    try:
        tables = msgspec.convert(document, _File).service
    except msgspec.ValidationError as wrong:
        allowed = f"1 to {MOST_SERVICES} tables [[service]], and nothing else ({wrong})"
        raise InputError(what, Path(setting).name, allowed) from wrong
    yield from tables


def _service(where: str, table: Mapping[str, object]) -> TileService:
    """Read one service.

    Raises:
        InputError: a field is missing, unknown or of the wrong kind, or it cannot be used.
    """
    try:
        service = msgspec.convert(table, TileService)
    except msgspec.ValidationError as wrong:
        fields = ", ".join(field.name for field in msgspec.structs.fields(TileService))
        raise InputError(where, wrong, f"a service of {fields}") from wrong
    for field, text, most in (
        ("name", service.name, LONGEST_NAME),
        ("attribution", service.attribution, LONGEST_CREDIT),
    ):
        if not (text.strip() and len(text) <= most and text.isprintable()):
            raise InputError(f"{where}: {field}", text, f"one line of 1 to {most} characters")
    if not 1 <= service.max_zoom <= DEEPEST_ZOOM:
        allowed = f"a whole number from 1 to {DEEPEST_ZOOM}"
        raise InputError(f"{where}: max_zoom", service.max_zoom, allowed)
    letters = service.subdomains
    if not (letters.isascii() and letters.isalnum() and len(letters) <= MOST_SERVICES):
        raise InputError(f"{where}: subdomains", letters, "letters and digits, such as abc")
    _check_url(f"{where}: url", service.url)
    return service


def _check_alone(where: str, service: TileService, others: Iterable[TileService]) -> None:
    """Refuse a second service of a name, and a second one that the page would open with.

    Raises:
        InputError: it is one.
    """
    if any(one.name == service.name for one in others):
        raise InputError(f"{where}: name", service.name, "a name that no other service has")
    if service.shown and any(one.shown for one in others):
        raise InputError(f"{where}: shown", "true", "true for one service only")


def _check_url(where: str, url: str) -> None:
    """Refuse a template that names no tile, or whose host a policy could not name.

    Raises:
        InputError: it is one.
    """
    names = [_plain(name) for name in PLACEHOLDER.findall(url)]
    is_whole = "z" in names and "x" in names and ("y" in names) != ("-y" in names)
    is_known = set(names) <= {"x", "y", "z", "-y", *OPTIONAL}
    is_plain = PRINTABLE.fullmatch(url) is not None and not set("\"'<>\\`^|") & set(url)
    no_other = not set("{}") & set(PLACEHOLDER.sub("", url))
    fits = is_whole and is_known and is_plain and no_other and len(url) <= LONGEST_URL
    if not (fits and _has_plain_origin(url)):
        raise InputError(where, url, ALLOWED_URL)


def _has_plain_origin(url: str) -> bool:
    """Tell an origin that a content security policy can name: no name, no wildcard, no blank."""
    if not _is_splittable(url):
        return False
    parts = urlsplit(url)
    host, _, port = parts.netloc.partition(":")
    is_port = not port or (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= 65_535)  # noqa: PLR2004
    bare = host.removeprefix("{s}.")
    is_host = HOST.fullmatch(bare) is not None and ".." not in bare
    is_named = is_port and (bool(port) or not parts.netloc.endswith(":"))
    return parts.scheme in ("http", "https") and is_host and is_named and not parts.fragment


def _is_splittable(url: str) -> bool:
    try:
        urlsplit(url)
    except ValueError:  # half of an IPv6 address
        return False
    return True


def _plain(name: str) -> str:
    """Return XYZ's name of a placeholder of WMTS; others stay."""
    return WMTS.get(name.lower(), name)
