"""This package's worker, run with `python -m`: the workloads on any of its engines."""

from typing import Any

from microgpt.benchmark.peers.worker_protocol import Job, serve


def prepare(task: dict[str, Any]) -> Job:
    """Return the job of a task; imports only the modules that the task needs."""
    task_type = task["type"]
    if task["engine"] in ("value", "tape"):
        from microgpt.benchmark.ours import scalars

        job = {"train": scalars.train, "names": scalars.sample_names}[task_type](task)
    elif task_type == "train":
        from microgpt.benchmark.ours import arrays

        job = arrays.train(task)
    elif task_type in ("generate", "names"):
        from microgpt.benchmark.ours import texts

        job = {"generate": texts.generate, "names": texts.sample_names}[task_type](task)
    elif task_type == "linear_products":
        from microgpt.benchmark.ours import products

        job = products.linear_products(task)
    else:
        from microgpt.benchmark.ours import peak_rates

        job = {
            "memory_bandwidth": peak_rates.memory_bandwidth,
            "matmul_rate": peak_rates.matmul_rate,
        }[task_type](task)
    job.metadata |= {"microgpt": _version(), **_libraries(task)}
    return job


def _version() -> str:
    from microgpt import __version__

    return __version__


def _libraries(task: dict[str, Any]) -> dict[str, Any]:
    """Return the versions of the engine's libraries, read without importing them, and threads."""
    from importlib import metadata

    names: tuple[str, ...] = () if task["engine"] == "value" else ("numpy",)
    if task["engine"] == "tape" or task.get("backend") == "numba":
        names = ("numpy", "numba")
    return {name: metadata.version(name) for name in names} | {"threads": task["threads"]}


def used_instructions(task: dict[str, Any]) -> dict[str, str]:
    """Return the SIMD instructions of the task's libraries; imports them only if asked."""
    from microgpt.benchmark.ours import instructions

    return instructions.used_instructions(task)


if __name__ == "__main__":
    serve(prepare, used_instructions)
