"""The shape of the code: layers, doors, file length, public names."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import microgpt as mg

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "microgpt"
FILES = sorted(PACKAGE.rglob("*.py"))

DOORS = {
    "numba": ("backends/numba_cpu/",),
    "llvmlite": ("backends/numba_cpu/",),
    "numba_cuda": ("backends/numba_cuda/",),
    "numba_cuda_mlir": ("backends/numba_cuda/",),
    "cuda": ("backends/numba_cuda/",),
    "matplotlib": ("viz/",),
    "ipywidgets": ("widgets/",),
    "tiktoken": ("tokenizers/",),
    "safetensors": (),
    "regex": ("tokenizers/",),
    "google_crc32c": ("pretrained/",),
    "huggingface_hub": ("pretrained/",),
    "pooch": ("_io/",),
    "requests": ("_io/",),
    "platformdirs": ("_io/",),
    "psutil": ("_io/",),
    "tqdm": ("cli/",),
    "IPython": ("widgets/", "learn/"),
    "nbformat": ("learn/",),
    "PIL": ("viz/",),
    "argparse": ("cli/",),
    "torch": ("benchmark/peers/",),
    "jax": ("benchmark/peers/",),
    "transformers": ("benchmark/peers/",),
    "pickle": ("backends/numba_cpu/jit/kernel_cache.py",),  # machine code, which is trusted anyway
}


def imports(path):
    """Every module that a file imports, at any depth of its code, and the line."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module, node.lineno


def test_layers_and_circles():
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout


def test_every_module_stands_in_the_layers():
    import tomllib

    linter = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    listed = " ".join(linter["contracts"][0]["layers"]).replace("|", " ").replace(":", " ").split()
    parts = [*PACKAGE.iterdir(), *(PACKAGE / "autograd").iterdir()]  # which spans several layers
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in parts
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    alone = {
        "microgpt.__init__",
        "microgpt.__main__",
        "microgpt.autograd",
        "microgpt.autograd.__init__",
    }
    assert modules - alone == set(listed)


def test_each_library_has_one_door():
    for path in FILES:
        name = path.relative_to(PACKAGE).as_posix()
        for module, line in imports(path):
            library = module.split(".")[0]
            if library in DOORS:
                assert name.startswith(DOORS[library]), f"{name}:{line} imports {library}"


def test_the_engine_needs_the_standard_library_only():
    for name, allowed in [
        ("autograd/engine.py", {"microgpt"}),
        ("autograd/value.py", {"microgpt", "math", "numbers"}),
    ]:
        used = {module.split(".")[0] for module, _ in imports(PACKAGE / name)}
        assert "numpy" not in used
        assert used - {"threading", "collections", "contextlib", "typing"} <= allowed


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_files_can_be_read_in_one_sitting(path):
    text = path.read_text("utf-8")
    assert text.count("\n") <= 300
    assert ast.get_docstring(ast.parse(text)), "a module says what it is"
    for word in ("TODO", "FIXME", "XXX"):
        assert word not in text


def test_half_of_the_files_are_short():
    lengths = sorted(path.read_text("utf-8").count("\n") for path in FILES)
    assert lengths[len(lengths) // 2] < 110


# Words that stand for too many things, and the terms they hide (GLOSSARY.md has more).
VAGUE = {
    "place": "index, offset, position or path",
    "kind": "dtype, type, format or mode",
    "whole": "integer, total or full",
    "least": "min",
    "most": "max",
    "said": "label, message or description",
    "says": "label, message or description",
    "room": "scratch or available_bytes",
    "turn": "transpose, rng_state, draw or round",
    "turned": "transposed",
    "dial": "sampling parameter",
    "dice": "seed",
    "chance": "prob",
    "trouble": "error",
}
VAGUE |= {f"{word}s": term for word, term in VAGUE.items() if not word.endswith("s")}


def bound_names(path):
    """Every identifier that a file defines or binds, and its line."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr, node.lineno
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname, node.lineno


def words_of(name):
    """The words of an identifier: `maxRows_of` has max, rows and of."""
    return re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())


def test_words_of_an_identifier():
    assert words_of("_WholeTurn_of") == ["whole", "turn", "of"]
    assert set(words_of("turns_by_kind")) & set(VAGUE) == {"turns", "kind"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_identifier_is_a_vague_word(path):
    found = [
        f"{path.name}:{line}: {name!r}; better: {VAGUE[word]}"
        for name, line in [*bound_names(path), (path.stem, 1)]
        for word in words_of(name)
        if word in VAGUE
    ]
    assert not found, found


def test_no_module_has_the_name_of_a_public_function():
    modules = {path.stem for path in FILES} | {path.parent.name for path in FILES}
    for name in mg._PUBLIC:
        if mg._PUBLIC[name] != name:
            assert name not in modules


@pytest.mark.parametrize("name", mg._PUBLIC)
def test_public_names_are_documented(name):
    thing = getattr(mg, name)
    assert thing.__doc__
    assert len(thing.__doc__.strip().splitlines()) <= 16
    if isinstance(thing, type) and not issubclass(thing, Exception):
        for method, what in vars(thing).items():
            if not method.startswith("_") and callable(what):
                inherited = [getattr(base, method, None) for base in thing.__mro__]
                assert any(getattr(one, "__doc__", None) for one in inherited), f"{name}.{method}"


def test_public_names_can_be_touched_twice_in_any_order():
    code = """
import random, sys
import microgpt as mg
names = list(mg._PUBLIC)
random.Random(int(sys.argv[1])).shuffle(names)
first = {name: getattr(mg, name) for name in names}
random.Random(int(sys.argv[1]) + 100).shuffle(names)
for name in names:
    assert getattr(mg, name) is first[name], name
assert set(mg.__all__) == set(dir(mg))
"""
    for seed in range(3):
        subprocess.run([sys.executable, "-c", code, str(seed)], check=True)


def test_unknown_names_are_errors():
    with pytest.raises(AttributeError, match="no attribute 'Tenser'"):
        _ = mg.Tenser
    assert not hasattr(importlib.import_module("microgpt.nn"), "Liner")
