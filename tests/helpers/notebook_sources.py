"""What the tests of the notebooks' build share: a source of six cells."""

FILE_NAME = "00_test.py"
SOURCE = """\
# %% [markdown]
# # Can it count?
# source: measured: five seeds
#
# It can.

# %%
import warnings

print("one")
print("two")

# %% [markdown]
# ## Your turn

# %% tags=["predict:00.count"]
# source: misconception: two comes first
# source: answer: 3
2 + 1

# %% tags=["answer:00.count"]
print("It is", 4 - 1)

# %% tags=["varies"]
import os
os.path.basename(os.environ["MICROGPT_CACHE"]), os.getcwd()
"""


def write_source(folder):
    """The folder, with the source in its `src`."""
    (folder / "src").mkdir()
    (folder / "src" / FILE_NAME).write_text(SOURCE, "utf-8")
    return folder


def edit_source(folder, old, new):
    """Replace a part of the source."""
    path = folder / "src" / FILE_NAME
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
