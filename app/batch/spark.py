"""Apache Spark, which gives Arrow batches of a lake to many machines (extra `spark`)."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from app.batch import functions
from app.batch.engine import LakeTables, imported
from app.domain.errors import InputError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

LOCAL, STANDALONE = "local", "spark://"
ANSWER_S = 5.0
"""How long a master may take to answer before Spark itself is started."""

ROWS_OF = {
    "attribute": "dataset string, id string, level bigint, region string",
    "ground": "dataset string, id string, source string, valid_on date, controller string",
    "pyramid": "z bigint, x bigint, y bigint, dataset string, incidents bigint, killed_low bigint",
}
SETTINGS: Mapping[str, str] = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "50000",
    "spark.sql.parquet.compression.codec": "zstd",
}
HERE = {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
"""Without a cluster, Spark listens to this machine only."""


class SparkBatch:
    """Spark at a master: `local[N]` is this machine alone, `spark://…` a cluster.

    A cluster's Python has pyarrow, NumPy and shapely, and sees the folders of the lake and of the
    answer under the paths that they have here.
    """

    def __init__(self, master: str) -> None:
        """Make sure that Spark can be used and that the master answers.

        Raises:
            InputError: what is missing, in one sentence.
        """
        imported("pyspark", "spark", "spark")
        if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
            raise InputError("engine", "spark", "where Java 17 or later is installed (`java`)")
        if master.startswith(STANDALONE) and not any(map(_answers, _hosts(master))):
            raise InputError("--master", master, "a Spark master that answers within 5 seconds")
        self._master = master

    def run(self, job: str, tables: LakeTables, out: Path, last_zoom: int) -> int:
        """Run a job; the answer is a folder of Parquet files, written by those that computed it."""
        with self._session() as spark:
            paths = _absolute(tables["incidents"])
            incidents = spark.read.parquet(*(f"file://{path}" for path in paths)).select(
                *functions.COLUMNS_OF[job]
            )
            rows = _rows(incidents, job, tables, last_zoom)
            rows.write.parquet(f"file://{out.absolute()}")
        return sum(pq.read_metadata(part).num_rows for part in out.glob("part-*.parquet"))

    @contextlib.contextmanager
    def _session(self) -> Iterator[SparkSession]:
        from py4j.protocol import Py4JError  # noqa: PLC0415  of the extra `spark`
        from pyspark.errors import PySparkException  # noqa: PLC0415
        from pyspark.sql import SparkSession  # noqa: PLC0415

        if self._master.startswith(LOCAL):
            os.environ.update(HERE | os.environ)
        builder = SparkSession.builder.master(self._master).appName("strikemap batch")
        for name, value in SETTINGS.items():
            builder = builder.config(name, value)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of pandas, which is not used here
            try:
                spark = builder.getOrCreate()
            except (PySparkException, Py4JError) as wrong:
                allowed = "a Spark master that takes applications; Spark gave up waiting for it"
                raise InputError("--master", self._master, allowed) from wrong
            try:
                yield spark
            except (PySparkException, Py4JError) as wrong:
                lines = [line for line in str(wrong).splitlines() if line.strip()]
                allowed = "what Spark can run at this master; its own lines above say more"
                raise InputError("batch", " ".join(lines[:2])[:300], allowed) from wrong
            finally:
                spark.stop()


def _rows(incidents: DataFrame, job: str, tables: LakeTables, last_zoom: int) -> DataFrame:
    """Apply a job's function to the incidents, batch by batch."""
    from pyspark import cloudpickle  # noqa: PLC0415  of the extra `spark`
    from pyspark.sql.functions import sum as total  # noqa: PLC0415

    # So that no worker needs our package.
    cloudpickle.register_pickle_by_value(functions)  # type: ignore[no-untyped-call]
    if job == "pyramid":
        parts = incidents.mapInArrow(partial(functions.pyramid, last_zoom=last_zoom), ROWS_OF[job])
        sums = [total(name).alias(name) for name in ("incidents", "killed_low")]
        return parts.groupBy(*functions.TILE).agg(*sums)
    if job == "attribute":
        paths = _absolute(tables["regions"])
        return incidents.mapInArrow(partial(functions.attribute, regions=paths), ROWS_OF[job])
    paths = _absolute(tables["control"])
    return incidents.mapInArrow(partial(functions.ground, control=paths), ROWS_OF[job])


def _absolute(paths: Sequence[str]) -> list[str]:
    return [str(Path(path).absolute()) for path in paths]


def _hosts(master: str) -> list[tuple[str, int]]:
    """Read the hosts of `spark://HOST:PORT[,HOST:PORT]`.

    Raises:
        InputError: a part is no host with a port.
    """
    hosts = []
    for part in master.removeprefix(STANDALONE).split(","):
        host, _, port = part.rpartition(":")
        if not (host and port.isdecimal() and int(port) < 1 << 16):
            raise InputError("--master", master, "spark://HOST:PORT, local[N] or local[*]")
        hosts.append((host, int(port)))
    return hosts


def _answers(host: tuple[str, int]) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(host, ANSWER_S):
        return True
    return False
