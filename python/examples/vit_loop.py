# SPDX-License-Identifier: MIT
"""A loop of one's own: a ViT of transformers, its blocks run by slimfit, a share of its weights frozen in each step.

    python examples/vit_loop.py                                    # random weights, drawn pictures
    python examples/vit_loop.py --model facebook/dinov2-small --pictures FOLDER --batch 32

FOLDER holds CIFAR-10's binary files (data_batch_1.bin, test_batch.bin).
"""
import argparse
import pathlib
import time

import torch
from transformers import AutoModelForImageClassification, ViTConfig, ViTForImageClassification

import slimfit_torch


def drawn_pictures(count, side):
    """Stripes whose width is the label, with noise."""
    labels = torch.randint(0, 10, (count,))
    waves = torch.sin(torch.arange(side) * (labels[:, None] + 1) * 0.4 + torch.rand(count, 1) * 6)
    return waves[:, None, None].expand(count, 3, side, side) + 0.3 * torch.randn(count, 3, side, side), labels


def cifar(path, side):
    records = torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.uint8).reshape(-1, 3073)
    pictures = torch.nn.functional.interpolate(records[:, 1:].reshape(-1, 3, 32, 32) / 255, (side, side), mode="bilinear")
    return (pictures - 0.45) / 0.25, records[:, 0].long()


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="of the hub, or a folder; none: random weights")
    parser.add_argument("--pictures", type=pathlib.Path)
    parser.add_argument("--policy", default="slim", help="'none' leaves the model to torch")
    parser.add_argument("--rate", type=float, default=0.75, help="share of the weights that is frozen in each step")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--lr", type=float, default=3e-4)
    parser.add_argument("--test", type=int, default=2000, help="pictures that are tested at the end")
    parser.add_argument("--seed", type=int, default=0)
    return parser


def run(arguments, watch=lambda model: None):
    """Trains a model and returns its accuracy and the seconds of each step. watch(model): called before the first step."""
    torch.manual_seed(arguments.seed)
    if arguments.model:
        model = AutoModelForImageClassification.from_pretrained(arguments.model, num_labels=10)
    else:
        model = ViTForImageClassification(ViTConfig(hidden_size=192, num_hidden_layers=4, num_attention_heads=3,
                                                    intermediate_size=768, image_size=32, patch_size=4, num_labels=10))
    side = model.config.image_size
    if arguments.pictures:
        train, test = (cifar(arguments.pictures / f"{name}.bin", side) for name in ("data_batch_1", "test_batch"))
    else:
        train, test = drawn_pictures(2000, side), drawn_pictures(200, side)
    test = [part[:arguments.test] for part in test]

    if arguments.policy != "none":
        slimfit_torch.convert(model, policy=arguments.policy)
        print(slimfit_torch.plan(model, train[0][:arguments.batch]))
    optimizer = torch.optim.AdamW(model.parameters(), lr=arguments.lr)
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, arguments.steps)
    freezing = slimfit_torch.Freezing(model, optimizer, rate=arguments.rate, seed=arguments.seed)

    watch(model)
    model.train()
    seconds = []
    for step in range(arguments.steps):
        chosen = torch.randint(0, len(train[0]), (arguments.batch,))
        begin = time.perf_counter()
        freezing.begin_step()
        loss = model(pixel_values=train[0][chosen], labels=train[1][chosen]).loss
        loss.backward()
        freezing.step()
        optimizer.zero_grad()
        falling.step()
        seconds.append(time.perf_counter() - begin)
        if step % 10 == 9:
            print(f"step {step + 1}: loss {float(loss.detach()):.3f}, {len(freezing.names())} of {len(freezing.units)} units "
                  f"updated, {sum(seconds) / len(seconds):.3f} s a step")
    model.eval()
    with torch.no_grad():
        right = [(model(pixel_values=part).logits.argmax(1) == labels).sum()
                 for part, labels in zip(test[0].split(50), test[1].split(50))]
    return float(sum(right)) / len(test[1]), seconds


if __name__ == "__main__":
    print(f"accuracy {run(options().parse_args())[0]:.3f}")
