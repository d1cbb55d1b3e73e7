"""`heard.logs`: the same answer from one process, from parts, and from the workers of a cluster."""

from __future__ import annotations

import gzip
import itertools
import pathlib
import pickle
import subprocess
import sys
import typing

import pytest

from heard import logs

PROGRAM = """
import asyncio, gc, logging
logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")

async def fetch(page):
    raise LookupError(f"no page {page}")

async def main():
    for page in range(PAGES):
        asyncio.create_task(fetch(page))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gc.collect()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Logs that real programs have left, one of them compressed."""
    folder = tmp_path_factory.mktemp("logs")
    paths = []
    for pages in (1, 2, 3):
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM.replace("PAGES", str(pages))], capture_output=True, check=True, cwd=folder
        )
        path = folder / f"service-{'abc'[pages - 1]}.log"
        if pages == 2:
            path.write_bytes(gzip.compress(run.stderr))
        else:
            path.write_bytes(run.stderr)
        paths.append(str(path))
    return paths


def counts(part: logs.Partial) -> list[tuple[typing.Any, ...]]:
    return [
        (one["kind"], one["coroutine"], one["exception"]["type"], one["count"], one["first"], one["last"])
        for one in part.report()["incidents"]
    ]


def test_a_folder_is_read(files: list[str]) -> None:
    report = logs.scan(pathlib.Path(files[0]).parent).report()
    (incident,) = report["incidents"]
    assert (incident["kind"], incident["coroutine"], incident["count"]) == ("task-failed", "fetch", 6)
    assert incident["exception"]["type"] == "LookupError"
    assert [file["events"] for file in report["files"]] == [1, 2, 3]


def test_parts_merge_in_any_order(files: list[str]) -> None:
    whole = logs.scan(*files)
    parts = [pickle.loads(pickle.dumps(logs.scan(path))) for path in files]
    for order in itertools.permutations(parts):
        assert logs.merge(*order).report() == whole.report()
    assert logs.merge(logs.merge(parts[0], parts[1]), parts[2]).report() == whole.report()


def test_errors_say_what_to_do(tmp_path: pathlib.Path) -> None:
    with pytest.raises(OSError, match="no such file"):
        logs.scan(tmp_path / "missing.log")
    with pytest.raises(ValueError, match="not a time"):
        logs.scan(tmp_path, since="yesterday")
    with pytest.raises(ValueError, match="is not a partial result"):
        logs.merge(logs.Partial("{}"))


def test_workers_of_dask(files: list[str]) -> None:
    distributed = pytest.importorskip("distributed", reason="dask's distributed is not installed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            parts = client.gather(client.map(logs.scan, files, pure=False))
    assert counts(logs.merge(*parts)) == counts(logs.scan(*files))


def test_local_mode_of_spark(files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    # Its workers are started with the `python3` of the PATH otherwise.
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    try:
        session = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    except Exception as error:  # Without Java there is no Spark.
        pytest.skip(f"Spark does not start: {str(error).splitlines()[0]}")
    try:
        texts = session.sparkContext.parallelize(files, 2).map(lambda path: logs.scan(path).json).collect()
    finally:
        session.stop()
    assert counts(logs.merge(*map(logs.Partial, texts))) == counts(logs.scan(*files))
