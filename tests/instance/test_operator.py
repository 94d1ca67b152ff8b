"""The ledger names the operator, also one for whom the system has no name."""

from __future__ import annotations

import pwd
from typing import NoReturn

import pytest

from app.instance.operator import operator_name
from app.instance.tokens import local_holder


def test_a_user_id_without_a_name_is_named_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_name(number: int) -> NoReturn:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 1234)
    monkeypatch.setattr(pwd, "getpwuid", without_name)
    assert operator_name() == "uid 1234"
    assert local_holder().actor == "uid 1234"


def test_a_user_with_a_name_is_named_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "olena")
    assert operator_name() == "olena"
