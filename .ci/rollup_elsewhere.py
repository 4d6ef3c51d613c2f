#!/usr/bin/env python3
"""rollup_elsewhere.py duckdb|polars EVENTS OUT: the rollup by the files of schemas/ alone, without ramptrace.

EVENTS is a folder of traces, OUT gets stages.parquet and runs.parquet.
"""
import re
import sys
from pathlib import Path

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"


def text(name):
    return (SCHEMAS / name).read_text(encoding="utf-8")


def by_duckdb(files, out):
    import duckdb

    engine = duckdb.connect()
    engine.execute("SET TimeZone = 'UTC'")
    columns = text("events_spark.ddl").replace("TIMESTAMP", "TIMESTAMPTZ")
    engine.execute(f"CREATE TABLE nothing ({columns})")
    if files:
        engine.execute("CREATE TABLE files AS SELECT unnest(?) AS name", [files])
        engine.execute("SET VARIABLE files = (SELECT list(name) FROM files)")
        engine.execute(
            "CREATE VIEW events AS SELECT * FROM read_parquet(getvariable('files'), hive_partitioning = false, union_by_name = true)"
        )
    else:
        engine.execute("CREATE VIEW events AS SELECT * FROM nothing")
    engine.execute(f"CREATE TABLE stage_rows AS {text('rollup.sql')}")
    engine.execute(f"CREATE TABLE run_rows AS {text('rollup_runs.sql')}")
    for name in ("stages", "runs"):
        engine.execute(f"COPY ({text(f'{name}_view.sql')}) TO '{out / name}.parquet' (FORMAT parquet, COMPRESSION zstd)")


def by_polars(files, out):
    import polars as pl

    types = {"STRING": pl.String, "BIGINT": pl.Int64, "DOUBLE": pl.Float64, "BOOLEAN": pl.Boolean}
    types |= {"DECIMAL(18, 9)": pl.Decimal(18, 9), "TIMESTAMP": pl.Datetime("us", "UTC")}
    columns = re.findall(r"(\w+) ([^,(]+(?:\([^)]*\))?)", text("events_spark.ddl"))
    schema = {name: types[ty.strip()] for name, ty in columns}
    if files:
        events = pl.scan_parquet(files, hive_partitioning=False, glob=False, schema=schema, missing_columns="insert", extra_columns="ignore")
    else:
        events = pl.LazyFrame(schema=schema)
    run = lambda query, **views: pl.SQLContext(views).execute(query).collect(engine="streaming")
    stage_rows = run(text("rollup.sql"), events=events)
    run_rows = run(text("rollup_runs.sql"), stage_rows=stage_rows.lazy())
    run(text("stages_view.sql"), stage_rows=stage_rows.lazy()).write_parquet(out / "stages.parquet")
    run(text("runs_view.sql"), run_rows=run_rows.lazy()).write_parquet(out / "runs.parquet")


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("duckdb", "polars"):
        sys.exit(__doc__)
    events, out = Path(sys.argv[2]), Path(sys.argv[3])
    files = sorted(str(path) for path in events.rglob("*.parquet") if not path.name.startswith("."))
    out.mkdir(parents=True, exist_ok=True)
    (by_duckdb if sys.argv[1] == "duckdb" else by_polars)(files, out)


if __name__ == "__main__":
    main()
