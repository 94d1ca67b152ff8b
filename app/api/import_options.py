"""The options of an import as an address and a page show them, made from their one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.api import params
from app.intake.options import ImportOptions, Option, OptionKind, ShownIn, options_of

Parameter = tuple[params.Reader, str, dict[str, Any]]
"""A parameter of an address: its reader, its description and its JSON schema."""


def query_parameters(table: type[ImportOptions] = ImportOptions) -> Mapping[str, Parameter]:
    """List the options that stand in the query; a file comes as a part of the form."""
    return {
        option.name: (
            params.read_flag if option.kind is OptionKind.flag else str,
            option.text("en"),
            _schema(option),
        )
        for option in options_of(table, ShownIn.http)
        if option.kind is not OptionKind.file
    }


def file_parts(table: type[ImportOptions] = ImportOptions) -> tuple[Option, ...]:
    """List the options that come as parts of the form, beside the file itself."""
    return tuple(one for one in options_of(table, ShownIn.http) if one.kind is OptionKind.file)


def form_body(parts: tuple[Option, ...] = ()) -> dict[str, Any]:
    """Describe a form of one file, with the parts that may come beside it."""
    properties = {
        "file": {"type": "string", "format": "binary"},
        **{part.name: {"type": "string", "description": part.text("en")} for part in parts},
    }
    schema = {"type": "object", "required": ["file"], "properties": properties}
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def form_fields(table: type[ImportOptions] = ImportOptions) -> dict[str, list[Option]]:
    """Group the options that a person sets on the page `/import`."""
    options = options_of(table, ShownIn.form)
    fields = [one for one in options if one.kind is not OptionKind.file]
    return {
        "fields": [one for one in fields if not one.is_for_control],
        "control_fields": [one for one in fields if one.is_for_control],
        "files": [one for one in options if one.kind is OptionKind.file],
    }


def _schema(option: Option) -> dict[str, Any]:
    if option.kind is OptionKind.flag:
        return {"type": "boolean"}
    if option.kind is OptionKind.day:
        return {"type": "string", "format": "date"}
    return {"type": "string", "enum": list(option.values)} if option.values else {"type": "string"}
