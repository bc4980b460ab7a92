# SPDX-License-Identifier: MIT
"""DistributedDataParallel over two processes: gradients and trained weights are one process's on the whole batch."""
import os
import subprocess
import sys

import pytest
import torch

import slimfit_torch
from conftest import bert, check_gradients, relative_error, vit

STEPS = 6


def half(inputs, rank):
    return {name: each[2 * rank:2 * rank + 2] for name, each in inputs.items()}


def batch(make):
    """A model and four samples, which two processes can share."""
    model, inputs = make()
    inputs = {name: torch.cat([each, each.flip(0)])[:4] for name, each in inputs.items()}
    return model, inputs


def one_backward(model, wrapped, inputs):
    wrapped(**inputs).loss.backward()
    return {name: each.grad for name, each in model.named_parameters()}


def train(model, wrapped, inputs):
    """With inter-layer freezing; the names that were chosen, and the weights."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    freezing = slimfit_torch.Freezing(model, optimizer, rate=0.75, seed=3)
    chosen = []
    for _ in range(STEPS):
        freezing.begin_step()
        wrapped(**inputs).loss.backward()
        freezing.step()
        optimizer.zero_grad()
        chosen.append(freezing.names())
    return chosen, {name: each.detach() for name, each in model.named_parameters()}


def main(name, rank, folder):
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    model, inputs = batch({"vit": vit, "bert": bert}[name])
    slimfit_torch.convert(model, "exact")
    mine = half(inputs, rank)
    found = one_backward(model, torch.nn.parallel.DistributedDataParallel(model), mine)
    found = {key: each.clone() for key, each in found.items()}
    model.zero_grad()
    chosen, weights = train(model, torch.nn.parallel.DistributedDataParallel(model, find_unused_parameters=True), mine)
    torch.save({"gradients": found, "chosen": chosen, "weights": weights}, f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.skipif(not torch.distributed.is_available() or not torch.distributed.is_gloo_available(),
                    reason="this torch has no gloo")
@pytest.mark.parametrize("make", [vit, bert])
def test_two_processes(make, tmp_path):
    model, inputs = batch(make)
    slimfit_torch.convert(model, "exact")
    expected = one_backward(model, model, inputs)
    expected = {key: each.clone() for key, each in expected.items()}
    model.zero_grad()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    running = [subprocess.Popen([sys.executable, __file__, make.__name__, str(rank), str(tmp_path)], env=environment)
               for rank in range(2)]
    assert [each.wait(300) for each in running] == [0, 0]
    both = [torch.load(tmp_path / f"{rank}.pt") for rank in range(2)]
    for each in both:
        check_gradients(each["gradients"], expected, 4e-6)
    chosen, weights = train(model, model, inputs)
    for each in both:
        assert each["chosen"] == chosen
        for name, weight in each["weights"].items():
            assert torch.equal(weight, both[0]["weights"][name])
            assert relative_error(weight, weights[name]) < 1e-5, name


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
