"""The page inside an evidence bundle checks the bundle in a browser that has no network."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.domain.terms import Face
from app.domain.view import View
from app.instance.signing import HeadSigner
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.evidence import bundle
from tests.browser.conftest import Watched, expect_no_axe_violations
from tests.making import NOON, add, dataset, incident

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]


@pytest.fixture
def packed(private_workspace: Workspace, tmp_path: Path) -> Path:
    """A signed bundle, and the page from inside it."""
    workspace = private_workspace
    object.__setattr__(workspace, "signer", HeadSigner(tmp_path / "head.key"))
    workspace.signer.make_key()
    add(workspace.store, dataset(), incident("b", description="шкода"), incident("a"))
    query = Query(workspace, workspace.state(), View(theatre="ukraine"), NOON)
    path = tmp_path / "evidence.zip"
    number = str(incident("b").id)
    path.write_bytes(bundle(publish(query, Face.raw, in_all=True), number))
    with zipfile.ZipFile(path) as archive:
        archive.extract("check_evidence.html", tmp_path)
    return path


def tampered(path: Path, member: str, old: bytes, new: bytes) -> Path:
    other = path.with_name(f"{member}.zip")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content.replace(old, new, 1) if name == member else content)
    return other


def test_the_page_checks_a_bundle_and_names_what_was_changed(watch: Watch, packed: Path) -> None:
    watched = watch()
    page = watched.page
    page.context.set_offline(offline=True)
    page.goto(packed.with_name("check_evidence.html").as_uri())
    page.set_input_files("#file", packed)
    verdict, lines = page.locator("#verdict"), page.locator("#lines")
    expect(verdict).to_have_text("Everything checks.")
    expect(lines).to_contain_text("signed by key")
    page.fill("#head", f"3:{'0' * 64}")
    page.locator("#head").blur()
    expect(lines).to_contain_text("does not hold the head")
    page.fill("#head", "")
    for member, old, new, why in (
        ("revisions.jsonl", "шкода".encode(), b"harm", "payload does not match its digest"),
        ("chain.jsonl", b"tester", b"nobody", "does not follow from its content"),
        ("head.json", b'"signature": "', b'"signature": "00', "signature"),
        ("README.txt", b"Evidence", b"evidence", "not the file that the manifest names"),
    ):
        page.set_input_files("#file", tampered(packed, member, old, new))
        expect(lines).to_contain_text(why)
        expect(verdict).to_have_text("WRONG")
    expect_no_axe_violations(page)
    watched.is_clean()
