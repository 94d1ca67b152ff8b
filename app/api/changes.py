"""Reads a request for changes: the feed and the page of corrections take the same parameters."""

from __future__ import annotations

from typing import NamedTuple

from fastapi import Request

from app.api import params
from app.domain.errors import InvalidView, InvalidWhen, Problem
from app.domain.view import parse_known
from app.instance.workspace import Workspace
from app.publishing.query import Query
from app.queries.changes import Changes, changes

USUAL_CHANGES, MOST_CHANGES = 100, 1_000


class ChangesRequest(NamedTuple):
    """A View's changes since an instant, and the form in which a reader takes them."""

    query: Query
    changes: Changes
    limit: int
    form: str
    """`json` or `atom`."""


def read_changes(workspace: Workspace, request: Request) -> ChangesRequest:
    """Read a request for changes, and find them.

    Raises:
        InvalidView: without `since`, or with one that cannot be read.
    """
    readers: dict[str, params.Reader] = {
        "since": str,
        "format": params.choice_of("json", "atom"),
        "limit": params.whole_number(1, MOST_CHANGES),
    }
    query, own = params.read(workspace, request.query_params.multi_items(), readers)
    try:
        since = parse_known(own.get("since", ""), query.theatre.zone, query.now)
    except InvalidWhen as wrong:
        got = own.get("since", "nothing")
        raise InvalidView((Problem("query.since", got, wrong.problem.allowed),)) from wrong
    limit = own.get("limit", USUAL_CHANGES)
    is_atom = "application/atom+xml" in request.headers.get("accept", "")
    form = own.get("format", "atom" if is_atom else "json")
    return ChangesRequest(query, changes(query, since, limit), limit, form)
