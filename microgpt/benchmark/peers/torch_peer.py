"""PyTorch's worker: eager or compiled training steps, and generation with a KV cache.

On a GPU ("device": "cuda") training steps and matrix products; tokens lie there from the start.
"""

from itertools import cycle

import numpy as np
import torch
from layer_arrays import layer_arrays
from padding import pad_batch
from torch_instructions import used_instructions
from torch_model import GPT, KVCache, build_model
from worker_protocol import Job, serve


def prepare(task: dict) -> Job:
    torch.manual_seed(0)
    if task["threads"]:
        torch.set_num_threads(task["threads"])
    if task.get("precision"):
        torch.set_float32_matmul_precision(task["precision"])
    jobs = {
        "train": train, "generate": generate, "names": sample_names, "product": product,
        "linear_products": linear_products,
    }  # fmt: skip
    job = jobs[task["type"]](task)
    job.metadata |= {
        "torch": torch.__version__,
        "numpy": np.__version__,
        "threads": torch.get_num_threads(),
    }
    return job


def train(task: dict) -> Job:
    device, settings = task.get("device", "cpu"), task["optimizer"]
    model = build_model(task).to(device)
    parameters = list(model.parameters())
    common = {
        "lr": settings["lr"], "betas": tuple(settings["betas"]), "eps": settings["eps"],
        "fused": True,
    }  # fmt: skip
    if settings["name"] == "adamw":
        matrices = [p for p in parameters if p.ndim == 2]
        vectors = [p for p in parameters if p.ndim != 2]
        groups = [
            {"params": matrices, "weight_decay": settings["weight_decay"]},
            {"params": vectors, "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, **common)
    else:
        optimizer = torch.optim.Adam(parameters, **common)
    length = task["config"]["block_size"] if task.get("padded") else 0
    batches = [
        tuple(as_tensor(part).to(device) for part in pad_batch(batch, length))
        for batch in task["batches"]
    ]
    loss_function = model
    if task.get("compiled"):
        own_lengths = len({tokens.shape for tokens, _ in batches}) > 1
        dynamic = True if own_lengths else None
        loss_function = torch.compile(model, dynamic=dynamic, mode=task.get("mode"))
    next_batches = cycle(batches)

    def step():
        tokens, targets = next(next_batches)
        optimizer.zero_grad()
        loss_function(tokens, targets).backward()
        optimizer.step()

    def unit():
        for _ in range(task["steps"]):
            step()
        wait(device)

    def loss():
        with torch.no_grad():
            return loss_function(*batches[0]).item()

    # "reduce-overhead" makes its CUDA graphs in the first steps.
    warmup_units = 3 if device == "cuda" else 1
    return Job(unit, task["steps"], first_call=step, warmup_units=warmup_units, loss=loss)


def wait(device: str) -> None:
    """Wait until a GPU has done its work; a CPU has."""
    if device == "cuda":
        torch.cuda.synchronize()


def product(task: dict) -> Job:
    """Products (M, K) · (N, K)ᵀ, by cuBLAS on a GPU."""
    (M, K, N), device = task["shape"], task["device"]
    x, weight = torch.rand(M, K, device=device), torch.rand(N, K, device=device)
    y = torch.empty(M, N, device=device)

    def unit():
        for _ in range(task["steps"]):
            torch.mm(x, weight.t(), out=y)
        wait(device)

    return Job(unit, task["steps"])


def linear_products(task: dict) -> Job:
    """A linear layer's products of a training step: y = x·Wᵀ, dx = dy·W and dW = dyᵀ·x."""
    x, weight, dy = map(torch.from_numpy, layer_arrays(task["shape"]))
    y, dx, dweight = map(torch.empty_like, (dy, x, weight))
    count = task["repeats"] * task["flops"]

    @torch.inference_mode()  # nothing is recorded for gradients
    def unit():
        for _ in range(task["repeats"]):
            torch.mm(x, weight.t(), out=y)
            torch.mm(dy, weight, out=dx)
            torch.mm(dy.t(), x, out=dweight)

    return Job(unit, count, metadata={"unit": "GFLOP/s"})


def as_tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array.astype(np.int64))


def generate_tokens(
    model: GPT, prompt: list[int], max_new_tokens: int, choose, stop: int | None = None
) -> list[int]:
    """Return the tokens after the prompt that `choose(logits)` picks, up to `stop`."""
    caches, tokens = [KVCache(model.config) for _ in range(model.config["n_layer"])], []
    new = torch.tensor([prompt])
    with torch.inference_mode():
        for _ in range(max_new_tokens):
            token = choose(model.logits(new, caches, caches[0].length)[0, -1])
            if token == stop:
                break
            tokens.append(token)
            new = torch.tensor([[token]])
    return tokens


def greedy(logits: torch.Tensor) -> int:
    return int(logits.argmax())


def generate(task: dict) -> Job:
    if task.get("transformers"):
        return generate_with_transformers(task)
    model = build_model(task).eval()

    def unit():
        generate_tokens(model, task["prompt"], task["max_new_tokens"], greedy)

    return Job(unit, task["max_new_tokens"])


def generate_with_transformers(task: dict) -> Job:
    from transformers import GPT2Config, GPT2LMHeadModel

    c = task["config"]
    sizes = {"n_layer": c["n_layer"], "n_head": c["n_head"], "n_embd": c["n_embd"]}
    config = GPT2Config(n_positions=c["block_size"], vocab_size=c["vocab_size"], **sizes)
    model = GPT2LMHeadModel(config).eval()
    prompt, max_new_tokens = torch.tensor([task["prompt"]]), task["max_new_tokens"]
    model.generation_config.eos_token_id = None  # every implementation generates all tokens
    model.generation_config.pad_token_id = 0

    def unit():
        with torch.inference_mode():
            tokens = model.generate(
                prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=max_new_tokens,
                do_sample=False, use_cache=True,
            )  # fmt: skip
        new = tokens.shape[1] - prompt.shape[1]
        if new != max_new_tokens:
            raise ValueError(f"{max_new_tokens} tokens must be generated; got {new}")

    return Job(unit, max_new_tokens)


def sample_names(task: dict) -> Job:
    model, stop, temperature = build_model(task).eval(), task["stop"], task["temperature"]

    def sample(logits: torch.Tensor) -> int:
        return int(torch.multinomial((logits / temperature).softmax(-1), 1))

    def unit():
        torch.manual_seed(0)  # each unit samples the same names
        block_size = model.config["block_size"]
        texts = (
            generate_tokens(model, [stop], block_size, sample, stop)
            for _ in range(task["num_samples"])
        )
        job.count = sum(map(len, texts))

    job = Job(unit)
    return job


if __name__ == "__main__":
    serve(prepare, used_instructions)
