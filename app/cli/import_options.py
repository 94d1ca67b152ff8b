"""The options of `strikemap import`, made from the table of an import's options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from app.intake.options import ImportOptions, Option, OptionKind, ShownIn, options_of

Command = Callable[..., None]


def with_import_options(
    table: type[ImportOptions] = ImportOptions,
) -> Callable[[Command], Command]:
    """Give a command the options of a table; they come to it as keyword arguments.

    They stand after the command's arguments and before its own options.
    """

    def decorate(command: Command) -> Command:
        own = inspect.signature(command, eval_str=True).parameters.values()
        arguments = [one for one in own if one.kind is one.POSITIONAL_OR_KEYWORD]
        keywords = [one for one in own if one.kind is one.KEYWORD_ONLY]
        signature = inspect.Signature([*arguments, *_parameters(table), *keywords])
        command.__signature__ = signature  # type: ignore[attr-defined]  # what Typer reads
        return command

    return decorate


def _parameters(table: type[ImportOptions]) -> Iterator[inspect.Parameter]:
    for option in options_of(table, ShownIn.command):
        default = option.default if isinstance(option.default, str | bool) else None
        keyword = inspect.Parameter.KEYWORD_ONLY
        yield inspect.Parameter(
            option.name, keyword, default=default, annotation=_annotation(option)
        )


def _annotation(option: Option) -> Any:
    flag = f"--{option.name.replace('_', '-')}"
    help_text = f"{option.text('en')}."
    if option.kind is OptionKind.flag:
        return Annotated[bool, typer.Option(flag, help=help_text)]
    if option.kind is OptionKind.file:
        return Annotated[Path | None, typer.Option(flag, help=help_text)]
    return Annotated[str | None, typer.Option(flag, help=help_text)]
