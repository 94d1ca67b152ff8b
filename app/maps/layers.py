"""Layers and controls as Folium objects; each is a name and options that a static script reads."""

from __future__ import annotations

from typing import Any

from branca.element import MacroElement
from folium.map import Layer
from typing_extensions import override


class OwnLayer(Layer):
    """A layer made in the browser by a named factory from plain options; renders no code."""

    factory = ""

    def __init__(self, name: str, *, show: bool = True, **options: Any) -> None:
        super().__init__(name=name, overlay=True, show=show)
        self._name = type(self).__name__
        self.factory_options = options

    def spec(self) -> dict[str, Any]:
        """What the page's JSON block says of this layer."""
        return {
            "id": self.get_name(),
            "factory": self.factory,
            "name": self.layer_name,
            "show": self.show,
            "options": self.factory_options,
        }

    @override
    def render(self, **_kwargs: Any) -> str:
        """Render nothing: the JSON block carries the layer."""
        return ""


class Tiles(OwnLayer):
    """Our own picture tiles (basemap or labels)."""

    factory = "tiles"


class Regions(OwnLayer):
    """The choropleth: regions from `/api/collections/regions`, values from `/api/summary`."""

    factory = "regions"


class Control(OwnLayer):
    """Control areas and the front line of the period's last day."""

    factory = "control"


class Incidents(OwnLayer):
    """Marks drawn on a canvas from binary columns."""

    factory = "incidents"


class OwnControl(MacroElement):
    """Something beside or on the map, made in the browser by a named factory."""

    factory = ""

    def __init__(self, **options: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca is not annotated
        self._name = type(self).__name__
        self.factory_options = options

    def spec(self) -> dict[str, Any]:
        """What the page's JSON block says of this control."""
        return {"factory": self.factory, "options": self.factory_options}

    @override
    def render(self, **_kwargs: Any) -> str:
        """Render nothing: the JSON block carries the control."""
        return ""


class Period(OwnControl):
    """Histogram, two range inputs, two date inputs, steps and play."""

    factory = "period"


class Legend(OwnControl):
    """Classes, patterns and marks with their meaning, and the layers' switches."""

    factory = "legend"


class Overview(OwnControl):
    """Figures of the View or of a chosen region, what was hit, by what and when, and in words."""

    factory = "overview"


class IncidentList(OwnControl):
    """The incidents in view, newest first."""

    factory = "list"


class Filters(OwnControl):
    """Filters, each choice with its count."""

    factory = "filters"


class Ground(OwnControl):
    """Who held the ground: source, area, change, a second source's line."""

    factory = "ground"


class Waves(OwnControl):
    """Reports of waves in the period."""

    factory = "waves"


class Search(OwnControl):
    """A field that finds places by name."""

    factory = "search"


class Ruler(OwnControl):
    """Measures distances on the map."""

    factory = "ruler"


class Share(OwnControl):
    """Link, frame, picture, tiles and citation of the View."""

    factory = "share"
