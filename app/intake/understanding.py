"""Reads a table without a mapping when the columns that it needs are plain; else it asks."""

from __future__ import annotations

import msgspec

from app.domain.count import TOLLS
from app.domain.errors import InputError, InvalidFile, NeedsMapping, UnknownFormat
from app.importers.formats import choose
from app.importers.kml_points import untimed_texts
from app.importers.members import PathContents
from app.intake.column_fields import EMPTY_COLUMN
from app.intake.options import ImportOptions
from app.intake.proposed_mapping import Suggestion
from app.intake.sampling import may_be_table
from app.intake.suggestion import suggestion_of
from app.intake.table_start import FEWEST_FIELDS
from app.reference.reference import Reference

BY_MAPPING = ("mapped", "vector_points")


def understand(
    reference: Reference, files: PathContents, options: ImportOptions, label: str
) -> tuple[ImportOptions, str | None]:
    """Return options with the mapping that a plain table suggests, and a sentence that says it.

    A file that has a format, or comes with a mapping, keeps its options; the sentence is None.
    `label` is how messages call what is imported.

    Raises:
        NeedsMapping: something can mean two things; names it, and the command to run.
        OtherTheatre: most points lie in another theatre.
    """
    if options.mapping is not None:
        if options.sheet:
            mapping = msgspec.structs.replace(options.mapping, sheet=options.sheet)
            options = msgspec.structs.replace(options, mapping=mapping)
        return options, None
    suggestion = _suggestion(reference, files, options)
    if suggestion is None:
        return options, None
    _refuse_header_alone(suggestion, files)
    if suggestion.advice and suggestion.advice.theatre:
        raise suggestion.advice.refusal(label, options.theatre or "")
    if suggestion.is_sure:
        return msgspec.structs.replace(options, mapping=suggestion.mapping), suggestion.understood()
    if _is_table_of_incidents(suggestion):
        open_points = "; ".join(one.rstrip(".") for one in _open_points(suggestion))
        allowed = (
            f"{open_points}. Run `strikemap mapping suggest {label} --out M.toml`, complete "
            f"M.toml, then `strikemap import {label} --mapping M.toml`"
        )
        raise NeedsMapping(f"columns of {label}", "what only you can say", allowed)
    return options, None


def _suggestion(
    reference: Reference, files: PathContents, options: ImportOptions
) -> Suggestion | None:
    """Propose a mapping for one file that no other format has; None for all others."""
    if options.format != "auto" or files.is_many or not files.members:
        return None
    source = files.members[0].source
    try:
        name = choose(source)[0].name
        is_untimed = name == "kml_points" and untimed_texts(source)
        has_format = name not in BY_MAPPING and not is_untimed
    except UnknownFormat:
        has_format = False
    except InputError:
        has_format = True
    if has_format or not may_be_table(source):
        return None
    return suggestion_of(reference, source, options.theatre or "", options.sheet)


def _refuse_header_alone(suggestion: Suggestion, files: PathContents) -> None:
    """Refuse a table of known columns without any row.

    Raises:
        InvalidFile: it has only a header.
    """
    known = [why for why in suggestion.why.values() if why.endswith(EMPTY_COLUMN)]
    if len(known) >= FEWEST_FIELDS and not any(suggestion.samples.values()):
        where = f"rows of {files.members[0].source.name}"
        raise InvalidFile(where, "none below the header", "at least one row")


def _is_table_of_incidents(suggestion: Suggestion) -> bool:
    """Tell whether the columns are about incidents: a day, or numbers of people, and one more."""
    mapping = suggestion.mapping
    has_people = any(to.startswith(TOLLS) for to in mapping.columns.values())
    is_about = mapping.says("start") or has_people or bool(suggestion.doubts)
    has_place = mapping.has_points or suggestion.advice is not None
    return is_about and (has_place or len(mapping.columns) > 1)


def _open_points(suggestion: Suggestion) -> list[str]:
    """List what only a person can say, and why columns are left out that may be what is missing."""
    if suggestion.advice and suggestion.advice.is_most:
        # Nothing is asked about the columns of points before it is clear where these lie.
        return list(suggestion.doubts)
    left_out = suggestion.left_out() if suggestion.missing else {}
    reasons = [f"{name!r}: {why}" for name, why in left_out.items() if why not in suggestion.doubts]
    return [*suggestion.doubts, *suggestion.missing, *reasons]
