"""Opens our exports in LibreOffice and R, and prints what they read.

apt-get install libreoffice-calc-nogui r-cran-sf
python -m tools.office_reads http://127.0.0.1:8000 "theatre=example&synthetic=1"
"""

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

R_READS = """
suppressMessages(library(sf)); a <- commandArgs(TRUE)
file <- st_read(a[1], layer = "incidents", quiet = TRUE)
service <- st_read(a[2], layer = "incidents", quiet = TRUE)
cat(nrow(file), sum(file$killed_low, na.rm = TRUE), class(file$killed_low), "\\n")
cat(nrow(service), sum(service$killed_low, na.rm = TRUE), st_crs(service)$input, "\\n")
cat("sf", as.character(packageVersion("sf")), R.version.string, "\\n")
"""


def run(*words: str) -> str:
    """Run a program to its end, and return what it printed."""
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603  fixed programs


def sheet_of(path: Path) -> list[dict[str, str]]:
    """Let LibreOffice open a file and write its first sheet as CSV; read that."""
    folder = path.parent / "read"
    run(
        *("soffice", "--headless", f"-env:UserInstallation=file://{path.parent}/profile"),
        *("--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76", "--outdir", str(folder)),
        str(path),
    )
    with (folder / f"{path.stem}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    """Read each export, and compare its toll with the service's own sum."""
    address, view = sys.argv[1].rstrip("/"), sys.argv[2]
    with httpx.Client(base_url=address, timeout=120) as client, tempfile.TemporaryDirectory() as at:
        folder = Path(at)
        totals = client.get(f"/api/summary?{view}").raise_for_status().json()["totals"]
        print(
            "service:", totals["incidents"], "incidents, killed at least", totals["killed"]["low"]
        )
        for form in ("xlsx", "csv", "gpkg"):
            path = folder / f"{form}-export.{form}"
            path.write_bytes(client.get(f"/api/export.{form}?{view}").raise_for_status().content)
            if form != "gpkg":
                rows = sheet_of(path)
                killed = sum(int(row["killed_low"]) for row in rows if row["killed_low"])
                places = " ".join(sorted({row["place"] for row in rows if row.get("place")})[:2])
                print(f"LibreOffice, {form}: {len(rows)} rows, killed {killed}; {places}")
        print(run("soffice", "--version"))
        source = f"OAPIF:{address}/api?{view}&flat=true"
        script = folder / "reads.R"
        script.write_text(R_READS, "utf-8")
        print(run("Rscript", str(script), str(folder / "gpkg-export.gpkg"), source))


if __name__ == "__main__":
    main()
