"""Layers and controls as Folium objects: each has a name and options for a static script."""

from __future__ import annotations

from branca.element import MacroElement
from folium.map import Layer
from typing_extensions import override


class OwnLayer(Layer):
    """A layer that the browser builds by the script `factory` from options; it renders no code."""

    factory = ""

    def __init__(self, name: str, *, show: bool = True, **options: object) -> None:
        super().__init__(name=name, overlay=True, show=show)
        self._name = type(self).__name__
        self.factory_options = options

    def spec(self) -> dict[str, object]:
        """The description of this layer in the JSON block of the page."""
        return {
            "id": self.get_name(),
            "factory": self.factory,
            "name": self.layer_name,
            "show": self.show,
            "options": self.factory_options,
        }

    @override
    def render(self, **_kwargs: object) -> str:
        """Render nothing: the layer is in the JSON block."""
        return ""


class Tiles(OwnLayer):
    """Our own picture tiles: the ground."""

    factory = "tiles"


class Names(OwnLayer):
    """Names of places and streets, placed in the browser where no mark and no number lies."""

    factory = "names"


class ServiceTiles(OwnLayer):
    """Tiles of another service, which a reader's browser fetches once they are chosen."""

    factory = "service"


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
    """A control beside or on the map that the browser builds, by the script `factory`."""

    factory = ""

    def __init__(self, **options: object) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca is not annotated
        self._name = type(self).__name__
        self.factory_options = options

    def spec(self) -> dict[str, object]:
        """The description of this control in the JSON block of the page."""
        return {"factory": self.factory, "options": self.factory_options}

    @override
    def render(self, **_kwargs: object) -> str:
        """Render nothing: the control is in the JSON block."""
        return ""


class PeriodControl(OwnControl):
    """Histogram, two range inputs, two date inputs, steps and play."""

    factory = "period"


class Legend(OwnControl):
    """Classes, patterns and marks with their meaning, and switches for the layers."""

    factory = "legend"


class Overview(OwnControl):
    """Sums of the View or of one region: what was hit, by what and when, and the same in words."""

    factory = "overview"


class IncidentList(OwnControl):
    """The incidents in view, newest first."""

    factory = "list"


class Filters(OwnControl):
    """Filters, each choice with its count."""

    factory = "filters"


class ControlTab(OwnControl):
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


class Tools(OwnControl):
    """Fullscreen, coordinates, the reader's place, what the map shows, and two days at once."""

    factory = "tools"


class Share(OwnControl):
    """Link, frame, picture, tiles and citation of the View."""

    factory = "share"
