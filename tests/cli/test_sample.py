"""`microgpt sample`: texts, token ids, prompts, terminals."""

import numpy as np
from pretrained.foreign import FOREIGN

import microgpt as mg
from microgpt import checkpoints
from microgpt.cli import main
from microgpt.config import GPTConfig
from microgpt.models.gpt import GPT


def test_sample(trained, capsys):
    command = ["sample", str(trained), "--temperature", "0.5", "--top-k", "5", "--prompt", "an",
               "-n", "20", "--seed", "1"]  # fmt: skip
    assert main(command) == 0
    names = capsys.readouterr().out.splitlines()
    assert len(names) == 20
    assert all(name.startswith("an") for name in names)
    assert main(command) == 0
    assert capsys.readouterr().out.splitlines() == names
    assert (
        main(["sample", str(trained), "--top-p", "0.9", "--min-p", "0.05", "--max-new-tokens", "3"])
        == 0
    )
    assert all(len(name) <= 3 for name in capsys.readouterr().out.splitlines())


def test_top_k_above_the_vocabulary_is_off(trained, capsys):
    assert main(["sample", str(trained), "--top-k", "200", "-n", "3"]) == 0
    texts = capsys.readouterr().out
    assert main(["sample", str(trained), "-n", "3"]) == 0
    assert capsys.readouterr().out == texts


def test_a_stream_is_the_same_texts(trained, capsys):
    command = ["sample", str(trained), "--prompt", "an", "--prompt", "b", "-n", "3"]
    assert main([*command, "--backend", "numpy"]) == 0
    texts = capsys.readouterr().out
    assert [text[0] for text in texts.splitlines()] == ["a", "b"] * 3
    assert main([*command, "--backend", "numpy", "--stream"]) == 0
    assert capsys.readouterr().out == texts


def test_of_a_long_prompt_the_end_is_read(trained, capsys):
    prompt = "annabellabethcelinedora"  # 24 tokens with the beginning mark
    assert main(["sample", str(trained), "--prompt", prompt, "-n", "1"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(prompt)
    assert "note: the prompt has 24 tokens, the model's block 16; it reads the last 15" in said.err


def test_token_ids_need_no_tokenizer(tmp_path, capsys):
    model = mg.GPT(mg.GPTConfig(vocab_size=5, init_std=0.5))
    command = ["sample", str(checkpoints.save(tmp_path, model)), "--max-new-tokens", "4", "-n", "2"]
    assert main([*command, "--tokens", "1,2,3", "--tokens", "4"]) == 0
    rows = [[int(i) for i in line.split(",")] for line in capsys.readouterr().out.splitlines()]
    prompts = [[1, 2, 3], [4]] * 2
    expected = [[*p, *mg.generate(model, p, 4, seed=i)] for i, p in enumerate(prompts)]
    assert rows == expected
    assert main([*command, "--tokens", "1 2 3", "--stream"]) == 0
    assert capsys.readouterr().out.startswith("1,2,3,")


def test_what_a_terminal_would_obey_is_shown(tmp_path, capsys):
    tokenizer = mg.tokenizers.CharTokenizer("\x1b\r\x9b\x07é\n\t")
    model = mg.GPT(mg.GPTConfig(vocab_size=8), seed=1)
    checkpoints.save(tmp_path, model, tokenizer)
    for stream in ([], ["--stream"]):
        assert main(["sample", str(tmp_path), "-n", "30", "--prompt", "\x1b", *stream]) == 0
        printed = capsys.readouterr().out
        assert set("\x1b\r\x9b\x07").isdisjoint(printed)
        assert all(shown in printed for shown in ("\\x1b", "\\x0d", "\\x9b", "\\x07", "é", "\t"))
        assert "\n---\n" in printed  # after a text of several lines


def test_a_model_that_reads_much_writes_one_text(tmp_path, capsys):
    config = mg.GPTConfig(vocab_size=3, block_size=300, n_embd=4, n_head=1)
    path = checkpoints.save(tmp_path, mg.GPT(config), mg.tokenizers.CharTokenizer("ab", bos=True))
    assert main(["sample", str(path), "--ignore-eos"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert main(["sample", str(path), "--tokens", "0", "--ignore-eos"]) == 0
    assert len(capsys.readouterr().out.split(",")) == 1 + 200


def test_greedy_from_a_file_of_hugging_face(fixtures, capsys):
    with np.load(fixtures / "hf/tiny/expected.npz") as expected:
        greedy = expected["greedy"].ravel().tolist()
    start = ",".join(map(str, greedy[:5]))  # the prompt had five
    command = ["sample", str(fixtures / "hf/tiny"), "--tokens", start, "--temperature", "0"]
    assert main([*command, "-n", "1", "--max-new-tokens", str(len(greedy) - 5)]) == 0
    assert capsys.readouterr().out.strip() == ",".join(map(str, greedy))


def test_the_models_inside_can_be_sampled(capsys):
    assert main(["sample", "names", "-n", "3", "--backend", "numpy"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_an_empty_prompt_is_a_prompt(capsys):
    assert main(["sample", "names", "--prompt", "", "-n", "1", "--backend", "numpy"]) == 0


def test_a_text_longer_than_the_block_is_announced(tmp_path, capsys):
    model = GPT(GPTConfig(vocab_size=5, block_size=8))
    command = ["sample", str(checkpoints.save(tmp_path, model)), "--tokens", "1", "-n", "1"]
    assert main([*command, "--max-new-tokens", "30", "--backend", "numpy"]) == 0
    said = capsys.readouterr()
    assert len(said.out.split(",")) == 31
    assert said.err == (
        "microgpt: note: up to 30 tokens are generated, and the model's block holds 8: whenever it "
        "is full, the model goes on from the last 4\n"
    )
    assert main([*command, "--max-new-tokens", "8", "--backend", "numpy"]) == 0
    assert capsys.readouterr().err == ""


def test_texts_end_before_a_stop_string(trained, capsys):
    command = ["sample", str(trained), "--prompt", "an", "-n", "8", "--backend", "numpy"]
    assert main(command) == 0
    names = capsys.readouterr().out.splitlines()
    expected = []
    for name in names:
        ends = [end for letter in "ae" if (end := name.find(letter, 2)) >= 0]
        expected.append(name[: min(ends, default=len(name))])
    assert expected != names
    for stream in ([], ["--stream"]):
        assert main([*command, "--stop", "a", "--stop", "e", *stream]) == 0
        assert capsys.readouterr().out.splitlines() == expected
    assert main([*command, "--stop", "a", "--tokens", "1"]) == 1
    assert "--prompt and --tokens must be given one" in capsys.readouterr().err
    assert main(["sample", str(trained), "--stop", "a", "--tokens", "1"]) == 1
    assert "--stop and --tokens must be given one without the other" in capsys.readouterr().err


def test_a_model_whose_file_lacks_the_heads(tmp_path, capsys):
    _, path = FOREIGN["nanoGPT"].write(tmp_path)
    command = ["sample", str(path), "-n", "1", "--max-new-tokens", "4", "--backend", "numpy"]
    assert main(command) == 1
    assert "give --n-head" in capsys.readouterr().err
    assert main([*command, "--n-head", "2"]) == 0
    capsys.readouterr()
    _, path = FOREIGN["extra head"].write(tmp_path / "extra")
    command[1] = str(path)
    assert main(command) == 1
    assert "set --ignore-extra-heads" in capsys.readouterr().err
    assert main([*command, "--ignore-extra-heads"]) == 0
