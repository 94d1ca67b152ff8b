"""The loss of power: what a program wrote, by strace, is replayed as a disk may have kept it.

What was synced before the power went stays. Of what was written since, any part may be missing,
in any order, and a block may be torn. Names that were made, moved or removed since their folder was
synced come back up to some moment, as a journal keeps them.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
CALLS = (
    "openat,lseek,write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2,"
    "unlink,unlinkat,mkdir,mkdirat,link,linkat,rmdir"
)
BLOCK = 512
LINE = re.compile(
    r"^\d+ +(?P<call>\w+)\((?P<arguments>.*)\) += (?P<answer>-?\d+)(?:<(?P<path>[^>]*)>)?"
)
HELD = re.compile(r"^(?P<start>(?P<pid>\d+) .*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^(?P<pid>\d+) +<\.\.\. \w+ resumed>(?P<rest>.*)$")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
ON = re.compile(r"^-?\d+<(?P<path>[^>]*)>")
SHARED_MEMORY = "-shm"
"""SQLite makes this file anew when nobody has the record open."""


class Act(NamedTuple):
    """One call that changes a disk, or a line in which the program says what is safe now."""

    kind: str
    path: str = ""
    other: str = ""
    at: int = 0
    content: bytes = b""


def record(program: list[str], folder: Path, trace: Path) -> list[Act]:
    """Run a program to its end, and return what it did below a folder, in order."""
    words = ["strace", "-f", "-y", "-xx", "-s", str(1 << 24), "-e", f"trace={CALLS}"]
    subprocess.run(
        ["/usr/bin/env", *words, "-o", str(trace), sys.executable, *program],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return list(_Reading(str(folder)).acts(trace))


@dataclass
class _Reading:
    """Reads a trace; `places` are where files are written next."""

    root: str
    places: dict[str, int] = field(default_factory=dict)

    def acts(self, trace: Path) -> Iterator[Act]:
        held = dict[str, str]()
        with trace.open("r", encoding="utf-8", errors="surrogateescape") as lines:
            for text in lines:
                line = text.rstrip("\n")
                if part := HELD.match(line):
                    held[part["pid"]] = part["start"]
                    continue
                if part := RESUMED.match(line):
                    line = held.pop(part["pid"]) + part["rest"]
                call = LINE.match(line)
                if call is not None and int(call["answer"]) >= 0:
                    yield from self._act(call)

    def _act(self, call: re.Match[str]) -> Iterator[Act]:
        name, arguments = call["call"], call["arguments"]
        on = ON.match(arguments)
        path = "" if on is None else _plain(on["path"])
        texts = [bytes.fromhex(text.replace("\\x", "")) for text in TEXT.findall(arguments)]
        if name == "write" and arguments.startswith("1<"):
            yield Act("said", content=texts[0])
        elif name in ("write", "pwrite64", "ftruncate", "lseek", "fsync", "fdatasync"):
            if path.startswith(self.root):
                yield from self._content(name, path, arguments, texts, int(call["answer"]))
        elif name == "openat":
            made = _plain(call["path"] or "")
            if made.startswith(self.root):
                self.places[made] = 0
                if "O_CREAT" in arguments:
                    yield Act("create", made, at="O_TRUNC" in arguments)
        else:
            names = [text.decode() for text in texts]
            if names and names[0].startswith(self.root):
                kind = re.sub("at2?$", "", name)
                kind = "rmdir" if "AT_REMOVEDIR" in arguments else kind
                yield Act(kind, names[0], names[-1])

    def _content(
        self, name: str, path: str, arguments: str, texts: list[bytes], answer: int
    ) -> Iterator[Act]:
        if name == "lseek":
            self.places[path] = answer
        elif name == "write":
            at = self.places.get(path, 0)
            self.places[path] = at + answer
            yield Act("write", path, at=at, content=texts[0][:answer])
        elif name == "pwrite64":
            at = int(arguments.rsplit(", ", 1)[1])
            yield Act("write", path, at=at, content=texts[0][:answer])
        elif name == "ftruncate":
            yield Act("cut", path, at=int(arguments.rsplit(", ", 1)[1]))
        else:
            yield Act("sync", path)


def _plain(path: str) -> str:
    """Read a path that strace wrote, in hexadecimal where it does so."""
    if path.startswith("\\x"):
        path = bytes.fromhex(path.replace("\\x", "")).decode()
    return path.removesuffix(" (deleted)")


@dataclass
class _File:
    """A file with what was written since it was synced."""

    synced: bytearray
    waiting: list[Act] = field(default_factory=list)

    def change(self, act: Act) -> None:
        self.waiting.append(act)

    def sync(self) -> None:
        for act in self.waiting:
            _apply(self.synced, act)
        self.waiting = []

    def after_loss(self, chance: random.Random) -> bytes:
        """Keep any part of what waits."""
        content, share = bytearray(self.synced), chance.choice((0.0, 0.5, 0.9, 1.0))
        for act in self.waiting:
            if chance.random() < share:
                _apply(content, _torn(act, chance))
        return bytes(content)


def _torn(act: Act, chance: random.Random) -> Act:
    blocks = len(act.content) // BLOCK
    if blocks < 2 or chance.random() < 0.8:
        return act
    return act._replace(content=act.content[: BLOCK * chance.randrange(blocks)])


def _apply(content: bytearray, act: Act) -> None:
    if act.kind == "cut":
        del content[act.at :]
        content.extend(bytes(act.at - len(content)))
        return
    content.extend(bytes(max(act.at - len(content), 0)))
    content[act.at : act.at + len(act.content)] = act.content


Names = dict[str, _File]


class Disk:
    """The files below a folder as a disk holds them while a program writes."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        self.names: Names = {
            str(path): _File(bytearray(path.read_bytes()))
            for path in folder.rglob("*")
            if path.is_file()
        }
        self.moments: list[tuple[str, Names]] = [("", dict(self.names))]
        self.durable = 0

    def act(self, act: Act) -> None:
        """Take one call."""
        file = self.names.get(act.path)
        if act.kind == "create" and file is None:
            self._name(act.path, _File(bytearray()))
        elif act.kind == "sync" and file is None:  # a folder: its names are safe up to now
            self.durable = len(self.moments) - 1
        elif file is not None:
            self._change(act, file)

    def _change(self, act: Act, file: _File) -> None:
        if act.kind in ("write", "cut"):
            file.change(act)
        elif act.kind == "sync":
            file.sync()
        elif act.kind == "create" and act.at:
            file.change(Act("cut", act.path))
        elif act.kind in ("rename", "link"):
            self._name(act.other, file, gone=act.path if act.kind == "rename" else "")
        elif act.kind == "unlink":
            self._name("", None, gone=act.path)

    def _name(self, path: str, file: _File | None, gone: str = "") -> None:
        if gone:
            del self.names[gone]
        if file is not None:
            self.names[path] = file
        self.moments.append((path, dict(self.names)))

    def lose_power(self, place: Path, chance: random.Random) -> None:
        """Write what the disk may hold now into a folder."""
        _path, names = self.moments[chance.randrange(self.durable, len(self.moments))]
        for name, file in names.items():
            if not name.endswith(SHARED_MEMORY):
                path = place / Path(name).relative_to(self.root)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.after_loss(chance))


def lines_said(acts: list[Act]) -> list[str]:
    """Read what the program had said."""
    said = b"".join(act.content for act in acts if act.kind == "said")
    return os.fsdecode(said).splitlines()
