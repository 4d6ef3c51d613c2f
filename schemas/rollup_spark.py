#!/usr/bin/env python3
"""The rollup of ramptrace on Spark: traces in, the tables `stages` and `runs` out, as folders of Parquet.

    spark-submit --master spark://host:7077 schemas/rollup_spark.py --events s3a://bucket/store -o s3a://bucket/rollup
    python3 schemas/rollup_spark.py --remote sc://host:15002 --events s3a://bucket/store -o s3a://bucket/rollup

It needs PySpark and the files beside it, and no ramptrace. With --remote it talks to a Spark Connect server, as
`ramptrace rollup --remote` does, and `pyspark-client` is enough. Paths are as the engine sees them, so they are URLs or
begin with a slash. The folders stages, runs and _stage_rows below -o are replaced; the last holds what both tables are made
of, so that events are read once, and can be deleted afterwards.
"""
import argparse
import sys
from pathlib import Path

# The same as in src/rollup/remote.rs: a sum that does not fit is an error, a file that cannot be read is an error, times
# are UTC microseconds, whatever the defaults of the cluster.
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}
# The first run that has more rows than numbers for them.
TWICE = """SELECT MIN(run_id) FROM
    (SELECT run_id FROM stage_rows GROUP BY run_id HAVING SUM(events) > MAX(last_seq) + 1) AS twice"""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", required=True, metavar="URL", help="the store, a folder of traces")
    parser.add_argument("-o", "--out", required=True, metavar="URL", help="where the tables are written")
    parser.add_argument("--remote", metavar="sc://HOST:PORT", help="a Spark Connect server; without it, the master of spark-submit")
    given = parser.parse_args()
    given.events, given.out = given.events.rstrip("/"), given.out.rstrip("/")
    for place in (given.events, given.out):
        if not place.startswith(("/", "file:/")) and "://" not in place:
            parser.error(f"`{place}` is neither a URL nor a whole path")
    plain = lambda place: place.removeprefix("file:").lstrip("/") + "/"
    tables = tuple(plain(f"{given.out}/{table}") for table in ("_stage_rows", "stages", "runs"))
    if plain(given.out).startswith(plain(given.events)) or plain(given.events).startswith(tables):
        parser.error(f"the tables would be written among the events: {given.out}")
    return given


def roll_up(spark, events, out):
    """Writes both tables and gives their numbers of rows."""
    beside = Path(__file__).resolve().parent
    text = lambda name: (beside / name).read_text(encoding="utf-8")

    def write(query, table):
        spark.sql(query).write.mode("overwrite").option("compression", "zstd").parquet(f"{out}/{table}")

    def written(table):
        rows = spark.read.parquet(f"{out}/{table}")
        # Some engines write no file for a table without rows, and find nothing wrong with a path where nothing is.
        if not rows.columns:
            sys.exit(f"error: the engine had no rows to write to {out}/{table}\nhint: are there traces below {events}?")
        return rows

    for key, value in SETTINGS.items():
        spark.conf.set(key, value)
    # Every Parquet file below the folder, however it is partitioned: the folders repeat columns of the files.
    reader = spark.read.option("recursiveFileLookup", "true").option("pathGlobFilter", "*.parquet")
    reader.schema(text("events_spark.ddl")).parquet(events).createOrReplaceTempView("events")
    write(text("rollup.sql"), "_stage_rows")
    written("_stage_rows").createOrReplaceTempView("stage_rows")
    # An engine reads every file, also a copy of a trace, which ramptrace reads once.
    twice = spark.sql(TWICE).collect()[0][0]
    if twice is not None:
        sys.exit(f"error: the store holds run {twice} more than once\nhint: `ramptrace store compact` leaves one copy of each run below {events}")
    spark.sql(text("rollup_runs.sql")).createOrReplaceTempView("run_rows")
    write(text("stages_view.sql"), "stages")
    write(text("runs_view.sql"), "runs")
    return written("stages").count(), written("runs").count()


def main():
    given = arguments()
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    builder = SparkSession.builder
    spark = (builder.remote(given.remote) if given.remote else builder.appName("ramptrace rollup")).getOrCreate()
    try:
        stages, runs = roll_up(spark, given.events, given.out)
    except PySparkException as error:
        said = str(error).strip().splitlines() or ["it does not say why"]
        sys.exit(f"error: the engine cannot roll the events up: {said[0]}")
    finally:
        spark.stop()
    print(f"wrote {given.out}/stages ({stages} rows) and {given.out}/runs ({runs} rows)", file=sys.stderr)


if __name__ == "__main__":
    main()
