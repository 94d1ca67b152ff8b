"""Matching: several datasets may report the same strike."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table
from typer.core import TyperGroup
from typing_extensions import override

from app.cli.base import Json, cli, open_workspace, present, tell_json
from app.instance.tokens import local_holder
from app.matching.decisions import decisions, pending_pairs
from app.matching.review import Reviewer
from app.matching.runs import MatchReport, match_datasets


class _MatchGroup(TyperGroup):
    """Reads `match ONE OTHER` as `match run ONE OTHER`: the most frequent use is the shortest."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


match_cli = typer.Typer(
    cls=_MatchGroup,
    help="The same strike reported by several datasets. Example: strikemap match cir bellingcat",
    no_args_is_help=True,
)
cli.add_typer(match_cli, name="match")


@match_cli.command("run")
def match_run(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="A dataset of incidents.")],
    other: Annotated[str, typer.Argument(metavar="DATASET", help="Another one.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare, and write nothing.")] = False,
    json: Json = False,
) -> None:
    """Compare two datasets; merge the sure pairs, and list the doubtful ones for review.

    Example: strikemap match run cir bellingcat --dry-run
    """
    workspace = open_workspace()
    report = match_datasets(
        workspace, (dataset, other), local_holder(), now=present(), dry_run=dry_run
    )
    if json:
        tell_json(report)
    else:
        _tell_match(report)


def _tell_match(report: MatchReport) -> None:
    would = "would merge" if report.dry_run else "merged"
    typer.echo(
        f"{' + '.join(report.datasets)}: {report.candidates:,} candidate pairs\n"
        f"  {would} {report.merged:,} with a score of {report.threshold} or more; "
        f"{report.kept:,} were merged before\n"
        f"  {report.pending:,} with a score of {report.review} or more wait: "
        "strikemap match review, or /review"
    )


@match_cli.command("list")
def match_list(*, json: Json = False) -> None:
    """List the decisions: which records report one strike, which do not, and who decided.

    Example: strikemap match list
    """
    rows = decisions(open_workspace().store)
    if json:
        tell_json([decision.merge for decision in rows.values() if not decision.is_undone])
        return
    table = Table(Column("id", no_wrap=True), "records", "decision", "score", "by")
    for number, decision in rows.items():
        verdict = (
            "undone" if decision.is_undone else "same" if decision.merge.is_same else "not the same"
        )
        score = "" if decision.merge.score is None else str(decision.merge.score)
        keys = "\n".join(member.key for member in decision.merge.members)
        table.add_row(
            number, keys, f"{verdict} ({decision.merge.how.value})", score, decision.merge.by
        )
    Console().print(table)


@match_cli.command("review")
def match_review(*, json: Json = False) -> None:
    """List the pairs that wait for a decision, best first, with the reasons of their scores.

    Example: strikemap match review
    """
    waiting = pending_pairs(open_workspace().store)
    if json:
        tell_json(waiting)
        return
    table = Table(Column("id", no_wrap=True), "records", "score", "reasons")
    for pair in waiting:
        keys = "\n".join(member.key for member in pair.members)
        reasons = ", ".join(f"{one.code} {one.points}" for one in pair.reasons if one.points)
        table.add_row(pair.id, keys, str(pair.score), reasons)
    Console().print(table)


@match_cli.command("decide")
def match_decide(
    number: Annotated[str, typer.Argument(metavar="ID", help="As `match review` says.")],
    *,
    same: Annotated[bool, typer.Option("--same/--not-same", help="Whether it is one strike.")],
    reason: Annotated[str, typer.Option(help="Why; kept with your name.")],
) -> None:
    """Decide about a pair that waits, or change a decision.

    Example: strikemap match decide 0b6f9a2e-3d0c-5c53-8f3a-9a1e5d7c2b10 --same --reason "one video"
    """
    reviewer = Reviewer(open_workspace(), local_holder(), present())
    merge = reviewer.decide(number, reason, is_same=same)
    typer.echo(f"{merge.id}: {'the same strike' if merge.is_same else 'not the same'}.")


@match_cli.command("undo")
def match_undo(
    number: Annotated[str, typer.Argument(metavar="ID", help="As `match list` says.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; kept with your name.")] = "undone by hand",
) -> None:
    """Take a decision back; both records are counted again, and the pair waits for a decision.

    Example: strikemap match undo 0b6f9a2e-3d0c-5c53-8f3a-9a1e5d7c2b10
    """
    merge = Reviewer(open_workspace(), local_holder(), present()).undo(number, reason)
    typer.echo(f"{merge.id} is undone: {len(merge.members)} records stand apart again.")
