"""Opens a service in QGIS without a window, as a user would, and draws it.

python3 tools/qgis_reads.py http://127.0.0.1:8000 "theatre=example&synthetic=1" FOLDER

`tests/clients/test_programs.py` runs it. It prints one JSON object: what each layer has, and how
many colours its picture has.
"""

import json
import os
import sys
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlretrieve

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsMapLayer,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

BASE, VIEW, FOLDER = sys.argv[1], sys.argv[2], Path(sys.argv[3])
LAND = QgsRectangle(-129.5, -45.5, -120, -39)


def tiles(path: str) -> str:
    """Write the source of some tiles, as QGIS does."""
    return f"type=xyz&url={quote(f'{BASE}{path}?{VIEW}', safe='')}&zmin=0&zmax=18"


def drawn(layer: QgsMapLayer, name: str, system: str = "EPSG:3857") -> int:
    """Draw a layer, and count the colours of its picture."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setOutputSize(QSize(600, 450))
    settings.setBackgroundColor(QColor("white"))
    target = QgsCoordinateReferenceSystem(system)
    degrees = QgsCoordinateReferenceSystem("EPSG:4326")
    settings.setDestinationCrs(target)
    transform = QgsCoordinateTransform(degrees, target, QgsProject.instance())
    settings.setExtent(transform.transformBoundingBox(LAND))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    image.save(str(FOLDER / f"{name}.png"))
    return len({image.pixel(x, y) for x in range(0, 600, 2) for y in range(0, 450, 2)})


def vector_tiles() -> dict[str, object]:
    """Add all vector tiles together, in the style of the service."""
    style, _headers = urlretrieve(f"{BASE}/styles/map.qml?{VIEW}", FOLDER / "map.qml")  # noqa: S310
    layer = QgsVectorTileLayer(tiles("/api/tiles/WebMercatorQuad/{z}/{y}/{x}"), "tiles")
    _message, is_styled = layer.loadNamedStyle(str(style))
    return {
        "valid": layer.isValid() and is_styled,
        "rules": len(layer.renderer().styles()),
        "colours": drawn(layer, "vector_tiles"),
    }


def features() -> dict[str, object]:
    """Add incidents by OGC API Features."""
    source = f"url='{BASE}/api?{VIEW}&flat=true' typename='incidents' pageSize='1000'"
    layer = QgsVectorLayer(source, "incidents", "OAPIF")
    rows = list(layer.getFeatures())
    killed = [row["killed_low"] for row in rows if isinstance(row["killed_low"], int)]
    return {"valid": layer.isValid(), "rows": len(rows), "killed": sum(killed)}


def geopackage() -> dict[str, object]:
    """Add an exported file, which brings its style along."""
    path, _headers = urlretrieve(f"{BASE}/api/export.gpkg?{VIEW}", FOLDER / "export.gpkg")  # noqa: S310
    layer = QgsVectorLayer(f"{path}|layername=incidents", "incidents", "ogr")
    return {
        "valid": layer.isValid(),
        "rows": layer.featureCount(),
        "renderer": layer.renderer().type(),
        "colours": drawn(layer, "geopackage"),
    }


def pictures(kind: str, system: str) -> dict[str, object]:
    """Add picture tiles, or the map service in a system."""
    if kind == "xyz":
        source = tiles("/tiles/map/{z}/{x}/{y}.png")
    else:
        address = quote(f"{BASE}/wms?{VIEW}", safe="")
        source = f"crs={system}&format=image/png&layers=map&styles=&url={address}"
    layer = QgsRasterLayer(source, kind, "wms")
    return {"valid": layer.isValid(), "colours": drawn(layer, f"{kind}_{system[5:]}", system)}


application = QgsApplication([], False)
application.initQgis()
answers = {
    "features": features(),
    "vector_tiles": vector_tiles(),
    "geopackage": geopackage(),
    "xyz": pictures("xyz", "EPSG:3857"),
    "wms": pictures("wms", "EPSG:3857"),
    "wms_degrees": pictures("wms", "EPSG:4326"),
}
print(json.dumps(answers))
sys.stdout.flush()
os._exit(0)  # QGIS 3.22 ends with a fault when Python takes its objects apart
