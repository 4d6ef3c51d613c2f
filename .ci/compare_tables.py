#!/usr/bin/env python3
"""compare_tables.py BASE OTHER: are two rollups the same?

A rollup is a folder with stages.parquet and runs.parquet, with folders stages/ and runs/ of Parquet files, or with such
folders of shards. The same are: names and order of columns, types, keys, and every value; money as exact decimals, floats to
the last bit, null apart from zero. Row order does not count. Prints what differs, and exits with 1 if anything does.

compare_tables.py --prove BASE: spoils copies of BASE in every way that must be noticed, and exits with 1 if one is not.
"""
import sys
from pathlib import Path

import numpy
import polars as pl

KEYS = {"stages": ["run_id", "stage"], "runs": ["run_id"]}
# What ramptrace adds to its own tables from the footers of traces, which no query sees.
FROM_FOOTERS = ["trace_sha256"]


def files_of(folder, name):
    found = [p for pattern in (f"{name}.parquet", f"{name}/*.parquet", f"shard=*/{name}.parquet") for p in sorted(folder.glob(pattern))]
    if not found:
        raise SystemExit(f"{folder} has no table {name}")
    return found


def read(folder):
    """Both tables; files of one table must agree on its columns."""
    one = lambda path: pl.read_parquet(path, hive_partitioning=False, glob=False)
    whole = lambda name: pl.concat([one(path) for path in files_of(Path(folder), name)], how="vertical")
    return {name: whole(name).drop(FROM_FOOTERS, strict=False) for name in KEYS}


def unlike(a, b):
    """Which values of two columns differ."""
    nulls = (a.is_null() != b.is_null()).to_numpy()
    if a.dtype == pl.Float64:
        bits = lambda column: column.fill_null(0.0).to_numpy().view(numpy.int64)
        return nulls | (bits(a) != bits(b))
    return a.ne_missing(b).to_numpy()


def differences(name, base, other):
    keys = KEYS[name]
    if base.columns != other.columns:
        return [f"columns {other.columns}, expected {base.columns}"]
    found = [f"{c}: type {other[c].dtype}, expected {base[c].dtype}" for c in base.columns if base[c].dtype != other[c].dtype]
    if base.height != other.height:
        found.append(f"{other.height} rows, expected {base.height}")
    twice = other.height - other.select(keys).n_unique() if other.height else 0
    if twice:
        found.append(f"{twice} rows of the same key")
    if found:
        return found
    base, other = base.sort(keys), other.sort(keys)
    for column in base.columns:
        wrong = unlike(base[column], other[column])
        if wrong.any():
            row = int(wrong.argmax())
            where = [base[key][row] for key in keys]
            found.append(f"{column}: {int(wrong.sum())} differ, first at {where}: {other[column][row]!r}, expected {base[column][row]!r}")
    return found


def compare(base, other):
    return [f"{name}: {found}" for name in KEYS for found in differences(name, base[name], other[name])]


def spoiled(table):
    """Copies of a table with one defect each; a defect that the table has no room for is left out, by name."""
    first = lambda column, test: next((i for i, v in enumerate(table[column]) if v is not None and test(v)), None)

    def with_value(column, test, change):
        row = first(column, test)
        if row is None:
            return None
        kept = table[column]
        changed = pl.Series(column, [change(kept[row])], dtype=kept.dtype)
        return table.with_columns(pl.concat([kept[:row], changed, kept[row + 1 :]]).alias(column))

    cent = pl.Series([1], dtype=pl.Int64).cast(pl.Decimal(38, 9))[0] / 100
    yield "a cent more", with_value("cost_usd", lambda v: True, lambda v: v + cent)
    yield "the ninth digit of a cost", with_value("cost_usd", lambda v: True, lambda v: v + cent / 10_000_000)
    integers = [c for c in table.columns if table[c].dtype == pl.Int64]
    zero = next((c for c in integers if first(c, lambda v: v == 0) is not None), integers[0])
    yield "null for a zero", with_value(zero, lambda v: v == 0, lambda v: None)
    yield "zero for a null", None if not table["reported_total_tokens"].null_count() else table.with_columns(pl.col("reported_total_tokens").fill_null(0))
    yield "the last bit of a float", with_value("wall_s", lambda v: True, lambda v: float(numpy.nextafter(v, 2 * v + 1)))
    yield "one token", with_value("input_tokens", lambda v: True, lambda v: v - 1)
    yield "a microsecond", None if first("first_ts", lambda v: True) is None else table.with_columns(pl.col("first_ts") + pl.duration(microseconds=1))
    yield "another id", with_value("run_id", lambda v: True, lambda v: v + " ")
    yield "a missing row", table[1:]
    yield "a row twice", pl.concat([table, table[:1]])
    yield "a row in place of another", pl.concat([table[1:], table[1:2]])
    yield "a missing column", table.drop("agent")
    yield "columns in another order", table.select(sorted(table.columns))
    yield "narrow integers", table.with_columns(pl.col("llm_calls").cast(pl.Int32))
    yield "money as a float", table.with_columns(pl.col("cost_usd").cast(pl.Float64))
    yield "times without a zone", table.with_columns(pl.col("first_ts").dt.replace_time_zone(None))


def prove(base):
    missed = []
    for name, table in base.items():
        if compare(base, base):
            missed.append(f"{name}: a table differs from itself")
        for defect, copy in spoiled(table):
            if copy is None:
                missed.append(f"{name}: this store has no room for: {defect}")
            elif not differences(name, table, copy):
                missed.append(f"{name}: not noticed: {defect}")
    return missed


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if sys.argv[1] == "--prove":
        found = prove(read(sys.argv[2]))
    else:
        found = compare(read(sys.argv[1]), read(sys.argv[2]))
    print("\n".join(found), end="\n" if found else "")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
