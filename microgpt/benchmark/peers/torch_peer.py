"""PyTorch as a contender: training steps eager or compiled, and generation with a KV cache."""

from itertools import cycle

import numpy as np
import torch
from padding import padded
from serving import Job, serve
from torch_model import GPT, Kept, build


def prepare(task: dict) -> Job:
    torch.manual_seed(0)
    if task["threads"]:
        torch.set_num_threads(task["threads"])
    job = {"train": train, "generate": generate, "names": names}[task["kind"]](task)
    job.about = {
        "torch": torch.__version__,
        "numpy": np.__version__,
        "threads": torch.get_num_threads(),
    }
    return job


def train(task: dict) -> Job:
    model, settings = build(task), task["optimizer"]
    parameters = list(model.parameters())
    betas, eps = tuple(settings["betas"]), settings["eps"]
    if settings["name"] == "adamw":
        groups = [
            {"params": [p for p in parameters if p.ndim == 2], "weight_decay": settings["decay"]},
            {"params": [p for p in parameters if p.ndim != 2], "weight_decay": 0.0},
        ]
        kind = torch.optim.AdamW
        optimizer = kind(groups, lr=settings["lr"], betas=betas, eps=eps, fused=True)
    else:
        optimizer = torch.optim.Adam(
            parameters, lr=settings["lr"], betas=betas, eps=eps, fused=True
        )
    length = task["config"]["block_size"] if task.get("padded") else 0
    batches = [tuple(map(tensor, padded(batch, length))) for batch in task["batches"]]
    compute = model
    if task.get("compiled"):
        own_lengths = len({tokens.shape for tokens, _ in batches}) > 1
        compute = torch.compile(model, dynamic=True if own_lengths else None)
    following = cycle(batches)

    def step():
        tokens, targets = next(following)
        optimizer.zero_grad()
        compute(tokens, targets).backward()
        optimizer.step()

    def unit():
        for _ in range(task["steps"]):
            step()

    def loss():
        with torch.no_grad():
            return compute(*batches[0]).item()

    return Job(unit, task["steps"], first=step, loss=loss)


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array.astype(np.int64))


def text(model: GPT, prompt: list[int], count: int, choose, stop: int | None = None) -> list[int]:
    """`count` tokens after the prompt, or fewer if `stop` comes."""
    kept, tokens = [Kept(model.config) for _ in range(model.config["n_layer"])], []
    new = torch.tensor([prompt])
    with torch.inference_mode():
        for _ in range(count):
            token = choose(model.logits(new, kept, kept[0].length)[0, -1])
            if token == stop:
                break
            tokens.append(token)
            new = torch.tensor([[token]])
    return tokens


def greedy(logits: torch.Tensor) -> int:
    return int(logits.argmax())


def generate(task: dict) -> Job:
    if task.get("transformers"):
        return with_transformers(task)
    model = build(task).eval()

    def unit():
        text(model, task["prompt"], task["count"], greedy)

    return Job(unit, task["count"])


def with_transformers(task: dict) -> Job:
    from transformers import GPT2Config, GPT2LMHeadModel

    c = task["config"]
    shape = {"n_layer": c["n_layer"], "n_head": c["n_head"], "n_embd": c["n_embd"]}
    config = GPT2Config(n_positions=c["block_size"], vocab_size=c["vocab_size"], **shape)
    model = GPT2LMHeadModel(config).eval()
    prompt, count = torch.tensor([task["prompt"]]), task["count"]
    model.generation_config.eos_token_id = None  # every contender draws the whole count
    model.generation_config.pad_token_id = 0

    def unit():
        with torch.inference_mode():
            tokens = model.generate(
                prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=count,
                do_sample=False, use_cache=True,
            )  # fmt: skip
        if tokens.shape[1] != prompt.shape[1] + count:
            raise ValueError(f"{count} tokens were wanted; got {tokens.shape[1]} with the prompt")

    return Job(unit, count)


def names(task: dict) -> Job:
    model, stop, temperature = build(task).eval(), task["stop"], task["temperature"]

    def dice(logits: torch.Tensor) -> int:
        return int(torch.multinomial((logits / temperature).softmax(-1), 1))

    def unit():
        torch.manual_seed(0)  # the same names in each unit
        most = model.config["block_size"]
        texts = (text(model, [stop], most, dice, stop) for _ in range(task["count"]))
        job.count = sum(map(len, texts))

    job = Job(unit)
    return job


if __name__ == "__main__":
    serve(prepare)
