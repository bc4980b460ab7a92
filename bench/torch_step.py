#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Memory of one training step of ViT-B/16 in PyTorch on the processor, as JSON.

Usage: torch_step.py BATCH eager|fused, how attention is computed.
"""
import json
import sys

import torch
from torch import nn
from torch.nn import functional as F


def resident(key):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(key))


class Block(nn.Module):
    def __init__(self, hidden, heads, mlp, fused):
        super().__init__()
        self.heads, self.fused = heads, fused
        self.norm1, self.norm2 = nn.LayerNorm(hidden), nn.LayerNorm(hidden)
        self.query, self.key, self.value, self.output = (nn.Linear(hidden, hidden) for _ in range(4))
        self.mlp = nn.Sequential(nn.Linear(hidden, mlp), nn.GELU(), nn.Linear(mlp, hidden))

    def attention(self, x):
        split = lambda y: y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        if self.fused:
            mixed = F.scaled_dot_product_attention(q, k, v)
        else:
            mixed = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1) @ v
        return self.output(mixed.transpose(1, 2).flatten(-2))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    def __init__(self, fused, image=224, patch=16, hidden=768, heads=12, mlp=3072, layers=12, classes=1000):
        super().__init__()
        self.patches = nn.Conv2d(3, hidden, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, hidden))
        self.positions = nn.Parameter(torch.randn(1, (image // patch) ** 2 + 1, hidden) * 0.02)
        self.blocks = nn.Sequential(*(Block(hidden, heads, mlp, fused) for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(hidden), nn.Linear(hidden, classes)

    def forward(self, images):
        x = self.patches(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.positions
        return self.head(self.norm(self.blocks(x))[:, 0])


def main():
    batch, fused = int(sys.argv[1]), sys.argv[2] == "fused"
    before = resident("VmRSS")
    model = ViT(fused)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
    images, labels = torch.randn(batch, 3, 224, 224), torch.randint(1000, (batch,))
    F.cross_entropy(model(images), labels).backward()
    optimizer.step()
    print(json.dumps({"version": torch.__version__, "resident_before": before, "resident": resident("VmHWM")}))


if __name__ == "__main__":
    main()
