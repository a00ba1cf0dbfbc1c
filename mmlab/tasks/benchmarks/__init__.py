"""One file per official data set: where its files lie, and how it is measured (docs/benchmarks.md)."""
