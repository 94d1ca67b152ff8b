"""Reads KML and KMZ: shared by all formats that are written in them."""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from app.domain.errors import InvalidFile
from app.files.layers import zipped_bytes, zipped_names
from app.files.source import SourceFile


def is_kmz(source: SourceFile) -> bool:
    """Tell whether a file is a zip with a KML document."""
    return bool(_documents(source))


def document(source: SourceFile) -> bytes:
    """Read the KML document, unpacked where it is in a zip."""
    names = _documents(source)
    return zipped_bytes(source, names[0]) if names else source.path.read_bytes()


def unread_documents(source: SourceFile) -> list[str]:
    """List the documents of a KMZ beside the one that is read."""
    return _documents(source)[1:]


def _documents(source: SourceFile) -> list[str]:
    """List the KML documents of a zip, the main one first."""
    names = [name for name in zipped_names(source) if name.lower().endswith(".kml")]
    return sorted(names, key=lambda name: name != "doc.kml")


def parsed(text: bytes, source: SourceFile) -> Element:
    """Parse XML without entities and external files; tags lose their namespace.

    Raises:
        InvalidFile: it is not well-formed (names the line), or it declares an entity.
    """
    builder, parser = TreeBuilder(), expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, attributes: builder.start(_local_name(tag), attributes)
    parser.EndElementHandler = lambda tag: builder.end(_local_name(tag))
    parser.CharacterDataHandler = builder.data

    def refuse(*_declared: object) -> None:
        where = f"XML of {source.name}, line {parser.CurrentLineNumber}"
        raise InvalidFile(where, "an entity declaration", "KML without a DTD")

    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text, True)
    except LookupError as wrong:  # an unknown encoding
        where = f"XML of {source.name}"
        raise InvalidFile(where, str(wrong), "an encoding that exists, such as UTF-8") from wrong
    except expat.ExpatError as wrong:
        where = f"XML of {source.name}, line {wrong.lineno}"
        got = expat.errors.messages[wrong.code]
        raise InvalidFile(where, got, "well-formed XML; nothing of it was repaired") from wrong
    return builder.close()


def _local_name(tag: str) -> str:
    return tag.rpartition(" ")[2]
