"""A signed figure says who gave it out and what it shows; one that cannot be signed stays here."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import parse_qsl

import c2pa
import pytest

from app.domain.errors import CannotSign
from app.domain.view import View
from app.instance.picture_signing import CHAIN, KEY, PictureSigner
from app.instance.workspace import Workspace
from tests.certificates import KEYS, Chain, make_chain
from tests.drawing import drawn
from tests.serving import serving

VIEW = View(theatre="ukraine", first=date(2025, 10, 24), last=date(2025, 10, 25))
ORIGIN = "https://maps.example.org"
TITLE = {"title": "What a stranger wrote"}


def signer_of(chain: Chain) -> PictureSigner:
    return PictureSigner(str(chain.chain), str(chain.key), ORIGIN)


def settings_of(chain: Chain) -> dict[str, str]:
    return {CHAIN: str(chain.chain), KEY: str(chain.key)}


def signed(demos: Workspace, chain: Chain, *, may_be_signed: bool = True) -> bytes:
    signing = replace(demos, picture_signer=signer_of(chain))
    return drawn(signing, VIEW, now=datetime.now(UTC), may_be_signed=may_be_signed)


def checked(picture: bytes, root: str) -> c2pa.Reader:
    """Read a picture as a stranger does who trusts this root."""
    trust = {"trust": {"trust_anchors": root}, "verify": {"verify_trust": True}}
    context = c2pa.Context(c2pa.Settings.from_dict(trust))
    return c2pa.Reader("image/png", io.BytesIO(picture), context=context)


@pytest.mark.parametrize("kind", KEYS)
def test_a_signed_figure_says_what_it_shows_and_who_signed(
    demos: Workspace, tmp_path: Path, kind: str
) -> None:
    chain = make_chain(tmp_path, kind)
    reader = checked(signed(demos, chain), chain.root)
    assert reader.get_validation_state() == "Trusted"
    manifest = json.loads(reader.json())["manifests"][json.loads(reader.json())["active_manifest"]]
    by_label = {one["label"]: one["data"] for one in manifest["assertions"]}
    assert manifest["signature_info"]["alg"] == kind.capitalize()
    assert manifest["claim_generator_info"][0]["name"] == "Strikemap"
    (action,) = by_label["c2pa.actions.v2"]["actions"]
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"].endswith("/dataDrivenMedia")
    shown, newest = by_label["strikemap.view"], demos.store.head()
    address, _, query = shown["address"].partition("?")
    assert (address, dict(parse_qsl(query))["from"]) == (f"{ORIGIN}/", "2025-10-24")
    assert shown["revision"] == {"seq": newest.seq, "hash": newest.hash.hex()}
    assert shown["known_at"]
    assert any("Natural Earth" in credit for credit in shown["sources"])
    assert (shown["audience"], shown["invented"]) == ("public", False)


def test_a_changed_pixel_and_another_root_are_named(demos: Workspace, tmp_path: Path) -> None:
    chain, other = make_chain(tmp_path / "one"), make_chain(tmp_path / "other")
    picture = signed(demos, chain)
    changed = bytearray(picture)
    changed[picture.index(b"IDAT") + 400] ^= 1
    assert checked(bytes(changed), chain.root).get_validation_state() == "Invalid"
    assert checked(picture, other.root).get_validation_state() == "Valid"


def test_a_figure_without_the_settings_has_the_bytes_that_it_always_had(
    demos: Workspace, tmp_path: Path
) -> None:
    chain = make_chain(tmp_path)
    plain = drawn(demos, VIEW, now=datetime.now(UTC))
    assert b"c2pa" not in plain
    assert signed(demos, chain, may_be_signed=False) == plain
    assert len(signed(demos, chain)) < len(plain) + 20_000


def chmod(chain: Chain) -> None:
    chain.key.chmod(0o644)


def encrypted(chain: Chain) -> None:
    chain.key.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")


def root_only(chain: Chain) -> None:
    chain.chain.write_text(chain.root)


def no_text(chain: Chain) -> None:
    chain.chain.write_bytes(b"\x00\xff")


def other_key(chain: Chain) -> None:
    chain.key.write_bytes(make_chain(chain.key.parent / "other").key.read_bytes())


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (lambda chain: chain.key.unlink(), KEY),
        (lambda chain: chain.chain.unlink(), CHAIN),
        (chmod, KEY),
        (encrypted, KEY),
        (root_only, CHAIN),
        (no_text, CHAIN),
        (other_key, CHAIN),
    ],
)
def test_credentials_that_cannot_sign_are_one_sentence_and_no_picture(
    tmp_path: Path, spoil: Callable[[Chain], None], name: str
) -> None:
    chain = make_chain(tmp_path / "chain")
    spoil(chain)
    signer, now = signer_of(chain), datetime.now(UTC)
    sentence = signer.fault(now)
    assert sentence is not None
    assert sentence.startswith(f"No figure is given out as PNG. {name}: got ")
    assert "\n" not in sentence
    with pytest.raises(CannotSign):
        signer.sign(b"", {}, now)


def test_a_service_whose_certificate_ended_goes_on_without_png(
    demo_data: Path, tmp_path: Path
) -> None:
    with serving(demo_data, **settings_of(make_chain(tmp_path, days=(-30, -1)))) as service:
        client = service.client
        refusal = client.get("/figure.png")
        assert (refusal.status_code, refusal.json()["type"]) == (503, "/problems/cannot-sign")
        assert client.get("/figure.svg").status_code == 200
        state = client.get("/readyz").json()
        assert (state["status"], "C2PA_CHAIN" in state["detail"]) == ("degraded", True)


def test_the_operator_does_not_sign_what_a_stranger_wrote_on_a_figure(
    demo_data: Path, tmp_path: Path
) -> None:
    chain = make_chain(tmp_path)
    with serving(demo_data, **settings_of(chain)) as service:
        client = service.client
        usual, titled = client.get("/figure.png"), client.get("/figure.png", params=TITLE)
        again = client.get("/figure.png", headers={"If-None-Match": usual.headers["etag"]})
    assert usual.headers["etag"].startswith("W/")
    assert again.status_code == 304
    assert checked(usual.content, chain.root).get_validation_state() == "Trusted"
    assert (titled.status_code, b"c2pa" in titled.content) == (200, False)
