"""One table of options of an import: the command, the API and the form list it in the same text."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import Annotated, Any

import pytest
import typer
import typer.main
from jinja2 import Environment, FileSystemLoader
from typer.testing import CliRunner

from app.api import params
from app.api.import_options import file_parts, form_body, form_fields, query_parameters
from app.cli.import_options import with_import_options
from app.cli.program import load
from app.domain.errors import InputError
from app.i18n import LANGUAGES, strings
from app.intake.options import ImportOptions, Option, OptionKind, ShownIn, options_of
from tests.making import ROOT
from tests.serving import Service
from tests.support import NOW

TODAY = NOW.date()


class Extended(ImportOptions, frozen=True, kw_only=True):
    """The table with one more row."""

    weather: Annotated[str | None, Option()] = None


def texts(face: ShownIn, table: type[ImportOptions] = ImportOptions) -> dict[str, str]:
    return {option.name: option.text("en") for option in options_of(table, face)}


def of_command(command: Any, *own: str) -> dict[str, str]:
    """Read the help of a command's options, without its own ones."""
    listed = {one.name: one.help for one in command.params if hasattr(one, "help")}
    return {name: text.removesuffix(".") for name, text in listed.items() if name not in own}


def of_document(parameters: list[dict[str, Any]], body: dict[str, Any]) -> dict[str, str]:
    """Read the descriptions of an address's parameters and of the parts beside its file."""
    parts = dict(body["content"]["multipart/form-data"]["schema"]["properties"])
    assert parts.pop("file") == {"type": "string", "format": "binary"}
    found = {one["name"]: one["description"] for one in parameters}
    return found | {name: one["description"] for name, one in parts.items()}


def of_page(html: str) -> dict[str, str]:
    """Read the labels of a form's fields by name."""
    form = html.partition('<form id="upload"')[2].partition("</form>")[0]
    labels = {}
    for label in re.findall(r"<label.*?</label>", form, re.DOTALL):
        if name := re.search(r'name="(\w+)"|id="saved"', label):
            text = re.sub(r"<select.*</select>|<[^>]+>", "", label, flags=re.DOTALL)
            labels[name[1] or "mapping"] = unescape(" ".join(text.split()))
    return labels


def page(lang: str, table: type[ImportOptions] = ImportOptions) -> dict[str, str]:
    """Render the form alone."""
    folder = FileSystemLoader(ROOT / "app/api/templates")
    template = Environment(loader=folder, autoescape=True).get_template("import.html")
    values = {"words": strings(lang), "lang": lang, "choices": {}, "block": ""}
    return of_page(template.render(**values, **form_fields(table)))


def test_the_command_lists_the_table() -> None:
    command = load("import")
    assert of_command(command, "files", "add_theatre", "json") == texts(ShownIn.command)
    options = {one.name: one.opts for one in command.params if one.name not in ("files", "help")}
    assert options["accept_shrink"] == ["--accept-shrink"]
    assert options["format"] == ["--format"]


def test_the_api_lists_the_table(service: Service) -> None:
    address = service.client.get("/api/openapi.json").json()["paths"]["/api/imports"]["post"]
    assert of_document(address["parameters"], address["requestBody"]) == texts(ShownIn.http)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_form_lists_the_table_in_each_language(service: Service, lang: str) -> None:
    labels = of_page(service.client.get(f"/import?theatre=example&lang={lang}").text)
    expected = {one.name: " ".join(one.text(lang).split()) for one in options_of(face=ShownIn.form)}
    assert labels == page(lang) == expected


def test_only_the_dry_run_is_not_in_the_form() -> None:
    every = {option.name for option in options_of()}
    assert every == texts(ShownIn.command).keys() == texts(ShownIn.http).keys()
    assert every - texts(ShownIn.form).keys() == {"dry_run"}


def test_a_new_row_of_the_table_is_offered_everywhere_with_its_text() -> None:
    own = typer.Typer(add_completion=False)
    values: dict[str, object] = {}

    @own.command()
    @with_import_options(Extended)
    def bring(name: str, **options: object) -> None:
        values.update(options, named=name)

    text = "weather"
    command = typer.main.get_command(own)
    assert of_command(command, "name")["weather"] == text
    assert of_command(command, "name") == texts(ShownIn.command, Extended)
    parameters = [
        {"name": name, "description": about}
        for name, (_reader, about, _schema) in query_parameters(Extended).items()
    ]
    body = form_body(file_parts(Extended))
    assert of_document(parameters, body) == texts(ShownIn.http, Extended)
    assert page("en", Extended)["weather"] == text
    assert page("uk", Extended)["weather"] == "weather"

    done = CliRunner().invoke(own, ["file", "--weather", "fog", "--synthetic"])
    assert done.exit_code == 0, done.output
    assert values.pop("named") == "file"
    read = Extended.parse(values, TODAY)
    assert (read.weather, read.synthetic, read.format) == ("fog", True, "auto")


def test_each_kind_is_read_and_described_as_such() -> None:
    parameters = query_parameters()
    assert parameters["synthetic"][0] is params.read_flag
    assert parameters["accessed"][2] == {"type": "string", "format": "date"}
    assert "internal" in parameters["terms"][2]["enum"]
    kinds = {option.name: option.kind for option in options_of()}
    assert kinds["mapping"] is OptionKind.file
    assert kinds["title"] is OptionKind.text


def test_every_option_has_a_text_in_both_languages_and_no_full_stop() -> None:
    # The working pages are in these two; in other languages they are in English.
    found = [option.text(lang) for option in options_of() for lang in ("en", "uk")]
    assert [text for text in found if not text or text.endswith(".")] == []
    assert len(set(found)) == len(found)


def test_options_are_read_from_text() -> None:
    read = ImportOptions.parse({"accessed": "2024-03-10", "title": None, "format": "cir"}, TODAY)
    assert read == ImportOptions(accessed=date(2024, 3, 10), format="cir")
    with pytest.raises(InputError, match="accessed: got '2099-01-01', allowed: a day up to today"):
        ImportOptions.parse({"accessed": "2099-01-01"}, TODAY)


def test_a_mapping_names_its_format_unless_another_is_stated() -> None:
    saved = b'version = 1\nformat = "vector_points"\ndates = "ymd"\nhas_points = true\n'
    saved += b'[columns]\n"a" = "start"\n[constants]\nprecision = "settlement"\n'
    assert ImportOptions.parse({"mapping": saved}, TODAY).format_name == "vector_points"
    assert ImportOptions.parse({"mapping": saved, "format": "cir"}, TODAY).format_name == "cir"
    assert ImportOptions().format_name == "auto"
