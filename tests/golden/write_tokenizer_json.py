"""Write `tokenizer_json.json`: a tokenizer of the `tokenizers` library, and its ids of some texts.

It needs that library, which the package does not: `pip install tokenizers`, then
`python tests/golden/write_tokenizer_json.py`.
"""

import json
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

TARGET = Path(__file__).with_name("tokenizer_json.json")
CORPUS = [
    "The cat sat on the mat, and the other cat sat on the cat's hat.",
    "She said that the rain in the north would not last until the 12th of March.",
    "Nothing is better than another thing; then again, what's the matter with 1,234?",
]
TEXTS = [
    "the cat sat on the mat",
    "  two  spaces, a tab\tand\n\na line's end ",
    "naïve café, 你好, 🙂 and \x00\x7f",
    "1234567 don't WE'LL they're",
    "<|endoftext|>the cat<pad><pad>sat<|endoftext|> <|end",
    "before<sep>after <sep>",
    "",
]


def trained():
    """Three hundred tokens: two special ones with the first ids, one added behind the merges."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=299,
        special_tokens=["<|endoftext|>", "<pad>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_special_tokens(["<sep>"])
    return tokenizer


if __name__ == "__main__":
    tokenizer = trained()
    encodings = [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]
    content = {
        "tokenizer": json.loads(tokenizer.to_str()),
        "texts": [{"text": text, "ids": ids} for text, ids in zip(TEXTS, encodings, strict=True)],
    }
    TARGET.write_text(json.dumps(content, ensure_ascii=False) + "\n", "utf-8")
