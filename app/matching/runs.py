"""A run: two datasets are compared, sure pairs merged, and doubtful ones left to a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from app.domain.account import Holder, Role
from app.domain.errors import InputError
from app.domain.merge import How, Matching, Merge, Pair
from app.domain.revision import Action, Change, Subject, canonical
from app.domain.store import Entry, Store
from app.domain.terms import Dataset, DatasetKind
from app.index.state import State
from app.instance.tokens import allow
from app.instance.workspace import Workspace
from app.matching.candidates import Side
from app.matching.decisions import REVIEW, THRESHOLD, Decision, PairSorter, decisions
from app.matching.scores import score_pairs

MOST_PENDING = 2_000
BY_SCORE = "merged by score"


class MatchReport(msgspec.Struct, kw_only=True):
    """The result of a run: `merged` are new pairs, `kept` are pairs that were decided before."""

    datasets: tuple[str, str]
    dry_run: bool
    candidates: int
    merged: int
    kept: int
    pending: int
    threshold: int
    review: int
    pairs: list[Pair] = []
    version: int | None = None


def match_datasets(
    workspace: Workspace,
    slugs: tuple[str, str],
    holder: Holder,
    *,
    now: datetime,
    dry_run: bool = False,
) -> MatchReport:
    """Compare two datasets, merge the sure pairs, and let the doubtful ones wait for review.

    One transaction; a second run over the same records writes nothing.

    Raises:
        InputError: no such datasets, or two that cannot hold the same strikes.
        NotAllowed: only a reviewer of both datasets merges.
    """
    state, store = workspace.state(), workspace.store
    slugs = (min(slugs), max(slugs))
    theatre = _comparable(state, slugs)
    for slug in slugs:
        allow(holder, Role.reviewer, slug)
    weapons = workspace.reference.taxonomy.weapons
    plane = workspace.reference.plane(theatre)
    side, other = (Side.of(state, slug, plane, weapons) for slug in slugs)
    decided = decisions(store)
    scored = score_pairs(store, (side, other), least=REVIEW, always=_pairs_of(decided))
    sorter = PairSorter.of(decided)
    for pair in scored.pairs:
        sorter.sort(pair)
    matching = _matching(state, slugs, scored.candidates, sorter)
    report = _report(matching, sorter, dry_run=dry_run)
    changes = [_added(Merge.of(pair, How.automatic, holder.actor)) for pair in sorter.merged]
    changes += _matching_change(store, matching)
    if changes and not dry_run:
        entry = Entry(now, holder.actor, f"{BY_SCORE}: {' + '.join(slugs)}")
        head = store.write(changes, entry, {})
        report.version = head.seq
        workspace.index.after_write()
    return report


def _matching(
    state: State, slugs: tuple[str, str], candidates: int, sorter: PairSorter
) -> Matching:
    return Matching(
        datasets=slugs,
        upto=_newest(state, slugs),
        threshold=THRESHOLD,
        review=REVIEW,
        candidates=candidates,
        merged=len(sorter.merged) + sorter.kept,
        pending_count=len(sorter.pending),
        pending=tuple(sorter.pending[:MOST_PENDING]),
    )


def _report(matching: Matching, sorter: PairSorter, *, dry_run: bool) -> MatchReport:
    return MatchReport(
        datasets=matching.datasets,
        dry_run=dry_run,
        candidates=matching.candidates,
        merged=len(sorter.merged),
        kept=sorter.kept,
        pending=len(sorter.pending),
        threshold=THRESHOLD,
        review=REVIEW,
        pairs=sorter.merged,
    )


def _pairs_of(decided: Mapping[str, Decision]) -> set[tuple[str, ...]]:
    """List the keys of the decided pairs: they are scored, however low their score is."""
    merges = (decision.merge for decision in decided.values())
    return {tuple(sorted(member.key for member in merge.members)) for merge in merges}


def _comparable(state: State, slugs: tuple[str, str]) -> str:
    """Check that two datasets may hold the same strikes; return their theatre."""
    datasets = {slug: d for slug, d in state.datasets.items() if d.kind is DatasetKind.incidents}
    pair: list[Dataset] = []
    for slug in slugs:
        if slug not in datasets:
            raise InputError(
                "dataset", slug, ", ".join(sorted(datasets)) or "none holds incidents yet"
            )
        pair.append(datasets[slug])
    first, second = pair
    if first is second:
        raise InputError("datasets", " and ".join(slugs), "two different ones")
    if first.theatre != second.theatre or first.synthetic != second.synthetic:
        got = f"{first.slug} and {second.slug}"
        raise InputError("datasets", got, "two of one theatre, both real or both invented")
    return first.theatre


def _newest(state: State, slugs: Iterable[str]) -> int:
    """Return the newest revision of some datasets' incidents."""
    numbers = [state.tables.datasets.index(s) for s in slugs if s in state.tables.datasets]
    newest = 0
    for segment in state.segments:
        for number in numbers:
            of = segment.rows["dataset"] == number
            newest = max(newest, int(segment.rows["seq"][of].max(initial=0)))
    return newest


def _added(merge: Merge) -> Change:
    return Change(Subject.merge, merge.id, Action.add, canonical(merge))


def _matching_change(store: Store, matching: Matching) -> list[Change]:
    """Write down that a pair was compared, unless that is what the record says already."""
    past, payload = store.history(Subject.matching, matching.key), canonical(matching)
    if past and past[-1].payload == payload:
        return []
    action = Action.amend if past else Action.add
    return [Change(Subject.matching, matching.key, action, payload)]
