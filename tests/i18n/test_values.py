"""Numbers, days and lengths stand as the language's own tables (CLDR) have them."""

from __future__ import annotations

from datetime import date

import pytest
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from app.i18n import LANGUAGES, strings
from app.i18n.values import (
    count_text,
    day_text,
    days_text,
    instant_text,
    length_text,
    number,
    plural,
)

languages = st.sampled_from(LANGUAGES)


@given(languages, st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_a_day_is_written_as_in_cldr(language: str, day: date) -> None:
    # CLDR has digits alone for Arabic, which stand in another order beside Latin letters.
    pattern = "d MMM y" if language == "ar" else "medium"
    locale = "en_GB" if language == "en" else language
    expected = format_date(day, pattern, locale=locale)
    assert day_text(language, day) == day_text(language, str(day)) == expected


@given(languages, st.integers(-(10**12), 10**12))
def test_a_whole_number_is_grouped_as_in_cldr(language: str, value: int) -> None:
    assert number(language, value) == format_decimal(value, locale=language)


@given(languages, st.integers(-(10**6), 10**6))
def test_a_fraction_is_written_as_in_cldr(language: str, eighths: int) -> None:
    value = eighths / 8
    assert number(language, value, 3) == format_decimal(value, "#,##0.###", locale=language)


@given(languages.filter(lambda language: language != "ar"), st.integers(0, 10**7))
def test_a_noun_has_the_form_that_cldr_names(language: str, n: int) -> None:
    form = Locale(language).plural_form(n)
    assert plural(language, n) == {"other": "many"}.get(form, form)


def test_what_rounds_to_nothing_has_no_sign() -> None:
    assert (number("en", -0.001), number("en", 10.0), number("uk", 1e7)) == (
        "0",
        "10",
        "10\u00a0000\u00a0000",
    )


@pytest.mark.parametrize(
    ("metres", "english", "ukrainian"),
    [
        (0, "0 m", "0 м"),
        (999, "999 m", "999 м"),
        (1000, "1 km", "1 км"),
        (5500, "5.5 km", "5,5 км"),
    ],
)
def test_a_length_has_the_languages_unit(metres: int, english: str, ukrainian: str) -> None:
    assert (length_text("en", metres), length_text("uk", metres)) == (english, ukrainian)


def test_days_of_one_day_are_said_once() -> None:
    assert days_text("en", "2025-10-24T18:00:00Z", "2025-10-24") == "24 Oct 2025"
    assert days_text("en", "2025-10-24", "2025-10-25") == "24 Oct 2025 – 25 Oct 2025"


def test_an_instant_is_told_in_utc() -> None:
    assert instant_text("uk", "2025-10-25T01:30:00+03:00") == "24 жовт. 2025\u202fр., 22:30 UTC"


def test_an_unknown_count_is_never_nought() -> None:
    assert count_text("en", None) == strings("en")["unknown"]
    assert count_text("en", {"low": None, "best": None, "high": None}) == strings("en")["unknown"]
    assert count_text("uk", {"low": 1234, "best": None, "high": None}) == "щонайменше 1\u00a0234"
