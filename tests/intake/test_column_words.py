"""Words of a table's column, matched with our lists."""

from __future__ import annotations

import pytest

from app.intake.column_words import codes_of
from app.reference.reference import Reference


@pytest.mark.parametrize("to", ["weapons", "sector"])
def test_each_code_of_ours_is_a_word_for_itself(reference: Reference, to: str) -> None:
    taxonomy = reference.taxonomy
    codes = (taxonomy.weapons if to == "weapons" else taxonomy.sectors).codes
    assert codes_of(to, dict.fromkeys(codes, 1), taxonomy) == {code: code for code in codes}
