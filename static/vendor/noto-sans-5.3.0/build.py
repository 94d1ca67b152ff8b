"""Rebuild the two Noto Sans TTFs: `python build.py FOLDER`, the folder keeps the fetched package.

Needs fontTools and Pillow, pinned in `geodata/requirements-build.txt`.
"""  # noqa: INP001 - a folder of static files, not a package

import argparse
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from fontTools.merge import Merger, Options
from fontTools.ttLib import TTFont
from PIL import ImageFont

HERE = Path(__file__).parent
PACKAGE, VERSION = "@fontsource/noto-sans", "5.3.0"
ARCHIVE = "fontsource-noto-sans-5.3.0.tgz"
SHA512 = (
    "7c10a88363d8ec3895553104aad23f41d8a7c7f927a1b1d87e81a98c55dd7c15"
    "f946825a069d4faf0d86ef9a74388b1d94c660ddc2e8d1cf986c85183b19d027"
)
# The first subset gives the metrics, the names and .notdef.
SUBSETS = ("latin", "latin-ext", "cyrillic", "cyrillic-ext")
WEIGHTS = {400: "NotoSans-Regular.ttf", 700: "NotoSans-Bold.ttf"}
MAX_BYTES = 400_000
SAMPLE = "Дніпропетровська область ґєії ҐЄІЇ\u2019\u02bc №₴ Kyiv 1,234 \u2013 Łódź Čačak"


def fetched(folder: Path) -> Path:
    """Return the package's archive, fetching it only when it is not there yet."""
    path = folder / ARCHIVE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "pack", f"{PACKAGE}@{VERSION}"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603 - constants only
    found = hashlib.sha512(path.read_bytes()).hexdigest()
    if found != SHA512:
        message = f"{ARCHIVE}: sha512 is {found}, expected {SHA512}"
        raise ValueError(message)
    return path


def merged(archive: Path, weight: int) -> TTFont:
    """Join the subsets of one weight into one font, without the web compression."""
    with tempfile.TemporaryDirectory() as folder, tarfile.open(archive) as tarball:
        paths = []
        for subset in SUBSETS:
            name = f"package/files/noto-sans-{subset}-{weight}-normal.woff2"
            source = tarball.extractfile(name)
            if source is None:
                message = f"{ARCHIVE}: {name} is not a file"
                raise ValueError(message)
            # Without recalcTimestamp=False the date of the build would be in the file.
            font = TTFont(io.BytesIO(source.read()), recalcTimestamp=False)
            font.flavor = None
            path = Path(folder) / f"{subset}.ttf"
            font.save(path)
            paths.append(str(path))
        font = Merger(Options(drop_tables=["STAT", "DSIG"])).merge(paths)
        font.recalcTimestamp = False
        with TTFont(paths[0]) as first:
            font["head"].modified = first["head"].modified
            font["head"].created = first["head"].created
        return font


def check(path: Path) -> None:
    """Stop when the font is too big or lacks a letter of the sample, or draws one as .notdef.

    Raises:
        ValueError: With the file and what is wrong with it.
    """
    letters = set(SAMPLE)
    missing = sorted(letter for letter in letters if ord(letter) not in TTFont(path).getBestCmap())
    font = ImageFont.truetype(path, 32)
    notdef = bytes(font.getmask("\U000e0001"))
    missing += [x for x in letters if x != " " and bytes(font.getmask(x)) == notdef]
    if missing or path.stat().st_size > MAX_BYTES:
        message = f"{path.name}: {path.stat().st_size} bytes, without {missing}"
        raise ValueError(message)


def main() -> None:
    """Build and check both weights beside this script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archives", type=Path, help="folder to keep the fetched package in")
    archive = fetched(parser.parse_args().archives)
    for weight, name in WEIGHTS.items():
        merged(archive, weight).save(HERE / name)
        check(HERE / name)
        sys.stdout.write(f"{name} {(HERE / name).stat().st_size}\n")
    with tarfile.open(archive) as tarball:
        licence = tarball.extractfile("package/LICENSE")
        (HERE / "OFL.txt").write_bytes(licence.read() if licence else b"")


if __name__ == "__main__":
    main()
