"""Object storage that cannot be used is named in one sentence, which repeats no key."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.errors import InputError, StorageAway, StrikemapError
from app.files.shelf import Shelf
from tests.buckets import BUCKET, KEY, ObjectStorage, object_storage, reached
from tests.serving import free_port


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running:
        yield running


@pytest.fixture(autouse=True)
def environment(storage: ObjectStorage) -> Iterator[None]:
    with reached(storage):
        yield


def sentence(where: str) -> str:
    with pytest.raises(StrikemapError) as refused:
        Shelf.open(where, "publish")
    text = str(refused.value)
    assert KEY not in text
    assert "AKIA" not in text
    assert "\n" not in text
    return text


def test_a_bucket_that_does_not_exist_is_named() -> None:
    where = "s3://nobodys/site"
    assert sentence(where) == f"storage: got '{where}', allowed: a bucket that exists."


def test_keys_that_may_not_do_this_are_named_as_the_fault(storage: ObjectStorage) -> None:
    storage.check_keys(are_checked=True)
    try:
        assert "a bucket that the keys in the environment may list" in sentence(f"s3://{BUCKET}/x")
    finally:
        storage.check_keys(are_checked=False)


def test_storage_that_does_not_answer_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(StorageAway, match=f"The storage of s3://{BUCKET}/x does not answer"):
        Shelf.open(f"s3://{BUCKET}/x", "lake")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("AWS_ENDPOINT_URL", "storage.example.org", "AWS_ENDPOINT_URL: got 'storage.example.org'"),
        ("AWS_ENDPOINT_URL", f"https://me:{KEY}@host", "got 'https://…@host'"),
        ("AWS_ENDPOINT_URL", "https://", "such as https://storage.example.org"),
        ("AWS_ALLOW_HTTP", "false", "AWS_ALLOW_HTTP=true for http://"),
    ],
)
def test_a_bad_endpoint_is_named_before_it_is_used(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, expected: str
) -> None:
    monkeypatch.setenv(name, text)
    assert expected in sentence(f"s3://{BUCKET}/x")


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("ftp://host/a", "OUT: got 'ftp://host/a', allowed: a folder, s3://…, gs://…, az://…."),
        ("s3://", "OUT: got 's3://', allowed: a folder, s3://…, gs://…, az://… with a bucket."),
        (f"s3://AKIA:{KEY}@bucket/a", "OUT: got 's3://…@bucket/a', allowed: a folder"),
    ],
)
def test_an_address_that_is_none_is_refused_without_its_keys(where: str, expected: str) -> None:
    assert expected in sentence(where)


def test_a_folder_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="a folder that this user may read and write"):
        Shelf.open(str(tmp_path / "file" / "site"), "publish")
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208
