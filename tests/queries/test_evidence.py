"""An evidence bundle checks offline, by a script of its own, and shows every tampering."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import NotShared
from app.domain.revision import Action, Subject
from app.domain.store import Author
from app.domain.terms import Audience, Face
from app.domain.view import View
from app.editing.attaching import attach_file
from app.instance.signing import HeadSigner
from app.instance.workspace import Workspace
from app.publishing.publish import Published, publish
from app.publishing.query import Query
from app.queries import evidence
from app.queries.check_evidence import is_signature
from app.queries.evidence import bundle
from tests.making import NOON, change, dataset, incident, write
from tests.support import written

NUMBER = str(incident("a").id)


def whole(workspace: Workspace) -> Published:
    state = workspace.state()
    return publish(Query(workspace, state, View(theatre="ukraine"), NOON), Face.raw, in_all=True)


@pytest.fixture
def recorded(private_workspace: Workspace) -> Workspace:
    """A record with an incident in two revisions, others between and after."""
    store = private_workspace.store
    write(store, [change(dataset()), change(incident("b")), change(incident("a"))])
    amended = change(incident("a", description="corrected, «з лапками»"), Action.amend)
    write(store, [change(incident("c")), amended], NOON + timedelta(days=1))
    write(store, [change(incident("d"))], NOON + timedelta(days=2))
    return private_workspace


@pytest.fixture
def signing(recorded: Workspace, tmp_path: Path) -> Workspace:
    """The same record in an instance that has a key."""
    signer = HeadSigner(tmp_path / "head.key")
    signer.make_key()
    return replace(recorded, signer=signer)


@pytest.fixture
def packed(recorded: Workspace, tmp_path: Path) -> Path:
    """The bundle as a file, with an archived source in it."""
    page = tmp_path / "page.html"
    page.write_text("<p>as it was</p>", "utf-8")
    attach_file(recorded, NUMBER, page, Author("tester", NOON + timedelta(days=3)), {})
    path = tmp_path / "evidence.zip"
    path.write_bytes(bundle(whole(recorded), NUMBER))
    return path


def checked(path: Path, *head: str) -> tuple[int, str]:
    """Run the script that the bundle itself carries, in another folder."""
    with zipfile.ZipFile(path) as archive:
        script = Path(archive.extract("check_evidence.py", path.parent / "elsewhere"))
    done = subprocess.run(
        [sys.executable, "-I", str(script), str(path), *head],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def changed(path: Path, name: str, edit: Callable[[bytes], bytes]) -> Path:
    """Write the bundle again with one file edited."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            new.writestr(member, edit(content) if member == name else content)
    other = path.with_name("tampered.zip")
    other.write_bytes(out.getvalue())
    return other


def test_a_sound_bundle_checks_to_the_head_that_was_printed(
    recorded: Workspace, packed: Path
) -> None:
    head = recorded.store.head()
    code, output = checked(packed, f"{head.seq}:{head.hash.hex()}")
    assert (code, "Everything checks" in output) == (0, True), output


def test_a_head_that_the_chain_does_not_hold_is_said(packed: Path) -> None:
    code, output = checked(packed, f"5:{'0' * 64}")
    assert (code, "does not hold the head" in output) == (1, True)


@pytest.mark.parametrize(
    ("name", "old", "new", "why"),
    [
        ("revisions.jsonl", b"corrected", b"improved!", "payload does not match"),
        ("chain.jsonl", b"tester", b"nobody", "does not follow from its content"),
        ("incident.json", b"reported", b"verified", "not the file that the manifest names"),
        ("README.txt", b"Evidence", b"evidence", "not the file that the manifest names"),
    ],
)
def test_what_was_tampered_with_is_named(
    packed: Path, name: str, old: bytes, new: bytes, why: str
) -> None:
    other = changed(packed, name, lambda content: content.replace(old, new, 1))
    code, output = checked(other)
    assert (code, why in output) == (1, True), output


def test_a_link_taken_out_of_the_chain_is_missed(packed: Path) -> None:
    def without(content: bytes) -> bytes:
        lines = content.splitlines(keepends=True)
        return b"".join(lines[:1] + lines[2:])

    code, output = checked(changed(packed, "chain.jsonl", without))
    assert (code, "does not continue the one before" in output) == (1, True)


def test_equal_evidence_gives_equal_bytes_and_holds_the_archived_source(
    recorded: Workspace, packed: Path
) -> None:
    assert bundle(whole(recorded), NUMBER) == packed.read_bytes()
    with zipfile.ZipFile(packed) as archive:
        (name,) = (one for one in archive.namelist() if one.startswith("attachments/"))
        assert archive.read(name) == b"<p>as it was</p>"
        assert b"saved by hand" in archive.read("attachments.jsonl")


def test_a_signed_head_checks_with_nothing_but_python(signing: Workspace, tmp_path: Path) -> None:
    path = written(tmp_path, "signed.zip", bundle(whole(signing), NUMBER))
    code, output = checked(path)
    assert (code, f"signed by key {signing.signer.key_name}" in output) == (0, True), output


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("signature", "the signature of the head is wrong"),
        ("public_key", "the public key is not the one of the key's id"),
        ("recorded_at", "the signature of the head is wrong"),
        ("hash", "the signed head is not the head of the bundle"),
    ],
)
def test_a_changed_signed_head_is_named(
    signing: Workspace, tmp_path: Path, name: str, why: str
) -> None:
    path = written(tmp_path, "signed.zip", bundle(whole(signing), NUMBER))

    def other(content: bytes) -> bytes:
        signed = json.loads(content)
        first = "1" if signed[name][0] == "2" else "2"
        return json.dumps({**signed, name: first + signed[name][1:]}).encode()

    code, output = checked(changed(path, "head.json", other))
    assert (code, why in output) == (1, True), output


@given(message=st.binary(max_size=200), seed=st.binary(min_size=32, max_size=32), at=st.integers(0))
@settings(max_examples=5)
def test_the_script_agrees_with_the_library_about_signatures(
    message: bytes, seed: bytes, at: int
) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert is_signature(public, message, signature)
    flipped = bytearray(signature)
    flipped[at % 64] ^= 1 << at % 8
    assert not is_signature(public, message, bytes(flipped))


def test_the_public_gets_no_bundle_and_is_told_who_does(recorded: Workspace) -> None:
    public = replace(recorded, audience=Audience.public)
    with pytest.raises(NotShared, match="strikemap evidence"):
        bundle(whole(public), NUMBER)


def test_a_bundle_that_ends_before_the_newest_link_holds_all_that_it_says(
    recorded: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "MOST_LINKS", 0)
    path = tmp_path / "evidence.zip"
    path.write_bytes(bundle(whole(recorded), NUMBER))
    last = recorded.store.history(Subject.incident, f"invented/{NUMBER}")[-1]
    assert last.seq < recorded.store.head().seq
    code, said = checked(path, f"{last.seq}:{last.hash.hex()}")
    assert code == 0, said
