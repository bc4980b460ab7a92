# SPDX-License-Identifier: MIT
"""Compares a training step of a model by torch alone with one by slimfit: bytes that are saved for the backward pass, the
error of gradients against torch in double, and the time of a step. Weights are random; what is saved does not depend on
them.

    python bench/compare.py --model vit --threads 1 2
"""
import argparse
import copy
import math
import statistics
import time

import torch
from transformers import BertConfig, BertForSequenceClassification, ViTConfig, ViTForImageClassification

import slimfit_torch
from measures import counting_saved


def vit(batch):
    config = ViTConfig(hidden_size=384, num_hidden_layers=12, num_attention_heads=6, intermediate_size=1536,
                       num_labels=10, attn_implementation="sdpa")
    inputs = {"pixel_values": torch.randn(batch, 3, 224, 224), "labels": torch.arange(batch) % 10}
    return ViTForImageClassification(config), inputs, batch * 197


def bert(batch):
    config = BertConfig(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536, num_labels=2,
                        attn_implementation="sdpa")
    inputs = {"input_ids": torch.randint(999, 30000, (batch, 128)), "labels": torch.arange(batch) % 2}
    return BertForSequenceClassification(config), inputs, batch * 128


def step(model, inputs):
    loss = model(**inputs).loss
    loss.backward()
    return loss


def saved_bytes(model, inputs):
    book = []
    with counting_saved(model, book):
        loss = model(**inputs).loss
    loss.backward()
    model.zero_grad()
    return sum(book)


def gradients(model, inputs):
    model.zero_grad()
    step(model, inputs)
    found = {name: each.grad.clone() for name, each in model.named_parameters() if each.grad is not None}
    model.zero_grad()
    return found


def errors(found, expected):
    """The relative error of all gradients together, and the largest of a parameter's, but for keys' biases, whose
    gradients are 0 but for rounding."""
    names = [name for name in expected if not name.endswith(("k_proj.bias", "key.bias"))]
    distances = {name: float((found[name].double() - expected[name]).norm()) for name in names}
    sizes = {name: float(expected[name].norm()) for name in names}
    whole = math.hypot(*distances.values()) / math.hypot(*sizes.values())
    return whole, max(distances[name] / sizes[name] for name in names)


def freeze(model, share):
    """Leaves so many of the units trainable, spread over the model, and the head and biases."""
    units = slimfit_torch.units_of(model)
    active = max(round((1 - share) * len(units)), 1)
    kept = {round((i + 0.5) * len(units) / active) for i in range(active)}
    for i, (_, each) in enumerate(units):
        each.requires_grad_(i in kept)
    return len(kept), len(units)


def seconds(run, repeats):
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return times


def measure(name, make, batch, threads, repeats):
    torch.manual_seed(0)
    model, inputs, tokens = make(batch)
    model.train()
    for module in model.modules():  # the comparison of gradients is without dropout
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    for share in (0.0, 0.95):
        if share > 0:
            active, units = freeze(model, share)
            print(f"{name}: {active} of {units} units, head and biases trained")
        slimfit_torch.restore(model)
        plain = saved_bytes(model, inputs)
        expected = gradients(copy.deepcopy(model).double(), {name: each.double() if each.is_floating_point() else each
                                                             for name, each in inputs.items()})
        rows = [("torch, sdpa", plain, errors(gradients(model, inputs), expected))]
        for policy in ("exact", "slim_8bit", "slim"):
            slimfit_torch.convert(model, policy)
            rows.append((policy, saved_bytes(model, inputs), errors(gradients(model, inputs), expected)))
        for label, saved, (whole, worst) in rows:
            print(f"{name}, {share:.0%} frozen: {label:<12} {saved / tokens:>10,.0f} bytes/token {plain / saved:>5.1f}x   "
                  f"error of all gradients {whole:.1e}, of a parameter's at most {worst:.1e}")
        for count in threads:
            torch.set_num_threads(count)
            for policy in ("exact", "slim"):
                ratios, ours, theirs = [], [], []
                for _ in range(repeats):  # in turns, because a machine is not always as fast
                    slimfit_torch.restore(model)
                    theirs += seconds(lambda: step(model, inputs), 1)
                    slimfit_torch.convert(model, policy)
                    ours += seconds(lambda: step(model, inputs), 1)
                    ratios.append(ours[-1] / theirs[-1])
                model.zero_grad()
                print(f"{name}, {share:.0%} frozen, {count} threads: torch {statistics.median(theirs):.3f} s, {policy} "
                      f"{statistics.median(ours):.3f} s a step, median ratio {statistics.median(ratios):.2f}, least "
                      f"{min(ours) / min(theirs):.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=["vit", "bert"], nargs="+", default=["vit", "bert"])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    for name in arguments.model:
        measure(name, {"vit": vit, "bert": bert}[name], arguments.batch, arguments.threads, arguments.repeats)


if __name__ == "__main__":
    main()
