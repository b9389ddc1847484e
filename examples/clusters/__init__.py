"""Payments on clusters: Dask, Ray Data and Spark, from Parquet to Parquet. The guide is docs/clusters.md."""
