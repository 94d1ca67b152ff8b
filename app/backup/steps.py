"""Backups in steps: a folder, or a place in object storage, where each holds what is new.

A step is a backup and a small file beside it that describes it. That file is written last, and
only once: a step without it does not count, and two backups at a time cannot both be the next.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from app.backup.contents import BytesDone, Origin
from app.backup.packing import BackupScope, Packed, Since, back_up, half_made
from app.backup.sealing import back_up_sealed, unsealed
from app.backup.unpacking import Unpacked, unpack, verified
from app.domain.errors import InputError, InvalidFile, StoreBusy, StoreError
from app.editing.purged import PURGED, read_purged
from app.files.storage import Folder, Storage, open_place
from app.store.opening import RECORD
from app.store.since import bring_on
from app.whole_files import write_whole

NOTES = "backed-up.json"
"""What the chains hold of the files beside the record, in the data folder: a cache."""

MOST_CHAINS = 8
ABOUT = re.compile(r"(?P<number>[0-9]{5})[.]json", re.ASCII)
FILE = re.compile(r"[0-9]{5}-[0-9a-f]{16}[.]tar[.]gz([.]age)?", re.ASCII)


class BackupStep(msgspec.Struct, frozen=True):
    """One backup of a chain: its file with size and SHA-256, and what that says of itself."""

    file: str
    bytes: int
    sha256: str
    origin: Origin


class _Notes(msgspec.Struct):
    """The files that each chain holds, by the SHA-256 of the last step that was made here."""

    chains: dict[str, dict[str, str]] = {}


@dataclass
class StepChain:
    """The steps at a place, oldest first; each begins where the one before it ends."""

    where: str
    place: Storage
    steps: list[BackupStep]

    @classmethod
    def open(cls, where: str) -> StepChain:
        """Read what the steps say of themselves.

        Raises:
            InvalidFile: one is missing, or does not follow the one before it.
            InputError: the place cannot be read and written.
            StorageAway: nothing answers there.
        """
        where = where.rstrip("/") or where
        place = open_place(where)
        names = [name for name in place.names() if ABOUT.fullmatch(name)]
        steps = [_read(where, name, place.read(name) or b"") for name in names]
        for number, (name, step) in enumerate(zip(names, steps, strict=True), start=1):
            if name != _about(number):
                raise InvalidFile(where, f"no {_about(number)}", "all steps, from the first on")
            before = steps[number - 2].origin.end if number > 1 else None
            if step.origin.after != before:
                allowed = (
                    f"a step that follows {_about(number - 1)}" if number > 1 else "a whole one"
                )
                raise InvalidFile(f"{where}: {name}", "a step of another chain", allowed)
        return cls(where, place, steps)

    def add(self, path: Path, origin: Origin) -> BackupStep:
        """Move a finished backup here as the next step.

        Raises:
            StoreBusy: another backup became the next step meanwhile; nothing was added.
        """
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        number = len(self.steps) + 1
        ending = "".join(path.suffixes)
        name = f"{number:05}-{digest[:16]}{ending}"
        step = BackupStep(name, path.stat().st_size, digest, origin)
        document = msgspec.json.format(msgspec.json.encode(step), indent=1)
        self.place.take(name, path)
        if not self.place.create(_about(number), document):
            self.place.remove(name)
            raise StoreBusy(f"Another backup to {self.where} was faster; try again.")
        self.steps.append(step)
        return step

    @contextlib.contextmanager
    def fetched(self, step: BackupStep, folder: Path) -> Iterator[Path]:
        """Give a step's file for reading, as it was written.

        Raises:
            InvalidFile: it is missing, cut short or changed.
        """
        path = folder / step.file
        try:
            self.place.fetch(step.file, path)
        except FileNotFoundError as wrong:
            raise InvalidFile(f"{self.where}/{step.file}", "no such file", "all steps") from wrong
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != step.sha256:
            allowed = f"the {step.bytes:,} bytes that were written; it was cut short or changed"
            got = f"{path.stat().st_size:,} bytes"
            raise InvalidFile(f"{self.where}/{step.file}", got, allowed)
        yield path
        path.unlink()


def purged_since(data_dir: Path, chain: StepChain) -> int:
    """Count the purges since the first step: the steps before each still hold what it erased."""
    path = data_dir / PURGED
    if not chain.steps or not path.exists():
        return 0
    return sum(one.at > chain.steps[0].origin.made_at for one in read_purged(path).purges)


def is_chain(where: str) -> bool:
    """Tell a place for steps from the file of one backup."""
    return "://" in where or where.endswith("/") or Path(where).is_dir()


def back_up_step(
    data_dir: Path,
    chain: StepChain,
    encrypt_to: Sequence[str],
    now: datetime,
    extent: tuple[str, BytesDone],
) -> Packed:
    """Add a step with what is new since the last one; the first holds everything.

    Raises:
        InputError: the steps there are those of another record.
        StoreBusy: another backup became the next step meanwhile.
    """
    store_url, progress = extent
    notes = _read_notes(data_dir)
    since = Since()
    if chain.steps:
        since = Since(chain.steps[-1].origin.end, notes.chains.get(chain.steps[-1].sha256, {}))
    before = chain.steps[-1].sha256 if chain.steps else ""
    with _room_at(chain) as folder:
        out = folder / f"step.tar.gz{'.age' if encrypt_to else ''}"
        packed = back_up_sealed(
            encrypt_to,
            out,
            lambda path: back_up(data_dir, path, now, progress, BackupScope(store_url, since)),
        )
        step = chain.add(out, packed.origin)
    kept = {name: held for name, held in notes.chains.items() if name != before}
    newest = dict(list(kept.items())[-MOST_CHAINS + 1 :]) | {step.sha256: since.held}
    write_whole(data_dir / NOTES, msgspec.json.encode(_Notes(newest)))
    return msgspec.structs.replace(packed, file=f"{chain.where}/{step.file}", bytes=step.bytes)


@contextlib.contextmanager
def _room_at(chain: StepChain) -> Iterator[Path]:
    """Give a folder to work in; for a folder of steps, one on the same disk."""
    if isinstance(chain.place, Folder):
        chain.place.path.mkdir(parents=True, exist_ok=True)
        with half_made(chain.place.path / "step") as folder:
            yield folder
        return
    with tempfile.TemporaryDirectory(prefix="strikemap-") as name:
        yield Path(name)


def unpack_steps(
    chain: StepChain,
    folder: Path,
    identity: Path | None,
    progress: BytesDone,
    *,
    is_whole: bool = True,
) -> Unpacked:
    """Unpack all steps, oldest first, each checked whole, into one instance in an empty folder.

    Without `is_whole` only the record is written.

    Raises:
        InvalidFile: a step is missing, cut short, changed, or does not follow the one before.
        InputError: no private key where one is needed, or none that fits; or there is no step.
    """
    if not chain.steps:
        raise InputError("FILE", chain.where, "a backup, or a place with steps of one")
    members, size = 0, 0
    last: Unpacked | None = None
    with tempfile.TemporaryDirectory(prefix="strikemap-", dir=folder.parent) as name:
        work = Path(name)
        for step in chain.steps:
            with chain.fetched(step, work) as file, unsealed(file, identity) as plain:
                part = work / "part" if last else folder
                unpacked = unpack(plain, part, progress, is_whole=is_whole)
                if unpacked.origin != step.origin:
                    says = f"another step than {chain.where} names"
                    raise InvalidFile(
                        f"{chain.where}/{step.file}", says, "the step as it was added"
                    )
                if last:
                    _join(part, folder, unpacked.held if is_whole else None)
                    shutil.rmtree(part)
            members, size, last = members + unpacked.members, size + step.bytes, unpacked
    assert last is not None  # noqa: S101  there is a step
    return last._replace(members=members, bytes=size)


def _join(part: Path, folder: Path, held: dict[str, str] | None) -> None:
    """Bring an instance on by a step; files that were gone when it was made are removed."""
    bring_on(folder / RECORD, part / RECORD)
    (part / RECORD).unlink()
    if held is None:
        return
    new = {path.relative_to(part) for path in part.rglob("*") if path.is_file()}
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        name = path.relative_to(folder)
        if name not in new and name.as_posix() not in (*held, RECORD):
            path.unlink()
    for name in new:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (part / name).replace(folder / name)
    for missing in sorted(name for name in held if not (folder / name).is_file()):
        raise StoreError(f"No step of the backup holds {missing}, which the last one needs.")


def check_steps(chain: StepChain, identity: Path | None, progress: BytesDone) -> Unpacked:
    """Check all steps, and the chain of the record that they make, in the temporary folder.

    Raises:
        InvalidFile: as `unpack_steps`, or the record does not check.
    """
    with tempfile.TemporaryDirectory(prefix="strikemap-") as name:
        folder = Path(name) / "whole"
        folder.mkdir()
        unpacked = unpack_steps(chain, folder, identity, progress, is_whole=False)
        with verified(chain.where, folder, unpacked.origin):
            return unpacked


def _about(number: int) -> str:
    return f"{number:05}.json"


def _read(where: str, name: str, document: bytes) -> BackupStep:
    try:
        step = msgspec.json.decode(document, type=BackupStep)
    except msgspec.MsgspecError as wrong:
        raise InvalidFile(f"{where}/{name}", str(wrong), "the description of a step") from wrong
    if not FILE.fullmatch(step.file):
        raise InvalidFile(f"{where}/{name}", step.file, "the name of a step's file")
    return step


def _read_notes(data_dir: Path) -> _Notes:
    """Read what the chains hold; without it, a step holds more than it must."""
    try:
        return msgspec.json.decode((data_dir / NOTES).read_bytes(), type=_Notes)
    except (OSError, msgspec.MsgspecError):
        return _Notes()
