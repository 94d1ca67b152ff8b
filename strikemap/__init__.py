"""Strikes, the harm they did and who held the ground: for notebooks and scripts.

    import strikemap

    book = strikemap.open()                             # the data of this computer
    book = strikemap.open("https://strikemap.example")  # or a service at an address
    book.incidents("dataset=demo")                      # a GeoDataFrame with real types
    book.summary("dataset=demo", by="day")              # sums as a DataFrame
    book.map("dataset=demo")                            # a folium.Map: add plugins to it
    book.figure("dataset=demo")                         # a figure for a report

A View is written as in an address; a wrong one is refused with what is allowed.
The guide is docs/python.md.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path


def _take_own_package() -> None:
    """Load our package `app` from beside this one, also where a notebook has an `app.py`.

    Raises:
        ImportError: another module of this name is loaded already.
    """
    home = Path(__file__).resolve().parent.parent / "app"
    loaded = sys.modules.get("app")
    if loaded is not None:
        if home / "__init__.py" == Path(loaded.__file__ or "").resolve():
            return
        raise ImportError(
            f"Strikemap's own package is called `app`, and {loaded.__file__} is loaded under this "
            "name already. Import strikemap before it, or give the file another name."
        )
    spec = spec_from_file_location(
        "app", home / "__init__.py", submodule_search_locations=[str(home)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"Strikemap is not installed whole: {home} is missing.")
    module = module_from_spec(spec)
    sys.modules["app"] = module
    spec.loader.exec_module(module)


_take_own_package()

from app.domain.errors import StrikemapError  # noqa: E402  the package has to be there first
from app.notebook import Notebook, Picture, RemoteNotebook  # noqa: E402

__version__ = version("strikemap")
__all__ = ["Notebook", "Picture", "RemoteNotebook", "StrikemapError", "open"]


def open(  # noqa: A001  read as strikemap.open
    where: Path | str | None = None, *, public: bool = False, token: str = ""
) -> Notebook | RemoteNotebook:
    """Open a record, or a service at an address.

    Args:
        where: a data folder, an address (`https://…`), or None for the folder of the settings.
        public: show a record as the public sees it, after terms, embargo and generalisation.
        token: of a service, to see more than the public.

    Raises:
        StrikemapError: the record cannot be opened.
    """
    if isinstance(where, str) and where.startswith(("https://", "http://")):
        return RemoteNotebook.connect(where, token)
    return Notebook.open(where, public=public)
