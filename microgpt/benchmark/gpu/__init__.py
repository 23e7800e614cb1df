"""`microgpt gpu-report`: is a GPU right, and how fast is it? Stages, each in its own process.

In the order of a report: `stages` (their names and limits), `run_stages` (runs them, one after the
other), `stage_process` (what runs in each process), `rows` (what a stage finds), `report` (the two
files), `marks` (what was hoped for). A stage is a module with a function `rows`.
"""
