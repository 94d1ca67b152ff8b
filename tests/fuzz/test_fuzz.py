"""Spoilt files of every format obey one law; a small part of what `make fuzz` does for longer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.importers.formats import FORMATS
from app.instance.workspace import Workspace
from app.reference.reference import Reference
from tests.fuzz.law import choices, judge, judge_suggestion
from tests.fuzz.mutating import mutants
from tests.fuzz.seeds import DAY, MAPPING, POINTS, Seed, seeds
from tests.fuzz.targets import Target, targets
from tests.making import ROOT, open_workspace

CORPUS = sorted((ROOT / "tests" / "fuzz" / "corpus").iterdir())
EXAMPLES = 12
REFUSING = {"stamp"}
"""Readers of what no test can make in time: their seed is refused."""

ABROAD = {"yemen_data"}
"""Formats of one country, none of whose rows belongs to the theatre of these tests."""


@pytest.fixture(scope="module")
def seeds_by_format(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Seed]]:
    return seeds(tmp_path_factory.mktemp("seeds"))


def test_every_format_has_a_seed_that_is_taken(
    seeds_by_format: Mapping[str, list[Seed]], private_workspace: Workspace
) -> None:
    for name, format_seeds in seeds_by_format.items():
        taken = "nothing taken" if name in ABROAD else "taken"
        assert taken in {judge(private_workspace, seed, name) for seed in format_seeds}, name


@pytest.mark.parametrize("name", FORMATS)
def test_any_bytes_give_records_rejections_or_one_sentence(
    name: str, seeds_by_format: Mapping[str, list[Seed]], private_workspace: Workspace
) -> None:
    others = [
        seed.content[:4_000] for format_seeds in seeds_by_format.values() for seed in format_seeds
    ]

    @settings(max_examples=EXAMPLES)
    @given(mutants(seeds_by_format[name], others), st.sampled_from(choices(name)))
    def law(seed: Seed, format_name: str) -> None:
        judge(private_workspace, seed, format_name)
        judge_suggestion(private_workspace, seed)

    law()


@pytest.fixture(scope="module")
def every_target(
    tmp_path_factory: pytest.TempPathFactory, reference: Reference
) -> Iterator[Mapping[str, Target]]:
    workspace = open_workspace(tmp_path_factory.mktemp("data"), reference)
    yield targets(workspace, tmp_path_factory.mktemp("targets"))
    workspace.store.close()


def test_what_every_reader_takes_is_where_fuzzing_begins(
    every_target: Mapping[str, Target],
) -> None:
    for name, target in every_target.items():
        if name not in FORMATS:
            fates = {target.law(seed) for seed in target.seeds}
            assert (name, "taken" in fates) == (name, name not in REFUSING)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_what_fuzzing_found_stays_found(
    path: Path, private_workspace: Workspace, every_target: Mapping[str, Target]
) -> None:
    format_name = path.name.partition("--")[0]
    if format_name not in FORMATS:
        every_target[format_name].law(path.read_bytes())
        return
    mapping = {"mapped": MAPPING, "vector_points": POINTS}.get(format_name)
    called = path.name.rpartition("--")[2]
    seed = Seed(format_name, called, path.read_bytes(), mapping, DAY)
    for name in ("auto", format_name):
        judge(private_workspace, seed, name)
        judge_suggestion(private_workspace, seed)
