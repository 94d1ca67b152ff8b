"""What WMS and WMTS share: parameters of any case, XML documents, and refusals as XML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.api import params
from app.api.links import base
from app.domain.errors import InputError, InvalidView, Problem
from app.domain.view import PARAMETERS
from app.instance.workspace import Workspace
from app.publishing.query import Query
from app.tiles.grid import RASTER_LAYERS

XML = "text/xml; charset=utf-8"
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)


class Wrong(InputError):
    """A parameter of a service that does not fit, with the code that the standard gives it."""

    def __init__(self, what: str, got: object, allowed: str, code: str = "") -> None:
        super().__init__(what, got, allowed)
        self.code = code


class ServiceRequest(NamedTuple):
    """The parameters of a service by lower-case names, and the View that the map shows."""

    own: Mapping[str, str]
    query: Query

    def text(self, name: str, default: str | None = None) -> str:
        """Return a parameter.

        Raises:
            Wrong: it is not there and has no default.
        """
        text = self.own.get(name, default)
        if text is None:
            raise Wrong(name.upper(), "nothing", "to be given", "MissingParameterValue")
        return text

    def number(self, name: str) -> int:
        """Return a parameter that is a whole number above 0."""
        text = self.text(name)
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text)):  # noqa: PLR2004
            raise Wrong(name.upper(), text, "a whole number above 0", "InvalidParameterValue")
        return int(text)


def read_service(
    workspace: Workspace, pairs: Iterable[tuple[str, str]], names: Iterable[str]
) -> ServiceRequest:
    """Split a request into the parameters of the service, of any case, and those of the View.

    What else is written in capitals is a program's own (`DPI`, `MAP_RESOLUTION`), and ignored as
    the standard demands; other unknown names are refused with a sentence.

    Raises:
        InvalidView: naming every parameter of the View that does not fit.
        Wrong: a parameter is given twice.
    """
    own: dict[str, str] = {}
    of_view: list[tuple[str, str]] = []
    known = {*names}
    for name, text in pairs:
        if name.lower() in known:
            if own.setdefault(name.lower(), text) != text:
                raise Wrong(name.upper(), text, "to be given once", "InvalidParameterValue")
        elif name in PARAMETERS or name != name.upper():
            of_view.append((name, text))
    return ServiceRequest(own, params.read_query(workspace, of_view))


def service_xml(template: str, **values: Any) -> str:
    """Write an XML document."""
    return TEMPLATES.get_template(template).render(**values)


def layer_titles(query: Query) -> list[tuple[str, str]]:
    """Name the layers of pictures, in the View's language."""
    return [(layer, query.words[f"layer_{layer}"]) for layer in RASTER_LAYERS]


def own_address(request: Request, path: str) -> str:
    """Return the address of a service of this instance."""
    return base(request) + path


def faults_of(wrong: InputError) -> list[Problem]:
    """List the faults of a refusal; a View has several."""
    return list(wrong.problems) if isinstance(wrong, InvalidView) else [wrong.problem]
