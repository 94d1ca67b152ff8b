"""Which records of two datasets may tell of one strike: candidates, and a score with its reasons.

Candidates come from the index's columns (near in place and day, no conflict of weapons); only
these are read from the record and scored. `docs/matching.md` says what each feature is worth and
how the thresholds were judged.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec
import numpy as np
import shapely

from app.domain.incident import Incident
from app.domain.merge import Member, Pair, Reason
from app.domain.place import DEFAULT_ERROR_M, E7, LocalPlane, Precision
from app.domain.source import SourceRef
from app.domain.store import Store
from app.index.build import Snapshot
from app.index.columns import PRECISIONS, UNDRAWN
from app.index.select import RETRACTED
from app.reference.taxonomy import Terms
from app.rows import NEVER, NO_COUNT

SLACK_M = 250
"""Added to both errors: two people who geolocate one crater seldom click on the same metre."""

SLACK_DAYS = 2
"""A report carries the day of the strike or of the post; these differ by a day, seldom by two."""

LONGEST_DAYS = 7
"""A record that spans more says too little of its day to be matched by it."""

MOST_RIVALS = 20
"""Candidates kept per record, the nearest: a town's centre can hold thousands of records."""

MOST_NAMED = 4
"""A link that more records of one dataset name is an album or a channel, and ties no two."""

LINK, NEAR, DAY, WORDS, NAME, WEAPONS = 40, 25, 15, 15, 5, 5
"""Points that the features can give; a score is their sum, at most 100."""

SHARP_M = 500
"""Up to this reach nearness counts in full. Beyond, it tells ever less: two strikes on one town are
both "0 m apart" when both were put on the town's centre."""

SHORTEST_WORD = 3
STEM = 5
COMMON, FEW = 0.05, 20
"""A word in more than this share of the texts, and in more than a few, tells no two apart."""

NO_FAMILY = ("other", "unknown")
_INCIDENT = msgspec.json.Decoder(Incident)
_POST = re.compile(r"/status(?:es)?/(\d+)")
_VIDEO = re.compile(r"/(?:embed/|shorts/|live/)?([\w-]{11})/?$")


@dataclass(frozen=True, eq=False)
class Side:
    """One dataset's records that can be matched, as columns: standing, dated, with a point."""

    seq: np.ndarray
    number: np.ndarray
    first: np.ndarray
    last: np.ndarray
    x: np.ndarray
    y: np.ndarray
    error_m: np.ndarray
    families: np.ndarray

    @classmethod
    def of(cls, snapshot: Snapshot, slug: str, plane: LocalPlane, weapons: Terms) -> Side:
        """Gather a dataset, by first day."""
        number = snapshot.tables.dataset(slug) if slug in snapshot.tables.datasets else -1
        names = [
            *("seq", "number", "day_first", "day_last", "lon_e7", "lat_e7"),
            *("error_m", "precision", "weapons"),
        ]
        parts = []
        for segment in snapshot.segments:
            rows = segment.rows
            keep = (rows["dataset"] == number) & (rows["known_to"] == NEVER)
            keep &= (rows["status"] != RETRACTED) & (rows["morton"] != UNDRAWN)
            keep &= rows["day_first"] != NEVER
            places = np.flatnonzero(keep)
            days = rows["day_last"][places] - rows["day_first"][places]
            parts.append({name: rows[name][places[days < LONGEST_DAYS]] for name in names})
        found = {name: np.concatenate([part[name] for part in parts]) for name in names}
        order = np.lexsort((found["seq"], found["day_first"]))
        found = {name: column[order] for name, column in found.items()}
        x, y = plane.flat_xy(found["lon_e7"] / E7, found["lat_e7"] / E7)
        return cls(
            found["seq"],
            found["number"],
            found["day_first"],
            found["day_last"],
            np.asarray(x),
            np.asarray(y),
            _errors(found["error_m"], found["precision"]),
            _families(found["weapons"], weapons),
        )

    def __len__(self) -> int:
        return len(self.seq)


def _errors(error_m: np.ndarray, precision: np.ndarray) -> np.ndarray:
    usual = np.array([DEFAULT_ERROR_M.get(Precision(one), 0) for one in PRECISIONS])
    return np.asarray(np.where(error_m == NO_COUNT, usual[precision], error_m).astype(np.int64))


def _families(bits: np.ndarray, weapons: Terms) -> np.ndarray:
    """Bring weapon classes to one bit per family; none for what names no family."""
    out = np.zeros(len(bits), np.uint32)
    families = dict.fromkeys(code.partition(".")[0] for code in weapons.codes)
    for place, family in enumerate(families):
        if family not in NO_FAMILY:
            mask = np.uint32(weapons.family_bits([family]))
            out |= ((bits & mask) != 0).astype(np.uint32) << np.uint32(place)
    return out


class Candidates(NamedTuple):
    """Pairs of places in two sides, with how far apart they are."""

    here: np.ndarray
    there: np.ndarray
    distance_m: np.ndarray
    days: np.ndarray


def candidates(here: Side, there: Side) -> Candidates:
    """Find pairs within both errors and both day windows, whose weapons do not contradict.

    Records of one window of days are compared through a spatial index; the days go first, since
    years of strikes lie on the same few towns.
    """
    parts = [_of_window(here, there, some) for some in _windows(here)]
    none = [np.empty(0, np.int64)] * 2 + [np.empty(0)] + [np.empty(0, np.int64)]
    if not parts:
        return Candidates(*none)
    return _nearest(Candidates(*(np.concatenate(column) for column in zip(*parts, strict=True))))


def _windows(side: Side) -> Iterator[np.ndarray]:
    """Split a side, which is in order of first days, into records of the same first day."""
    _, starts = np.unique(side.first, return_index=True)
    if len(side):
        yield from np.split(np.arange(len(side)), starts[1:])


def _of_window(here: Side, there: Side, some: np.ndarray) -> Candidates:
    first, last = int(here.first[some[0]]), int(here.last[some].max(initial=0))
    low = np.searchsorted(there.first, first - SLACK_DAYS - LONGEST_DAYS, "left")
    high = np.searchsorted(there.first, last + SLACK_DAYS, "right")
    points = shapely.points(here.x[some], here.y[some])
    tree = shapely.STRtree(np.asarray(shapely.points(there.x[low:high], there.y[low:high])))
    reach = here.error_m[some] + there.error_m[low:high].max(initial=0) + SLACK_M
    mine, theirs = tree.query(points, predicate="dwithin", distance=reach)
    a, b = some[mine], low + theirs
    distance_m = np.hypot(here.x[a] - there.x[b], here.y[a] - there.y[b])
    days = np.maximum(0, np.maximum(there.first[b] - here.last[a], here.first[a] - there.last[b]))
    keep = (distance_m <= here.error_m[a] + there.error_m[b] + SLACK_M) & (days <= SLACK_DAYS)
    stated = (here.families[a] != 0) & (there.families[b] != 0)
    keep &= ~stated | ((here.families[a] & there.families[b]) != 0)
    return Candidates(a[keep], b[keep], distance_m[keep], days[keep].astype(np.int64))


def _nearest(found: Candidates) -> Candidates:
    """Keep the nearest few of each record on the left, by days and then metres."""
    order = np.lexsort((found.distance_m, found.days, found.here))
    found = Candidates(*(column[order] for column in found))
    _, starts = np.unique(found.here, return_index=True)
    rank = np.arange(len(order)) - np.repeat(starts, np.diff([*starts.tolist(), len(order)]))
    return Candidates(*(column[rank < MOST_RIVALS] for column in found))


class Told(NamedTuple):
    """What the score needs of one record's text."""

    member: Member
    links: frozenset[str]
    words: frozenset[str]
    place: str
    error_m: int | None


def find_pairs(
    store: Store, snapshot: Snapshot, slugs: tuple[str, str], plane: LocalPlane, weapons: Terms
) -> list[Pair]:
    """Score every candidate pair of two datasets, best first."""
    here, there = (Side.of(snapshot, slug, plane, weapons) for slug in slugs)
    found = candidates(here, there)
    texts_here = _texts(store, here, found.here)
    texts_there = _texts(store, there, found.there)
    albums = _albums(texts_here.values()) | _albums(texts_there.values())
    common = _common([*texts_here.values(), *texts_there.values()])
    pairs = []
    for a, b, metres, days in zip(*(column.tolist() for column in found), strict=True):
        if a in texts_here and b in texts_there:
            has_weapon = bool(here.families[a] & there.families[b])
            errors = int(here.error_m[a]), int(there.error_m[b])
            span = 1 + max(int(here.last[a] - here.first[a]), int(there.last[b] - there.first[b]))
            reasons = (
                _linked(texts_here[a], texts_there[b], albums),
                _near(metres, *errors),
                _day(days, span),
                _worded(texts_here[a].words - common, texts_there[b].words - common),
                _named(texts_here[a].place, texts_there[b].place),
                _armed(is_equal=has_weapon),
            )
            score = min(100, sum(reason.points for reason in reasons))
            members = (texts_here[a].member, texts_there[b].member)
            pairs.append(Pair(members, score, reasons))
    return sorted(pairs, key=lambda pair: (-pair.score, pair.members))


def _texts(store: Store, side: Side, places: np.ndarray) -> dict[int, Told]:
    """Read the records of candidates, each once."""
    by_seq = {int(side.seq[place]): int(place) for place in np.unique(places)}
    out = {}
    for revision in store.by_seq(list(by_seq)):
        if revision.payload is not None:
            place = by_seq[revision.seq]
            member = Member(revision.key, int(side.number[place]))
            out[place] = told(_INCIDENT.decode(revision.payload), member)
    return out


def told(incident: Incident, member: Member) -> Told:
    """Bring a record's links, words and place name into comparable form."""
    links = frozenset(link for one in incident.sources for link in upstream_links(one))
    text = " ".join(one for one in (incident.when.text, incident.description) if one)
    place = incident.place
    return Told(member, links, words(text), " ".join(_plain(place.name or "")), place.error_m)


def upstream_links(source: SourceRef) -> list[str]:
    """Say what a source leads back to: the report that it copies, else itself."""
    given = source.upstream or source.url
    found = normal_link(given) if given else None
    return [found] if found else []


@lru_cache(1 << 16)
def normal_link(url: str) -> str | None:
    """Write equal addresses equally; None for one that leads to a site, not to a report.

    >>> normal_link("https://mobile.twitter.com/someone/status/12345?s=20")
    'twitter.com/12345'
    >>> normal_link("https://youtu.be/abcdefghijk") == normal_link(
    ...     "http://www.youtube.com/watch?v=abcdefghijk&t=3"
    ... )
    True
    >>> normal_link("https://www.example.org/")
    """
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").removeprefix("www.").removeprefix("mobile.")
    except ValueError:
        return None
    host = {"m.youtube.com": "youtube.com", "x.com": "twitter.com", "telegram.me": "t.me"}.get(
        host.removeprefix("m."), host.removeprefix("m.")
    )
    path = parts.path.rstrip("/")
    if post := _POST.search(path):
        return f"twitter.com/{post[1]}"
    if host in ("youtube.com", "youtu.be"):
        video = parse_qs(parts.query).get("v") or _VIDEO.findall(path)
        return f"youtube.com/{video[0]}" if video else None
    path = path.removeprefix("/s/") if host == "t.me" else path
    query = "" if host in ("t.me", "instagram.com") else parts.query
    if not path.strip("/") or (host == "t.me" and not path[-1].isdigit()):
        return None
    return f"{host}/{path.strip('/')}{'?' + query if query else ''}".lower()


def words(text: str) -> frozenset[str]:
    """Take the words of a text by their stems."""
    return frozenset(word[:STEM] for word in _plain(text))


def _plain(text: str) -> list[str]:
    bare = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(one for one in bare if not unicodedata.combining(one))
    return [
        one
        for one in re.findall(r"[^\W\d_]+", re.sub("['’ʼ`]", "", letters))
        if len(one) >= SHORTEST_WORD
    ]


def _common(texts: Sequence[Told]) -> frozenset[str]:
    """Find words that so many records use that they say nothing of one strike, in any language."""
    counts = Counter(word for one in texts for word in one.words)
    most = max(FEW, COMMON * len(texts))
    return frozenset(word for word, count in counts.items() if count > most)


def _albums(texts: Iterable[Told]) -> frozenset[str]:
    """Find links that many records of one dataset name."""
    counts = Counter(link for one in texts for link in one.links)
    return frozenset(link for link, count in counts.items() if count > MOST_NAMED)


def _linked(a: Told, b: Told, albums: frozenset[str]) -> Reason:
    shared = len((a.links & b.links) - albums)
    return Reason("same_upstream", LINK if shared else 0, {"links": shared})


def _near(metres: float, error_a: int, error_b: int) -> Reason:
    reach = error_a + error_b + SLACK_M
    share = (1 - metres / reach) * min(1, SHARP_M / reach)
    values: dict[str, int | str | bool | None] = {
        "distance_m": round(metres),
        "error_m": error_a,
        "other_error_m": error_b,
    }
    return Reason("distance", round(NEAR * share), values)


def _day(days: int, span: int) -> Reason:
    """Compare days; a night's two count as one, a longer span tells less by each day."""
    share = (1 - days / SLACK_DAYS) / max(1, span - 1)
    return Reason("days_apart", round(DAY * share), {"days": days, "span_days": span})


def _worded(a: frozenset[str], b: frozenset[str]) -> Reason:
    """Compare what the texts say beyond the common words: shared ones against the shorter text."""
    shorter = min(len(a), len(b))
    shared = len(a & b)
    percent = round(100 * shared / shorter) if shorter else None
    points = round(WORDS * (percent or 0) / 100)
    return Reason("wording", points, {"percent": percent, "words": shared})


@lru_cache(1 << 16)
def _named(a: str, b: str) -> Reason:
    if not a or not b:
        return Reason("place_name", 0, {"percent": None})
    percent = round(100 * SequenceMatcher(None, a, b, autojunk=False).ratio())
    if a in b or b in a:
        percent = 100
    return Reason("place_name", round(NAME * percent / 100), {"percent": percent})


def _armed(*, is_equal: bool) -> Reason:
    fits = "equal" if is_equal else "compatible"
    return Reason("weapons", WEAPONS if is_equal else 0, {"fit": fits})
