"""The datasets of a theatre as a catalogue for other catalogues: DCAT-AP 3 in JSON-LD."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.answer import JsonObject
from app.domain.errors import StrikemapError
from app.domain.terms import Dataset, DatasetKind
from app.exporters.formats import FORMATS
from app.publishing.query import Query
from app.queries.catalogue import describe
from app.queries.export import unexportable_datasets

CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "locn": "http://www.w3.org/ns/locn#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "gsp": "http://www.opengis.net/ont/geosparql#",
}
LICENCE_ADDRESSES = {
    "CC0-1.0": "http://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-4.0": "http://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "http://creativecommons.org/licenses/by-sa/4.0/",
    "ODbL-1.0": "http://opendatacommons.org/licenses/odbl/1-0/",
}
MEDIA_TYPES = "http://www.iana.org/assignments/media-types/"


def catalogue(query: Query, base: str) -> JsonObject:
    """Describe what a theatre has; `base` is the address of this service."""
    datasets = [
        dataset
        for kind in (DatasetKind.incidents, DatasetKind.control)
        for dataset in query.datasets_of(kind)
    ]
    lang = query.view.lang
    return {
        "@context": CONTEXT,
        "@id": f"{base}/catalog.jsonld?theatre={query.view.theatre}",
        "@type": "dcat:Catalog",
        "dct:title": {"@language": lang, "@value": f"Strikemap: {query.theatre.title(lang)}"},
        "dct:description": {"@language": lang, "@value": query.words["catalogue_about"]},
        "dct:publisher": _agent("Strikemap", f"{base}/"),
        "foaf:homepage": {"@id": f"{base}/?theatre={query.view.theatre}"},
        "dcat:dataset": [_dataset(query, dataset, base) for dataset in datasets],
        "dcat:service": {
            "@id": f"{base}/api",
            "@type": "dcat:DataService",
            "dct:title": "OGC API Features",
            "dcat:endpointURL": {"@id": f"{base}/api?theatre={query.view.theatre}"},
            "dcat:endpointDescription": {"@id": f"{base}/api/openapi.json"},
        },
    }


def _agent(name: str, address: str = "") -> JsonObject:
    of_address = {"@id": address} if address else {}
    return {**of_address, "@type": "foaf:Agent", "foaf:name": name}


def _dataset(query: Query, dataset: Dataset, base: str) -> JsonObject:
    is_incidents = dataset.kind is DatasetKind.incidents
    choice = {"datasets": (dataset.slug,)} if is_incidents else {"control": dataset.slug}
    own = query.but(**choice)
    described: JsonObject = {
        "@id": f"{base}/api/datasets#{dataset.slug}",
        "@type": "dcat:Dataset",
        "dct:identifier": dataset.slug,
        "dct:title": dataset.name,
        "dct:description": f"{dataset.name}. {dataset.credit} ({dataset.licence}).",
        "dct:publisher": _agent(dataset.publisher or dataset.credit),
        "dcat:landingPage": {"@id": f"{base}/?{own.view.query()}"},
        "dcat:distribution": _distributions(own, base) if is_incidents else [],
        **_extent(own, "incidents" if is_incidents else "control"),
    }
    if dataset.synthetic:
        described["dcat:keyword"] = [query.words["invented"]]
    return described


def _extent(query: Query, collection: str) -> JsonObject:
    try:
        extent = describe(query, collection).extent
    except StrikemapError:  # the terms withhold even where and when
        return {}
    west, south, east, north = extent["spatial"]["bbox"][0]
    first, last = extent["temporal"]["interval"][0]
    ring = f"{west} {south},{east} {south},{east} {north},{west} {north},{west} {south}"
    box = {"@type": "gsp:wktLiteral", "@value": f"POLYGON(({ring}))"}
    period = {
        name: {"@type": "xsd:date", "@value": instant[:10]}
        for name, instant in (("dcat:startDate", first), ("dcat:endDate", last))
        if instant
    }
    return {
        "dct:spatial": {"@type": "dct:Location", "dcat:bbox": box},
        **({"dct:temporal": {"@type": "dct:PeriodOfTime", **period}} if period else {}),
    }


def _distributions(query: Query, base: str) -> Sequence[JsonObject]:
    """List the files that the audience may take along; what the terms withhold has none."""
    if unexportable_datasets(query):
        return []
    (slug,) = query.view.datasets
    licence = query.state.datasets[slug].licence
    address = LICENCE_ADDRESSES.get(licence)
    return [
        {
            "@type": "dcat:Distribution",
            "dct:title": form,
            "dcat:accessURL": {"@id": f"{base}/api/export.{form}?{query.view.query()}"},
            "dcat:downloadURL": {"@id": f"{base}/api/export.{form}?{query.view.query()}"},
            "dcat:mediaType": {"@id": MEDIA_TYPES + kind.media_type.partition(";")[0]},
            "dct:license": {"@id": address} if address else licence,
        }
        for form, kind in FORMATS.items()
    ]
