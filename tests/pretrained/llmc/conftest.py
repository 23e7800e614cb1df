"""Files of the original writers, and a file for fuzzing."""

import pytest

FIXTURES = {1: "tiny_v1.bin", 3: "tiny_v3.bin", 5: "tiny_v5_bf16.bin"}


@pytest.fixture(scope="module")
def files(fixtures):
    return {version: fixtures / "llmc" / name for version, name in FIXTURES.items()}


@pytest.fixture(scope="module")
def scratch_file(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "file.bin"
