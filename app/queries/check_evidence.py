"""Checks an evidence bundle of Strikemap, offline, with nothing but Python 3.9 or later.

    python check_evidence.py BUNDLE.zip [SEQ:HASH]

It checks that every file is the one that the manifest names, that each revision's payload matches
its digest, that each link of the ledger follows from the one before, and, when a head printed
elsewhere is given, that the chain in the bundle leads to it. A signed head must carry a right
Ed25519 signature (RFC 8032). Whose key it is, only its id says: compare that with the publisher's.
"""

import hashlib
import json
import sys
import zipfile


def canonical(value: object) -> bytes:
    """Write RFC 8785 JSON: enough for lists of whole numbers and text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def link_hash(link: dict) -> str:  # type: ignore[type-arg]  # runs on old Pythons too
    """Compute a link's hash from the link before it, its metadata and its payload's digest."""
    names = ("seq", "recorded_at", "actor", "action", "reason", "subject", "key")
    metadata = canonical([link[name] for name in names])
    content = bytes.fromhex(link["previous"]) + metadata + bytes.fromhex(link["digest"])
    return hashlib.sha256(content).hexdigest()


def check_files(bundle: zipfile.ZipFile) -> list:  # type: ignore[type-arg]
    """List files that are not the ones that the manifest names."""
    files = json.loads(bundle.read("manifest.json"))["files"]
    wrong = [
        n for n, digest in files.items() if hashlib.sha256(bundle.read(n)).hexdigest() != digest
    ]
    return [f"{name} is not the file that the manifest names" for name in wrong]


def check_links(links: list) -> list:  # type: ignore[type-arg]
    """List links that do not follow from their content, or from the link before them."""
    faults = []
    for before, link in zip([None, *links], links):  # noqa: B905  Python 3.9 has no strict
        if link_hash(link) != link["hash"]:
            faults.append(f"revision {link['seq']}: its hash does not follow from its content")
        if before and (link["previous"], link["seq"]) != (before["hash"], before["seq"] + 1):
            faults.append(f"revision {link['seq']} does not continue the one before it")
    return faults


def check_payloads(revisions: list, by_seq: dict) -> list:  # type: ignore[type-arg]
    """List payloads that do not match the digest that the chain covers; erased ones have none."""
    faults = []
    for revision in revisions:
        if revision["payload"] is not None:
            salted = bytes.fromhex(revision["salt"]) + revision["payload"].encode()
            if hashlib.sha256(salted).hexdigest() != by_seq.get(revision["seq"], {}).get("digest"):
                faults.append(f"revision {revision['seq']}: its payload does not match its digest")
    return faults


# Edwards curve 25519 (RFC 8032 5.1), in whole numbers: slow, short, and enough for a signature.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)


def x_of(y: int, sign: int) -> int:
    """Find the x of a point by its y; raise ValueError where the curve has none."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - square) % P or (x == 0 and sign):
        raise ValueError("no point of the curve")
    return P - x if x % 2 != sign else x


def curve_point(encoded: bytes) -> tuple:  # type: ignore[type-arg]
    """Read a point (RFC 8032 5.1.3) into extended coordinates."""
    number = int.from_bytes(encoded, "little")
    y, sign = number % 2**255, number >> 255
    if y >= P:
        raise ValueError("no point of the curve")
    x = x_of(y, sign)
    return (x, y, 1, x * y % P)


def add(one: tuple, other: tuple) -> tuple:  # type: ignore[type-arg]
    """Add two points (RFC 8032 5.1.4)."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number: int, one: tuple) -> tuple:  # type: ignore[type-arg]
    """Add a point to itself so many times."""
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = add(total, one)
        one, number = add(one, one), number >> 1
    return total


def is_signature(key: bytes, message: bytes, signature: bytes) -> bool:
    """Check an Ed25519 signature (RFC 8032 5.1.7)."""
    try:
        public, r = curve_point(key), curve_point(signature[:32])
    except ValueError:
        return False
    s = int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    base_y = 4 * pow(5, -1, P) % P
    base_x = x_of(base_y, 0)
    left = times(s, (base_x, base_y, 1, base_x * base_y % P))
    right = add(r, times(k, public))
    same_x = (left[0] * right[2] - right[0] * left[2]) % P == 0
    same_y = (left[1] * right[2] - right[1] * left[2]) % P == 0
    return len(signature) == 64 and s < ORDER and same_x and same_y  # noqa: PLR2004  its size


def check_signed_head(bundle: zipfile.ZipFile) -> list:  # type: ignore[type-arg]
    """List what is wrong with the signed head; nothing for a bundle without one."""
    if "head.json" not in bundle.namelist():
        return []
    signed = json.loads(bundle.read("head.json"))
    faults = signature_faults(signed)
    if f"{signed['seq']}:{signed['hash']}" != json.loads(bundle.read("manifest.json"))["head"]:
        faults.append("the signed head is not the head of the bundle")
    return faults


def signature_faults(signed: dict) -> list:  # type: ignore[type-arg]
    """List what is wrong with the signature of a head."""
    key, signature = bytes.fromhex(signed["public_key"]), bytes.fromhex(signed["signature"])
    covered = [signed[name] for name in ("seq", "hash", "recorded_at", "key")]
    faults = []
    if hashlib.sha256(key).hexdigest()[:16] != signed["key"]:
        faults.append("the public key is not the one of the key's id")
    if not is_signature(key, canonical(["strikemap head", *covered]), signature):
        faults.append("the signature of the head is wrong")
    return faults


STAMPED = "stamped-head.json"
DIGESTS = {32: "sha256", 48: "sha384", 64: "sha512"}


def der_parts(content: bytes) -> list:  # type: ignore[type-arg]
    """Cut DER (X.690) into the contents of its parts."""
    parts, at = [], 0
    while at < len(content):
        length, at = content[at + 1], at + 2
        if length > 127:  # noqa: PLR2004  the long form: so many bytes of length follow
            at += length - 128
            length = int.from_bytes(content[at - (length - 128) : at], "big")
        parts.append(content[at : at + length])
        at += length
    return parts


def stamp_facts(stamp: bytes) -> tuple:  # type: ignore[type-arg]
    """Read the digest and the time of a stamp (RFC 3161 2.4.2)."""
    _status, token = der_parts(der_parts(stamp)[0])[:2]
    signed_data = der_parts(der_parts(token)[1])[0]
    content = der_parts(der_parts(signed_data)[2])[1]
    about = der_parts(der_parts(der_parts(content)[0])[0])
    return der_parts(about[2])[1], about[4].decode("ascii")


def check_stamped_head(bundle: zipfile.ZipFile, by_seq: dict) -> list:  # type: ignore[type-arg]
    """List what is wrong with the stamped head; whose stamp it is, this program cannot tell."""
    if STAMPED not in bundle.namelist():
        return []
    document = bundle.read(STAMPED)
    signed = json.loads(document)
    faults = signature_faults(signed)
    if by_seq.get(signed["seq"], {}).get("hash") != signed["hash"]:
        faults.append("the stamped head is not in the chain")
    try:
        digest, _time = stamp_facts(bundle.read(f"{STAMPED}.tsr"))
        is_of_head = hashlib.new(DIGESTS[len(digest)], document).digest() == digest
    except (IndexError, KeyError, ValueError):
        is_of_head = False
    if not is_of_head:
        faults.append("the stamp is not one of the stamped head")
    return faults


def problems(bundle: zipfile.ZipFile, head: str = "") -> list:  # type: ignore[type-arg]
    """List everything that does not check; empty for a sound bundle."""
    links = [json.loads(line) for line in bundle.read("chain.jsonl").splitlines()]
    by_seq = {link["seq"]: link for link in links}
    revisions = [json.loads(line) for line in bundle.read("revisions.jsonl").splitlines()]
    faults = check_files(bundle) + check_links(links) + check_payloads(revisions, by_seq)
    faults += check_signed_head(bundle) + check_stamped_head(bundle, by_seq)
    manifest_head = json.loads(bundle.read("manifest.json"))["head"]
    if not links or manifest_head != f"{links[-1]['seq']}:{links[-1]['hash']}":
        faults.append("the chain does not end at the head that the manifest names")
    seq, _, expected = head.partition(":")
    if head and by_seq.get(int(seq), {}).get("hash") != expected:
        faults.append(f"the chain in the bundle does not hold the head {head}")
    return faults


def main() -> int:
    """Check the bundle named on the command line."""
    if not 1 < len(sys.argv) < 4:  # noqa: PLR2004  a bundle, and a head when one is known
        sys.stdout.write(f"{__doc__}\n")
        return 2
    try:
        faults, end = verdict(sys.argv[1], *sys.argv[2:])
    except Exception as wrong:  # noqa: BLE001  a spoilt bundle can be wrong in any way
        faults, end = [f"this is no whole bundle ({type(wrong).__name__}: {wrong})"], ""
    lines = [f"WRONG: {one}" for one in faults] or ["Everything checks."]
    sys.stdout.write("\n".join([*lines, end, ""] if end else [*lines, ""]))
    return 1 if faults else 0


def verdict(path: str, head: str = "") -> tuple:  # type: ignore[type-arg]
    """List what does not check, and write a sentence about the end of the chain."""
    with zipfile.ZipFile(path) as bundle:
        faults = problems(bundle, head)
        last = json.loads(bundle.read("manifest.json"))["head"]
        signer = "not signed"
        if "head.json" in bundle.namelist():
            signer = f"signed by key {json.loads(bundle.read('head.json'))['key']}"
        if STAMPED in bundle.namelist() and not faults:
            revision = json.loads(bundle.read(STAMPED))["seq"]
            time = stamp_facts(bundle.read(f"{STAMPED}.tsr"))[1]
            signer += f"; revision {revision} was stamped {time} (UTC): check by whom (README.txt)"
    return faults, f"The bundle's chain ends at {last}, {signer}"


if __name__ == "__main__":
    sys.exit(main())
