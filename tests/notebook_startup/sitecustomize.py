"""A Python without numba and tiktoken: put this folder on PYTHONPATH."""

import importlib.metadata
import sys
from importlib.machinery import PathFinder

ABSENT = {"numba", "llvmlite", "tiktoken"}

find_module = PathFinder.find_spec
find_package = importlib.metadata.MetadataPathFinder.find_distributions


def find_spec(name, path=None, target=None):
    """What sys.path has, as if the absent ones were not installed."""
    return None if name.partition(".")[0] in ABSENT else find_module(name, path, target)


def find_distributions(context=importlib.metadata.DistributionFinder.Context()):  # noqa: B008
    """What is installed, without the absent ones."""
    return [] if context.name in ABSENT else find_package(context)


PathFinder.find_spec = staticmethod(find_spec)
importlib.metadata.MetadataPathFinder.find_distributions = staticmethod(find_distributions)
assert not ABSENT & set(sys.modules)
