"""What a frame in another page shows beside its map: the choices of the editor who embeds it."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

Controls = Literal["full", "time", "none"]
Caption = Literal["full", "none"]
CONTROLS: tuple[Controls, ...] = get_args(Controls)
CAPTIONS: tuple[Caption, ...] = get_args(Caption)


class EmbedOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """The options of `/embed` beside its View.

    No option takes away the sources, the legend or a banner: a map without them says more than is
    known.
    """

    controls: Controls = "full"
    """`time` has the days to play and to step through, `none` has nothing of the period."""

    caption: Caption = "full"
    """`none` leaves out the title and the sentence of figures: the page around it has its own."""

    def pairs(self) -> dict[str, str]:
        """Return the options that are not the defaults, as parameters."""
        fields: dict[str, str] = msgspec.to_builtins(self)
        return fields
