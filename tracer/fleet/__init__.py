"""One host among many: what it tells elsewhere, its recordings as Parquet, and what is asked of all of them."""
