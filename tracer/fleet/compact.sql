-- A file a day instead of one a host and day: run by DuckDB in the folder of the export; another folder gets it.
-- A thousand small files cost more to open than to read.
COPY (SELECT * FROM read_parquet('date=*/host=*/*.parquet', hive_partitioning=true,
                                 hive_types={'date': DATE, 'host': VARCHAR}, union_by_name=true)
      ORDER BY date, event, host, time)
TO 'compact' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (date));
