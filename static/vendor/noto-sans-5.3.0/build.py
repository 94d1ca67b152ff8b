"""Rebuild the Noto Sans TTFs: `python build.py FOLDER`, the folder keeps the fetched packages.

Needs fontTools and Pillow, pinned in `geodata/requirements-build.txt`.
"""  # noqa: INP001 - a folder of static files, not a package

import argparse
import hashlib
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from fontTools.subset import Options as SubsetOptions, Subsetter
from fontTools.merge import Merger, Options
from fontTools.ttLib import TTFont
from PIL import ImageFont

HERE = Path(__file__).parent
VERSION = "5.3.0"
# The first subset of the first package gives the metrics, the names and .notdef.
PACKAGES = {
    "noto-sans": (
        ("latin", "latin-ext", "cyrillic", "cyrillic-ext"),
        "7c10a88363d8ec3895553104aad23f41d8a7c7f927a1b1d87e81a98c55dd7c15"
        "f946825a069d4faf0d86ef9a74388b1d94c660ddc2e8d1cf986c85183b19d027",
    ),
    "noto-sans-arabic": (
        ("arabic",),
        "8b7b7a191d0b3917b2255124f987d80a7c6fe77c2e21e960ed8f4d18dbceab80"
        "e2abf10fd18b336865e44307d036280b8df3b83ceacb68f18cd2c365886624ec",
    ),
    "noto-sans-hebrew": (
        ("hebrew",),
        "ee8c2dceec3d0fe8a9b7483c99c0463a6ecc4bf9affd110ab234b01147bbe3d5"
        "14b2b9c6e784d29aeb0d9fba31bf61b16d43910330032d0f2081db6dee82a4a6",
    ),
}
# Of East Asia, the first package that has a letter draws it.
EAST_ASIAN = {
    "noto-sans-sc": (
        ("chinese-simplified",),
        "1dea889469b4fa884e2b164bb878f5a96eabe9abc71f439674a11101c4832344"
        "50f8c5ebb5eb8b280f8cfb978e03cad8cb4305bce479013d1f428dab524c9ed1",
    ),
    "noto-sans-tc": (
        ("chinese-traditional",),
        "fb4320b951f6bc8c645492e268c1d528793ec8966666f314f5df33f3c25d531f"
        "02d8280c2ceb66ed6365a22dc7625bc2372ed3a6ebe3214be1e62886a7a20dc5",
    ),
    "noto-sans-jp": (
        ("japanese",),
        "3996c1cd9f0bac546cd91153d827341d45760b665e49fc845e10c9591d0466e6"
        "5aada25f46e6e9beb1665270a58ee043124c3c567e8213ffa77fd763f5bfb496",
    ),
    "noto-sans-kr": (
        ("korean",),
        "fc99e94e36823975bbc54a2a3b2095612af4e553a40f2e5895af4ef96004892e"
        "eefb260bb261e8aa3eafd56d1b7fdd46f06dd7036f8d9d14b7097d937ff15566",
    ),
}
# The letters of each language in daily use and in names, by the first bytes of its old encoding.
IN_USE = (("gb2312", 0xB0, 0xF7), ("big5", 0xA4, 0xC6), ("euc_jp", 0xA4, 0xCF), ("euc_kr", 0xB0, 0xC8))
MARKS = "、。〈〉《》「」『』【】〔〕〜・ー々〇！（），．：；？～"
CJK, CJK_MAX_BYTES = "NotoSansCJK-Regular.ttf", 3_300_000
CJK_SAMPLE = "北京 重庆 泸州 臺灣 東京 大阪府 ひらがな カタカナ 서울 평양 基輔 喀土穆"
WEIGHTS = {400: "NotoSans-Regular.ttf", 700: "NotoSans-Bold.ttf"}
HEIGHTS = re.compile("(?i)ascen|descen|lineGap")
MAX_BYTES = 460_000
SAMPLE = "Дніпропетровська область ґєії ҐЄІЇ\u2019\u02bc №₴ Kyiv 1,234 \u2013 Łódź Čačak الخرطوم غزة ירושלים"


def fetched(folder: Path, package: str, sha512: str) -> Path:
    """Return a package's archive, fetching it only when it is not there yet."""
    path = folder / f"fontsource-{package}-{VERSION}.tgz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "pack", f"@fontsource/{package}@{VERSION}"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603 - constants only
    found = hashlib.sha512(path.read_bytes()).hexdigest()
    if found != sha512:
        message = f"{path.name}: sha512 is {found}, expected {sha512}"
        raise ValueError(message)
    return path


def merged(archives: Mapping[str, Path], weight: int) -> TTFont:
    """Join the subsets of one weight into one font, without the web compression."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [
            str(unpacked(archive, package, subset, weight, Path(folder)))
            for package, archive in archives.items()
            for subset in PACKAGES[package][0]
        ]
        font = Merger(Options(drop_tables=["STAT", "DSIG"])).merge(paths)
        font.recalcTimestamp = False
        with TTFont(paths[0]) as first:
            font["head"].modified = first["head"].modified
            font["head"].created = first["head"].created
            # Lines keep their height: Arabic and Hebrew letters fit into that of Latin ones.
            for name in ("hhea", "OS/2"):
                heights = [key for key in vars(first[name]) if HEIGHTS.search(key)]
                for key in heights:
                    setattr(font[name], key, getattr(first[name], key))
        return font


def unpacked(archive: Path, package: str, subset: str, weight: int, folder: Path) -> Path:
    """Write one subset of a weight as TTF."""
    name = f"package/files/{package}-{subset}-{weight}-normal.woff2"
    with tarfile.open(archive) as tarball:
        source = tarball.extractfile(name)
        if source is None:
            message = f"{archive.name}: {name} is not a file"
            raise ValueError(message)
        # Without recalcTimestamp=False the date of the build would be in the file.
        font = TTFont(io.BytesIO(source.read()), recalcTimestamp=False)
    font.flavor = None
    path = folder / f"{package}-{subset}.ttf"
    font.save(path)
    return path


def letters_in_use() -> set[str]:
    """List the letters of Chinese, Japanese and Korean that the font is to have."""
    letters = set(MARKS)
    for encoding, first, last in IN_USE:
        for high in range(first, last + 1):
            for low in range(0x40, 0xFF):
                text = bytes((high, low)).decode(encoding, "ignore")
                letters |= {letter for letter in text if ord(letter) > 0x2FFF}
    return letters


def east_asian(archives: Mapping[str, Path]) -> TTFont:
    """Join the letters in use of Chinese, Japanese and Korean into one font of weight 400."""
    wanted = {ord(letter) for letter in letters_in_use()}
    options = SubsetOptions(
        layout_features=[], hinting=False, drop_tables=["vhea", "vmtx", "VORG", "GSUB", "GPOS"]
    )
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for package, archive in archives.items():
            path = unpacked(archive, package, EAST_ASIAN[package][0][0], 400, Path(folder))
            font = TTFont(path, recalcTimestamp=False)
            has = wanted & set(font.getBestCmap())
            wanted -= has
            cutter = Subsetter(options)
            cutter.populate(unicodes=has)
            cutter.subset(font)
            font.save(path)
            paths.append(str(path))
        font = Merger(Options(drop_tables=["STAT", "DSIG"])).merge(paths)
        font.recalcTimestamp = False
        with TTFont(paths[0]) as first:
            font["head"].modified = first["head"].modified
            font["head"].created = first["head"].created
        return font


def check(path: Path, sample: str = SAMPLE, most_bytes: int = MAX_BYTES) -> None:
    """Stop when the font is too big or lacks a letter of the sample, or draws one as .notdef.

    Raises:
        ValueError: With the file and what is wrong with it.
    """
    letters = set(sample) - {" "}
    missing = sorted(letter for letter in letters if ord(letter) not in TTFont(path).getBestCmap())
    font = ImageFont.truetype(path, 32)
    notdef = bytes(font.getmask("\ue000"))
    missing += [x for x in letters if bytes(font.getmask(x)) == notdef]
    if missing or path.stat().st_size > most_bytes:
        message = f"{path.name}: {path.stat().st_size} bytes, without {missing}"
        raise ValueError(message)


def main() -> None:
    """Build and check the fonts beside this script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archives", type=Path, help="folder to keep the fetched package in")
    folder = parser.parse_args().archives
    archives = {name: fetched(folder, name, sha512) for name, (_, sha512) in PACKAGES.items()}
    for weight, name in WEIGHTS.items():
        merged(archives, weight).save(HERE / name)
        check(HERE / name)
        sys.stdout.write(f"{name} {(HERE / name).stat().st_size}\n")
    archives_cjk = {name: fetched(folder, name, sha512) for name, (_, sha512) in EAST_ASIAN.items()}
    east_asian(archives_cjk).save(HERE / CJK)
    check(HERE / CJK, CJK_SAMPLE, CJK_MAX_BYTES)
    sys.stdout.write(f"{CJK} {(HERE / CJK).stat().st_size}\n")
    with tarfile.open(archives["noto-sans"]) as tarball:
        licence = tarball.extractfile("package/LICENSE")
        (HERE / "OFL.txt").write_bytes(licence.read() if licence else b"")


if __name__ == "__main__":
    main()
