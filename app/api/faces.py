"""Faces of the service: the kinds of address, for numbers about them and limits on them."""

from __future__ import annotations

from enum import StrEnum

WRITES = ("POST", "PUT", "PATCH", "DELETE")


class AddressFace(StrEnum):
    """A kind of address; it names no record, no dataset and nobody."""

    tile = "tile"
    page = "page"
    summary = "summary"
    items = "items"
    figure = "figure"
    export = "export"
    edit = "edit"
    imports = "import"
    other = "other"


HEAVY = (AddressFace.figure, AddressFace.export)
"""The kinds of address whose answers take long to make: a reader gets fewer of them a minute."""

PAGES = (
    "",
    "embed",
    "table",
    "incidents",
    "method",
    "compare",
    "changes",
    "import",
    "edit",
    "audit",
    "theatres",
)
FIRST = {
    **dict.fromkeys((*PAGES, "review", "stories", "story", "sign-in"), AddressFace.page),
    "tiles": AddressFace.tile,
    "columns": AddressFace.items,
    **dict.fromkeys(("styles", "wms", "wmts"), AddressFace.tile),
    "figure": AddressFace.figure,
}
IN_API = {
    **dict.fromkeys(("tiles", "map"), AddressFace.tile),
    **dict.fromkeys(("summary", "facets"), AddressFace.summary),
    **dict.fromkeys(("collections", "incidents", "stories"), AddressFace.items),
    **dict.fromkeys(("export", "evidence"), AddressFace.export),
    **dict.fromkeys(("imports", "mappings"), AddressFace.imports),
    **dict.fromkeys(("approvals", "reviews", "session", "theatres", "countries"), AddressFace.edit),
}


def face_of(method: str, path: str) -> AddressFace:
    """Tell the face of an address by its first words, whatever the address goes on to name.

    >>> face_of("GET", "/figure.png"), face_of("PATCH", "/api/incidents/a")
    (<AddressFace.figure: 'figure'>, <AddressFace.edit: 'edit'>)
    """
    first, _, rest = path.removeprefix("/").partition("/")
    if first == "story" and rest.endswith("/file"):
        return AddressFace.export
    if first != "api":
        return FIRST.get(first.partition(".")[0], AddressFace.other)
    group, _, rest = rest.partition("/")
    if group in ("incidents", "stories") and method in WRITES:
        return AddressFace.edit
    if group == "collections" and rest.partition("/")[2].startswith("tiles"):
        return AddressFace.tile
    return IN_API.get(group.partition(".")[0], AddressFace.other)
