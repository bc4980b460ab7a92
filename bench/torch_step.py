#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Time and memory of training steps of ViT-B/16 or BERT-base in PyTorch on random data, as JSON.

Weights are trained by AdamW, on CUDA by PyTorch's fused one; with --frozen some are not, drawn once. A step begins with
its batch in host memory, on CUDA in pinned memory, and ends when the device is done, as slimfit-step's. On the
processor memory is what the process had resident before the model was made and at most until the first step was done;
on CUDA it is what PyTorch's allocator says of all steps.
"""
import argparse
import contextlib
import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

# What scaled_dot_product_attention may use; it chooses by itself for "sdpa".
ATTENTION = {"sdpa": None, "flash": SDPBackend.FLASH_ATTENTION, "cudnn": SDPBackend.CUDNN_ATTENTION,
             "efficient": SDPBackend.EFFICIENT_ATTENTION, "eager": None}


def resident(key):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(key))


class Block(nn.Module):
    """Normalises before each half, as vision transformers do, or after it, as BERT does."""

    def __init__(self, hidden, heads, mlp, fused, norm_first):
        super().__init__()
        self.heads, self.fused, self.norm_first = heads, fused, norm_first
        self.norm1, self.norm2 = nn.LayerNorm(hidden), nn.LayerNorm(hidden)
        self.query, self.key, self.value, self.output = (nn.Linear(hidden, hidden) for _ in range(4))
        self.mlp = nn.Sequential(nn.Linear(hidden, mlp), nn.GELU(), nn.Linear(mlp, hidden))

    def split(self, x):
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def attention(self, x):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        if self.fused:
            mixed = F.scaled_dot_product_attention(q, k, v)
        else:
            mixed = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1) @ v
        return self.output(mixed.transpose(1, 2).flatten(-2))

    def forward(self, x):
        if self.norm_first:
            x = x + self.attention(self.norm1(x))
            return x + self.mlp(self.norm2(x))
        x = self.norm1(x + self.attention(x))
        return self.norm2(x + self.mlp(x))


class ViT(nn.Module):
    def __init__(self, fused, image=224, patch=16, hidden=768, heads=12, mlp=3072, layers=12, classes=1000):
        super().__init__()
        self.image, self.classes = image, classes
        self.patches = nn.Conv2d(3, hidden, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, hidden))
        self.positions = nn.Parameter(torch.randn(1, (image // patch) ** 2 + 1, hidden) * 0.02)
        self.blocks = nn.Sequential(*(Block(hidden, heads, mlp, fused, True) for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(hidden), nn.Linear(hidden, classes)

    def samples(self, batch):
        return torch.randn(batch, 3, self.image, self.image)

    def forward(self, images):
        x = self.patches(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.positions
        return self.head(self.norm(self.blocks(x))[:, 0])


class Bert(nn.Module):
    """Without dropout; all sequences have the same length, so that attention needs no mask."""

    def __init__(self, fused, tokens, hidden=768, heads=12, mlp=3072, layers=12, vocabulary=30522, positions=512,
                 classes=2):
        super().__init__()
        self.tokens, self.vocabulary, self.classes = tokens, vocabulary, classes
        self.words, self.types = nn.Embedding(vocabulary, hidden), nn.Embedding(2, hidden)
        self.positions = nn.Embedding(positions, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.blocks = nn.Sequential(*(Block(hidden, heads, mlp, fused, False) for _ in range(layers)))
        self.pooler, self.head = nn.Linear(hidden, hidden), nn.Linear(hidden, classes)

    def samples(self, batch):
        shape = (batch, self.tokens)
        return torch.stack([torch.randint(1, self.vocabulary, shape), torch.randint(2, shape)], 1)

    def forward(self, samples):
        words, types = samples.unbind(1)
        x = self.words(words) + self.types(types) + self.positions.weight[:self.tokens]
        return self.head(self.pooler(self.blocks(self.norm(x))[:, 0]).tanh())


def make_model(options):
    fused = options.attention != "eager"
    if options.model == "bert-base":
        return Bert(fused, options.tokens)
    return ViT(fused, image=384 if options.model == "vit-b16-384" else 224)


def freeze(model, percent):
    """Freezes that share of the units, rounded down: matrices, tables and LayerNorm weights but the last LayerNorm's, as
    slimfit has them. Returns how many there are of both."""
    last = getattr(model, "norm", None) if isinstance(model, ViT) else None
    norms = [each for each in model.modules() if isinstance(each, nn.LayerNorm) and each is not last]
    units = [each for each in model.parameters() if each.dim() > 1] + [each.weight for each in norms]
    frozen = torch.randperm(len(units))[:len(units) * percent // 100].tolist()
    for i in frozen:
        units[i].requires_grad_(False)
    return {"units": len(units), "frozen": len(frozen)}


class Training:
    """A model, its optimizer, and the batch that it is trained on again and again."""

    def __init__(self, options):
        self.options, self.on_cuda = options, options.device == "cuda"
        model = make_model(options)
        samples = model.samples(options.batch)
        labels = torch.randint(model.classes, (options.batch,))
        if options.scalar == "bf16":
            model = model.bfloat16()
            samples = samples.bfloat16() if samples.is_floating_point() else samples
        model = model.to(options.device)
        self.units = freeze(model, options.frozen)
        trained = [each for each in model.parameters() if each.requires_grad]
        self.optimizer = torch.optim.AdamW(trained, lr=1e-5, fused=True if self.on_cuda else None)
        self.attention = ATTENTION[options.attention]
        self.model = torch.compile(model) if options.compile else model
        self.batch = [each.pin_memory() if self.on_cuda else each for each in (samples, labels)]

    def step(self):
        samples, labels = (each.to(self.options.device, non_blocking=True) for each in self.batch)
        mixed = self.options.scalar == "amp"
        with sdpa_kernel(self.attention) if self.attention else contextlib.nullcontext():
            with torch.autocast(self.options.device, torch.bfloat16) if mixed else contextlib.nullcontext():
                loss = F.cross_entropy(self.model(samples).float(), labels)
            loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def seconds(self):
        """Of one step."""
        start = time.perf_counter()
        self.step()
        if self.on_cuda:
            torch.cuda.synchronize()
        return time.perf_counter() - start


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=["vit-b16", "vit-b16-384", "bert-base"], default="vit-b16",
                        help="224 x 224 pixels and 197 tokens, 384 x 384 pixels and 577 tokens, or --tokens (default "
                             "%(default)s)")
    parser.add_argument("--tokens", type=int, default=128, help="of BERT's sequences, at most 512 (default %(default)s)")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="default %(default)s")
    parser.add_argument("--scalar", choices=["float", "amp", "bf16"], default="float",
                        help="float: float32, without TF32; amp: float32 weights, bfloat16 by torch.autocast; bf16: "
                             "everything (default %(default)s)")
    parser.add_argument("--attention", choices=list(ATTENTION), default="sdpa",
                        help="sdpa: scaled_dot_product_attention as PyTorch chooses; flash, cudnn, efficient: by that "
                             "implementation and no other; eager: products and a softmax (default %(default)s)")
    parser.add_argument("--frozen", type=int, default=0, metavar="PERCENT",
                        help="of the matrices, tables and LayerNorm weights, drawn once (default %(default)s)")
    parser.add_argument("--batch", type=int, default=8, help="sequences of a step (default %(default)s)")
    parser.add_argument("--steps", type=int, default=5,
                        help="to be timed; one more runs before them, on CUDA two (default %(default)s)")
    parser.add_argument("--compile", action="store_true", help="compile the model by torch.compile")
    options = parser.parse_args()
    if not 1 <= options.tokens <= 512:
        parser.error(f"--tokens is {options.tokens}, expected 1 to 512")
    for name, value, least, most in (("frozen", options.frozen, 0, 100), ("batch", options.batch, 1, 1_000_000), ("steps", options.steps, 0, 1_000_000_000)):
        if not least <= value <= most:
            parser.error(f"--{name} is {value}, expected {least} to {most}")
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device is cuda, expected cpu: PyTorch finds no CUDA device")
    return options


def main():
    options = parse()
    on_cuda = options.device == "cuda"
    torch.manual_seed(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    result = {"version": torch.__version__, **vars(options)}
    result["frozen_percent"] = result.pop("frozen")
    if options.model != "bert-base":
        del result["tokens"]
    if on_cuda:
        torch.zeros(1, device="cuda")
        result["device_name"] = torch.cuda.get_device_name()
        torch.cuda.reset_peak_memory_stats()
    else:
        result["resident_before"] = resident("VmRSS")
    training = Training(options)
    result.update(training.units)
    training.seconds()
    if on_cuda:
        training.seconds()
    else:
        result["resident"] = resident("VmHWM")
    seconds = [training.seconds() for _ in range(options.steps)]
    if seconds:
        median = statistics.median(seconds)
        result["seconds"] = {"median": median, "min": min(seconds), "max": max(seconds)}
        result["sequences_per_second"] = options.batch / median
    if on_cuda:
        result["max_memory_allocated"] = torch.cuda.max_memory_allocated()
        result["max_memory_reserved"] = torch.cuda.max_memory_reserved()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
