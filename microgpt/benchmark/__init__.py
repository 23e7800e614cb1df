"""Benchmarks of this package's engines, and of other libraries, on the reader's machine.

Route of a run: `runner.Benchmark` pairs each entry of `workloads` with its `implementations`, gets
tasks from `workload_inputs` and times them in worker processes (`worker_pool` → `worker_process` →
`ours` or `peers`). `results` holds the measurements; `table`, `report` and `targets` present them.
Nothing is imported here: workers import this package too, and one workload measures startup time.
"""
