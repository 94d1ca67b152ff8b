"""The code and the name of a Natural Earth unit, where the source's own cannot be used."""

from collections.abc import Mapping

# Units without an ISO prefix ("-99-…"), by Natural Earth's own id. Bases and leases go to the
# state on whose ISO 3166-1 entry they depend; an area that several states claim and for which
# ISO names none gets the user-assigned prefix XX.
_WITHOUT_PREFIX = {
    "ESB-5132": "GB-X1",  # Dhekelia, British sovereign base area
    "WSB-5133": "GB-X2",  # Akrotiri, British sovereign base area
    "SOL+00?": "SO-X1",  # Somaliland
    "USG+00?": "CU-X1",  # Guantanamo Bay, leased from Cuba
    "CYN+00?": "CY-X1",  # northern Cyprus (UN Security Council resolutions 541 and 550)
    "KAS+00?": "XX-X1",  # Siachen Glacier
    "KAB+00?": "KZ-X1",  # Baikonur, leased from Kazakhstan
    "IOA-1928": "CC-X1",  # Cocos (Keeling) Islands
    "IOA-2652": "CX-X1",  # Christmas Island
    "CSI+00?": "AU-X1",  # Coral Sea Islands
    "PGA+00?": "XX-X2",  # Spratly Islands
    "CLP+00?": "FR-CP",  # Clipperton has an ISO 3166-2 code
}
# Two units under one code, of which one has an ISO code of its own.
_OWN_CODE = {
    ("AU-NSW", "Lord Howe Island"): "AU-X2",
    ("CO-CUN", "Bogota"): "CO-DC",
    ("HR-12", "Požega-Slavonia"): "HR-11",
    ("IR-07", "Alborz"): "IR-32",
    ("KZ-ALA", "Almaty"): "KZ-ALM",
    ("LA-VI", "Vientiane [prefecture]"): "LA-VT",
    ("MV-12", "Malé"): "MV-MLE",
    ("PE-LIM", "Lima Province"): "PE-LMA",
    ("SB-CH", "Western"): "SB-WE",
    ("SD-DS", "Eastern Darfur"): "SD-DE",
}
# Units that are joined under one code and are known by another name than their largest part.
JOINED_NAMES = {
    "BA-BIH": "Federation of Bosnia and Herzegovina",
    "IE-TA": "Tipperary",
    "MG-A": "Toamasina",
    "MG-D": "Antsiranana",
    "MG-F": "Fianarantsoa",
    "MG-M": "Mahajanga",
    "MG-T": "Antananarivo",
    "MG-U": "Toliara",
    "PH-MNL": "Metro Manila",
}


def unit_code(properties: Mapping[str, str]) -> str:
    """Return the ISO 3166-2 code, or a made one "<cc>-X<n>".

    Natural Earth marks codes that it made itself with a tilde ("XK-X02~"): the tilde is dropped
    and the rest is kept, so that the code stays the same from one release to the next.
    """
    source = properties["iso_3166_2"]
    if source.startswith("-99"):
        return _WITHOUT_PREFIX[properties["adm1_code"]]
    names = (properties["name"], properties["name_en"])
    own = [code for (shared, name), code in _OWN_CODE.items() if shared == source and name in names]
    return own[0] if own else source.removesuffix("~")


def name_en(properties: Mapping[str, str]) -> str:
    """Return the English name; the seven groups of islets without a name are described."""
    minor = f"{properties['geonunit']} (minor islands)"
    return properties["name_en"] or properties["name"] or minor


def name_uk(properties: Mapping[str, str]) -> str | None:
    """Return the Ukrainian name as Natural Earth took it from Wikidata, or None."""
    return properties["name_uk"] or None
