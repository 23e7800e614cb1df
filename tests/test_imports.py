"""What `import microgpt` loads, and what works without the optional libraries."""

import subprocess
import sys

import pytest
from absent_libraries import without


def run(code, *blocked, check=True):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", without(*blocked) + code],
        capture_output=True,
        text=True,
        check=check,
    )


def test_import_loads_nothing_heavy():
    out = run(
        "import microgpt; print([m for m in sys.modules if m.split('.')[0] in "
        "{'numba', 'matplotlib', 'ipywidgets', 'tiktoken', 'numpy', 'safetensors'}])"
    ).stdout
    assert out.strip() == "[]"


def test_training_loads_no_plots_and_no_widgets():
    out = run(
        "import microgpt as mg; mg.use('numpy'); mg.Trainer; mg.generate; mg.save; "
        "print([m for m in sys.modules if m.split('.')[0] in "
        "{'numba', 'matplotlib', 'ipywidgets', 'tiktoken', 'pooch', 'tqdm'}])"
    ).stdout
    assert out.strip() == "[]"


WORK = """
import microgpt as mg
corpus = mg.load_corpus("names-mini")
model = mg.GPT(mg.GPTConfig.microgpt())
trainer = mg.Trainer(model, corpus, mg.TrainConfig(steps=50))
trainer.run()
names = list(mg.generate_text(model, corpus.tokenizer(), 5, temperature=0.5))
run = mg.reference.run(corpus.documents, num_steps=5, num_samples=1, engine="tensor")
print(model.backend.name, len(names), len(run.losses), mg.backends.available("numba"))
"""


@pytest.mark.parametrize("blocked", [("numba", "llvmlite"), ("tiktoken",), ("numba", "tiktoken")])
def test_without_numba_and_tiktoken(blocked):
    out = run(WORK, *blocked).stdout.split()
    backend = "numpy" if "numba" in blocked else "numba"
    assert out == [backend, "5", "5", str("numba" not in blocked)]


def test_without_matplotlib_and_widgets_and_downloads():
    assert run(WORK, "matplotlib", "ipywidgets", "pooch", "requests", "tqdm").returncode == 0


def test_the_state_of_views_needs_neither_widgets_nor_plots():
    out = run(
        "import microgpt as mg; "
        "from microgpt.widgets.model_lookup import load_source; "
        "from microgpt.widgets.sampling_trace import SamplingTrace; "
        "from microgpt.widgets.token_scores import text_scores; "
        "source = load_source('names'); "
        "print(SamplingTrace(source, 'an').view().picked_rank, text_scores(source, 'anna').nll); "
        "from microgpt.widgets.forward_pass_state import run_forward_pass; "
        "from microgpt.viz.forward_pass import render_forward_pass; "
        "print(render_forward_pass(run_forward_pass(source, 'ann')).html[:3])",
        "ipywidgets",
        "matplotlib",
    ).stdout
    assert out.splitlines()[-1] == "<h3"


def test_asking_for_numba_without_it():
    result = run("import microgpt as mg; mg.use('numba')", "numba", check=False)
    assert "BackendUnavailable" in result.stderr
    assert "pip install numba" in result.stderr
    result = run(
        "import os; os.environ['MICROGPT_BACKEND'] = 'numba'; import microgpt as mg; mg.GPT()",
        "numba",
        check=False,
    )
    assert "pip install numba" in result.stderr
