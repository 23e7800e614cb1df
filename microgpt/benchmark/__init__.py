"""Benchmarks of this package on the reader's machine: each engine, and other libraries beside.

`workloads` are what is measured, `implementations` who does them; `runner.Benchmark` runs them in
worker processes, and `table`, `report` and `targets` present the results. Nothing is loaded here:
workers import this package too, and the time to start is one of the workloads.
"""
