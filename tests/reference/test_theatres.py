"""A theatre's file: its defaults, and every fault in a sentence; others open beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely

from app.domain.errors import InputError, InvalidTheatre
from app.domain.place import Bounds
from app.domain.store import Author
from app.instance.new_theatre import NewTheatre, add_theatre, party_from, preview_of, zones_of
from app.instance.recorded_theatres import put_theatre, recorded_theatre
from app.instance.workspace import Workspace
from app.reference.recorded import RecordedTheatre
from app.reference.regions import read_region_set
from app.reference.theatre import Party, Theatre
from app.reference.theatre_file import (
    box_around,
    box_of,
    countries_with_regions,
    parse_theatre,
)
from app.reference.theatres import read_theatres
from tests.making import GEODATA, NOON

WORLD = GEODATA / "regions" / "admin1.parquet"
SHORTEST = 'zone = "Africa/Khartoum"\ncountries = ["SD"]\n'
AUTHOR = Author("an admin", NOON)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Workspace]:
    """An instance without data."""
    workspace = Workspace.open(tmp_path, GEODATA)
    yield workspace
    workspace.store.close()


def theatre(text: str = SHORTEST, slug: str = "sudan") -> Theatre:
    return parse_theatre(text, slug, GEODATA)


def faults(text: str, slug: str = "sudan") -> list[str]:
    with pytest.raises(InvalidTheatre) as wrong:
        parse_theatre(text, slug, GEODATA)
    return [problem.sentence() for problem in wrong.value.problems]


def test_a_theatre_needs_only_a_zone_and_countries() -> None:
    sudan = theatre()
    assert (sudan.languages, sudan.note, sudan.party, sudan.state) == (("en",), {}, (), "")
    assert (sudan.basemap, sudan.stale_after_days, sudan.generalise_days) == (("basemap",), 7, 30)
    assert sudan.embargo_s("civilian") == 3 * 3600
    assert (sudan.title("uk"), sudan.remark("en")) == ("sudan", "")
    assert (sudan.language_for("uk"), sudan.language_for("en")) == ("en", "en")
    khartoum = Bounds(32.5, 15.5, 32.6, 15.7)
    assert sudan.bounds.covers(khartoum)
    assert sudan.bounds.east - sudan.bounds.west < 20


def test_names_fall_back_to_english_then_to_any_language_then_to_the_code() -> None:
    parties = '[[party]]\ncode = "saf"\nar = "الجيش"\n[[party]]\ncode = "rsf"\nen = "Rapid"\n'
    sudan = theatre(f'{SHORTEST}{parties}[[party]]\ncode = "x"\n')
    assert [sudan.party_name(code, "uk") for code in ("saf", "rsf", "x", "y")] == [
        "الجيش",
        "Rapid",
        "x",
        "y",
    ]
    assert theatre(f'{SHORTEST}name = {{ ar = "السودان" }}').title("en") == "السودان"


def test_the_first_party_that_is_not_the_state_is_the_default_controller() -> None:
    text = SHORTEST + '[[party]]\ncode = "saf"\nstate = true\n[[party]]\ncode = "rsf"\n'
    assert theatre(text).default_controller == "rsf"


def test_every_fault_is_said_at_once() -> None:
    text = (
        'zone = "Africa/Khartum"\ncountries = ["SD", "sd", "ZZ"]\nlanguages = ["en", "xx"]\n'
        'bounds = [40, 0, 20, 10]\nfirst_period = ["2024-05-01", "2024-04-01"]\n'
        'stale_after_days = "seven"\ngeneralise_days = -1\nbasemap = ["nowhere"]\nparties = 1\n'
        'default_controller = "nobody"\n'
        '[[party]]\nen = "No code"\n[[party]]\ncode = "rsf"\nEnglish = "Rapid"\nuk = 3\n'
    )
    assert [sentence.split(":")[0] for sentence in faults(text)] == [
        "parties",
        "stale_after_days",
        "party 1, code",
        "party 2, English",
        "party 2, uk",
        "zone",
        "bounds",
        "languages",
        "first_period",
        "generalise_days",
        "basemap",
        "countries",
        "countries",
        "default_controller",
    ]
    assert (
        "zone: got 'Africa/Khartum', allowed: an IANA time zone, such as Africa/Khartoum."
        in faults(text)
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('countries = ["SD"]', "zone: got 'nothing', allowed: an IANA time zone"),
        ('zone = "UTC"', "countries: got 'nothing', allowed: a list of codes"),
        ("zone = UTC", "the file: got "),
        ('zone = "../etc/passwd"\ncountries = ["SD"]', "zone: got '../etc/passwd'"),
        ('zone = "UTC"\ncountries = []', "countries: got ''"),
        (SHORTEST + "party = 3", "party: got '3', allowed: one [[party]] with a code"),
        (SHORTEST + 'settlements = "no.parquet"', "settlements: got 'no.parquet'"),
        (SHORTEST + 'region_set = { id = "x", file = "no.parquet" }', "region_set: got 'no."),
        (SHORTEST + "bounds = [1, 2, 3]", "bounds: got '[1, 2, 3]', allowed: [west, south,"),
        (SHORTEST + "bounds = [nan, 2, 3, 4]", "bounds: got 'nan, 2.0, 3.0, 4.0'"),
    ],
)
def test_a_fault_says_what_got_and_allowed(text: str, sentence: str) -> None:
    (said,) = faults(text)
    assert said.startswith(sentence)
    assert said.endswith(".")


def test_the_name_of_the_file_is_a_slug() -> None:
    assert faults(SHORTEST, "South Sudan")[0].startswith("name of the file: got 'South Sudan'")


def test_a_broken_theatre_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "sudan.toml").write_text(SHORTEST, "utf-8")
    (tmp_path / "broken.toml").write_text("zone = ", "utf-8")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "ukraine.toml").write_text(SHORTEST.replace("SD", "PL"), "utf-8")
    (tmp_path / "z-again.toml").write_text(SHORTEST, "utf-8")
    by_slug, broken = read_theatres(GEODATA, tmp_path)
    assert list(by_slug) == ["example", "ukraine", "sudan"]
    assert by_slug["ukraine"].countries == ("UA",)
    assert [fault.slug for fault in broken] == ["binary", "broken", "ukraine", "z-again"]
    assert "a name that is not in use: example, ukraine" in broken[2].sentences()[0]
    assert "countries of no other theatre; sudan has SD" in broken[3].sentences()[0]


def test_a_new_theatre_is_recorded_from_the_reference_data(
    instance: Workspace, tmp_path: Path
) -> None:
    parties = (party_from('saf=The "Army",state'), party_from("rsf=Rapid, Support"))
    add_theatre(NewTheatre("sudan", ("SD",), parties=parties), instance, AUTHOR)
    reference = Workspace.open(tmp_path, GEODATA).reference
    sudan = reference.theatres["sudan"]
    assert (sudan.zone, sudan.title("en")) == ("Africa/Khartoum", "Sudan")
    assert [sudan.title(one) for one in ("uk", "ar", "fr")] == ["Судан", "السودان", "Soudan"]
    assert sudan.party == (
        Party("saf", {"en": 'The "Army"'}, state=True),
        Party("rsf", {"en": "Rapid, Support"}),
    )
    assert not (tmp_path / "theatres").exists()
    assert len(reference.region_set("sudan").regions) == 16  # the source is older than two states


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        (NewTheatre("Sudan!", ("SD",)), "slug: got 'Sudan!'"),
        (NewTheatre("ukraine", ("PL",)), "slug: got 'ukraine', allowed: a name that is not in"),
        (NewTheatre("x", ("ZZ",)), "country: got 'ZZ', allowed: one of AD, AE"),
        (NewTheatre("x", ("UA",)), "countries of no other theatre; ukraine has UA"),
        (NewTheatre("x", ("CD",)), "zone: got 'nothing', allowed: one of Africa/Kinshasa, "),
        (
            NewTheatre("x", ("SD",), languages=("xx",)),
            "languages: got 'xx', allowed: one of en, uk, ar, es, fr",
        ),
        (NewTheatre("x", ("SD",), zone="Khartoum"), "zone: got 'Khartoum', allowed: an IANA"),
    ],
)
def test_a_new_theatre_with_faults_is_not_written(
    instance: Workspace, order: NewTheatre, sentence: str
) -> None:
    with pytest.raises(InputError) as wrong:
        add_theatre(order, instance, AUTHOR)
    assert sentence in str(wrong.value)
    assert instance.store.head().seq == 0


def test_a_file_written_by_hand_is_recorded_and_changed_and_keeps_what_it_opens_on(
    instance: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "sudan.toml"
    file.write_text(SHORTEST, "utf-8")
    put_theatre(instance, file, AUTHOR)
    with pytest.raises(InputError, match="a text that the record does not have yet"):
        put_theatre(instance, file, AUTHOR)
    file.write_text(f'{SHORTEST}[[party]]\ncode = "saf"\n', "utf-8")
    assert [party.code for party in put_theatre(instance, file, AUTHOR).party] == ["saf"]
    assert recorded_theatre(instance, "sudan").file == file.read_text("utf-8")
    for name, text in (("ukraine", SHORTEST), ("chad", SHORTEST), ("chad", "zone = ")):
        other = tmp_path / f"{name}.toml"
        other.write_text(text, "utf-8")
        with pytest.raises(InvalidTheatre):
            put_theatre(instance, other, AUTHOR)
    assert instance.store.head().seq == 2


def test_the_record_comes_before_a_file_beside_it_and_a_file_that_differs_is_named(
    tmp_path: Path,
) -> None:
    file, recorded = tmp_path / "sudan.toml", [RecordedTheatre("sudan", SHORTEST)]
    file.write_text(SHORTEST, "utf-8")
    by_slug, faults = read_theatres(GEODATA, tmp_path, recorded)
    assert (by_slug["sudan"].zone, faults) == ("Africa/Khartoum", ())
    file.write_text(SHORTEST.replace("Khartoum", "Juba"), "utf-8")
    by_slug, (fault,) = read_theatres(GEODATA, tmp_path, recorded)
    assert by_slug["sudan"].zone == "Africa/Khartoum"
    assert f"`strikemap theatre put {file}` records this" in fault.sentences()[0]


def test_a_country_is_previewed_with_what_reference_data_say(instance: Workspace) -> None:
    yemen = preview_of("YE", instance)
    assert (yemen.slug, yemen.theatre, yemen.regions) == ("yemen", "", 21)
    assert (yemen.zones, yemen.name["ar"]) == (("Asia/Aden",), "اليمن")
    assert preview_of("UA", instance).theatre == "ukraine"
    lon = [x for ring in preview_of("FJ", instance).outline for x, _y in ring]
    assert min(lon) > 0  # on one side of the antimeridian, as its map


@pytest.mark.parametrize("text", ["", "saf", "saf=", "=Army", "SAF=Army", "saf=,state"])
def test_a_party_is_a_code_and_a_name(text: str) -> None:
    with pytest.raises(InputError):
        party_from(text)


def test_zones_are_those_of_the_tz_database() -> None:
    assert zones_of(["SD"]) == ["Africa/Khartoum"]
    assert zones_of(["SD", "TD"]) == ["Africa/Khartoum", "Africa/Ndjamena"]


def test_a_box_is_on_the_side_of_the_antimeridian_with_more_land() -> None:
    new_zealand = box_of(WORLD, ("NZ",))
    assert 160 < new_zealand.west < new_zealand.east <= 180


def test_every_country_has_a_theatre_with_a_point_in_each_of_its_regions() -> None:
    rows = pq.read_table(WORLD, columns=["country", "code", "geometry"])
    codes, countries = rows["code"].to_pylist(), rows["country"].to_pylist()
    shapes = shapely.from_wkb(rows["geometry"].to_numpy())
    spots = shapely.point_on_surface(shapes)
    spot_of = dict(zip(codes, spots, strict=True))
    tree = shapely.STRtree(shapes)
    spot_numbers, shape_numbers = tree.query(spots, predicate="within")
    assert np.array_equal(np.sort(spot_numbers), np.arange(len(spots)))  # in one region each
    assert np.array_equal(spot_numbers, shape_numbers)
    assert len(spot_of) == len(codes)
    assert set(countries) == set(countries_with_regions(WORLD))
    for country in countries_with_regions(WORLD):
        west, south, east, north = box_around(shapes[np.array(countries) == country])
        assert west < east
        assert south < north
        zone = (zones_of([country]) or ["UTC"])[0]
        sides = f"[{west}, {south}, {east}, {north}]"
        text = f'zone = "{zone}"\ncountries = ["{country}"]\nbounds = {sides}'
        assert parse_theatre(text, "own", GEODATA).countries == (country,)
    everything = read_region_set(WORLD, "world", countries_with_regions(WORLD))
    assert len(everything.regions) == len(codes)
