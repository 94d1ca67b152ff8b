"""Checks an evidence bundle of Strikemap, offline, with nothing but Python 3.9 or later.

    python check_evidence.py BUNDLE.zip [SEQ:HASH]

It checks that every file is the one that the manifest names, that each revision's payload matches
its digest, that each link of the ledger follows from the one before, and, when a head printed
elsewhere is given, that the chain in the bundle leads to it.
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


def problems(bundle: zipfile.ZipFile, head: str = "") -> list:  # type: ignore[type-arg]
    """List everything that does not check; empty for a sound bundle."""
    links = [json.loads(line) for line in bundle.read("chain.jsonl").splitlines()]
    by_seq = {link["seq"]: link for link in links}
    revisions = [json.loads(line) for line in bundle.read("revisions.jsonl").splitlines()]
    faults = check_files(bundle) + check_links(links) + check_payloads(revisions, by_seq)
    seq, _, expected = head.partition(":")
    if head and by_seq.get(int(seq), {}).get("hash") != expected:
        faults.append(f"the chain in the bundle does not hold the head {head}")
    return faults


def main() -> int:
    """Check the bundle named on the command line."""
    if not 1 < len(sys.argv) < 4:  # noqa: PLR2004  a bundle, and a head when one is known
        sys.stdout.write(f"{__doc__}\n")
        return 2
    with zipfile.ZipFile(sys.argv[1]) as bundle:
        faults = problems(bundle, *sys.argv[2:])
        last = json.loads(bundle.read("manifest.json"))["head"]
    lines = [f"WRONG: {one}" for one in faults] or ["Everything checks."]
    sys.stdout.write("\n".join([*lines, f"The bundle's chain ends at {last}", ""]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
