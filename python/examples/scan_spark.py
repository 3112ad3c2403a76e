"""Scans a table of repositories with Spark: python scan_spark.py FILES.parquet FINDINGS

FILES has the columns repository, path and text. The findings go into the folder FINDINGS as Parquet.
"""

import sys
from collections.abc import Iterator

import plimsoll_arrow
import pyarrow
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema


def scan(files: DataFrame) -> DataFrame:
    """Returns the findings. All files of a repository come to one task, since they are one project."""
    return files.repartition("repository").mapInArrow(findings_of, from_arrow_schema(plimsoll_arrow.findings_schema()))


def findings_of(batches: Iterator[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
    """Analyses the repositories of one partition. Spark runs a task on each core, so that each has one thread."""
    files = list(batches)
    if files:
        yield from plimsoll_arrow.analyze(pyarrow.Table.from_batches(files), threads=1).to_batches()


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    spark = SparkSession.builder.appName("plimsoll").getOrCreate()
    scan(spark.read.parquet(sys.argv[1])).write.mode("overwrite").parquet(sys.argv[2], compression="zstd")
    found = spark.read.parquet(sys.argv[2])
    for severity, count in sorted(found.groupBy("severity").count().collect()):
        print(f"{severity}: {count}")
    spark.stop()


if __name__ == "__main__":
    main()
