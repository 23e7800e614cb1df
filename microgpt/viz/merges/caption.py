"""The captions of the merge time machine: the count, the merge shown, and what changes nothing."""

from microgpt.plain_text import pluralize
from microgpt.viz.formatting import in_quotes, visible
from microgpt.viz.merges.data import MergedText, MergeNote

MAX_QUOTED = 32  # characters of the text


def question(merged: MergedText) -> str:
    """Return the question that the view answers."""
    if not merged.num_merges:
        return "Which tokens are there before any merge?"
    verb = "does" if merged.num_merges == 1 else "do"
    return f"Which tokens {verb} {pluralize(merged.num_merges, 'merge')} make?"


def merges_caption(merged: MergedText) -> str:
    """Return two or three sentences about what is shown."""
    if not merged.boxes:
        return "This text is empty: type something, and every byte of it becomes a box."
    if foreign := _foreign_sentence(merged):
        return foreign
    parts = [_count_sentence(merged), _chosen_sentence(merged), _gap_sentence(merged)]
    return " ".join(filter(None, parts))


def _foreign_sentence(merged: MergedText) -> str:
    """Return a sentence about a text that the whole list leaves as it is, or ""."""
    if merged.num_merges < merged.list_size or merged.last_change:
        return ""
    size = pluralize(merged.num_bytes, "byte")
    if merged.num_bytes == 1:
        return "This text is a single byte: there is nothing to merge."
    reason = "they were counted on English" if merged.list_name == "ours" else "none occurs in it"
    return f"All {merged.list_size:,} merges leave this text as {size}: {reason}."


def _count_sentence(merged: MergedText) -> str:
    text = in_quotes(visible(merged.text, MAX_QUOTED))
    tokens = pluralize(len(merged.boxes), "token")
    if not merged.num_merges:
        return f"Before any merge {text} is {tokens}, one for each byte."
    each = f"{merged.bytes_per_token:.2f} bytes each"
    if len(merged.boxes) == 1:
        each = f"of {pluralize(merged.num_bytes, 'byte')}"
        return f"With {_share(merged)} {text} is 1 token {each}."
    return f"With {_share(merged)} {text} is {tokens}, {each}."


def _share(merged: MergedText) -> str:
    if merged.num_merges == merged.list_size:
        return f"all {merged.list_size:,} merges"
    return f"{merged.num_merges:,} of {merged.list_size:,} merges"


def _chosen_sentence(merged: MergedText) -> str:
    """Say which merge made the chosen box."""
    if not merged.merges:
        return ""
    sentence = merge_sentence(merged.merges[-1])
    return f"In the outlined box, {sentence[0].lower()}{sentence[1:]}"


def merge_sentence(note: MergeNote) -> str:
    """Return a sentence about one merge."""
    seen = f", seen {_times(note.count)}" if note.count is not None else ""
    return (
        f"Merge {note.number:,} glued {note.left.quoted} and {note.right.quoted} into "
        f"{note.merged.quoted}{seen}."
    )


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def _gap_sentence(merged: MergedText) -> str:
    """Say how many merges come before the next one that changes this text."""
    if merged.next_change is None:
        is_end = merged.num_merges == merged.list_size
        return "" if is_end else "No later merge changes this text."
    gap = merged.next_change - merged.num_merges - 1
    if not gap:
        return ""
    verb = "changes" if gap == 1 else "change"
    return f"The next {'merge' if gap == 1 else f'{gap:,} merges'} {verb} nothing in this text."
