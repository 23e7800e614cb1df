"""This package's worker and the jobs that it times: `worker.prepare` picks one of the modules."""
