# SPDX-License-Identifier: MIT
"""Blocks in bfloat16: models of such weights, and autocast over models in float."""
import copy

import pytest
import torch

import slimfit_torch
from conftest import bert, gradients, is_key_bias, relative_error, saved_by_blocks, vit
from slimfit_torch.convert import converted_blocks


def cast(inputs):
    return {name: each.bfloat16() if each.is_floating_point() else each for name, each in inputs.items()}


def distance(found, expected):
    """Of all gradients together, but for what is 0 but for rounding."""
    names = [name for name in expected if not is_key_bias(name)]
    square = lambda values: sum(float(each.double().square().sum()) for each in values)
    return (square(found[name].double() - expected[name].double() for name in names) /
            square(expected[name] for name in names)) ** 0.5


@pytest.mark.parametrize("make", [vit, bert])
def test_a_model_in_bfloat16_is_as_near_as_torchs(make):
    model, inputs = make()
    loss, expected = gradients(model, inputs)
    model.bfloat16()
    inputs = cast(inputs)
    torchs_loss, torchs = gradients(model, inputs)
    slimfit_torch.convert(model, "exact")
    found_loss, found = gradients(model, inputs)
    assert all(each.dtype == torch.bfloat16 for each in found.values())
    assert abs(found_loss - loss) < 2 * abs(torchs_loss - loss) + 0.02
    assert 1e-4 < distance(found, expected) < 1.5 * distance(torchs, expected)


@pytest.mark.parametrize("policy", ["exact", "slim"])
@pytest.mark.parametrize("make", [vit, bert])
def test_autocast(make, policy):
    model, inputs = make()
    _, expected = gradients(model, inputs)
    torchs = copy.deepcopy(model)
    slimfit_torch.convert(model, policy)
    in_float = slimfit_torch.plan(model, inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        _, theirs = gradients(torchs, inputs)
        _, found = gradients(model, inputs)
        planned = slimfit_torch.plan(model, inputs)
        assert saved_by_blocks(model, inputs) == planned.saved
    assert in_float.copies == 0
    assert planned.copies == 2 * sum(each.numel() for _, block in converted_blocks(model) for each in block.parameters())
    assert planned.saved < 0.6 * in_float.saved if policy == "exact" else planned.saved == in_float.saved  # the same codes
    assert all(each.dtype == torch.float32 for each in found.values())
    assert all(each.dtype == torch.float32 for each in model.parameters())
    bound = 1.5 * distance(theirs, expected) + (0 if policy == "exact" else 0.25)
    assert 1e-4 < distance(found, expected) < bound


def test_autocast_keeps_the_kind_of_the_rows():
    model, _ = bert()
    slimfit_torch.convert(model, "exact")
    block = converted_blocks(model)[0][1]
    for kind in (torch.float32, torch.bfloat16):
        rows = torch.randn(2, 5, 64).to(kind).requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = block(rows)
            output = output[0] if isinstance(output, tuple) else output
        assert output.dtype == kind
        output.backward(rows.detach())
        assert rows.grad.dtype == kind


def test_autocast_to_float16_leaves_blocks_in_float():
    model, inputs = vit()
    slimfit_torch.convert(model, "exact")
    rows = torch.randn(2, 5, 64)
    block = converted_blocks(model)[0][1]
    expected = block(rows)
    with torch.autocast("cpu", dtype=torch.float16):
        found = block(rows)
    assert all(torch.equal(a, b) for a, b in zip(found, expected))


def test_frozen_weights_and_no_gradients_under_autocast():
    model, inputs = bert()
    slimfit_torch.convert(model, "slim")
    for _, each in slimfit_torch.units_of(model):
        each.requires_grad_(False)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        least = slimfit_torch.plan(model, inputs)
        assert saved_by_blocks(model, inputs) == least.saved == least.saved_static
        with torch.no_grad():
            assert saved_by_blocks(model, inputs) == 0


def test_compile_under_autocast():
    model, inputs = vit()
    slimfit_torch.convert(model, "exact")
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        expected, gradient = gradients(model, inputs)
        model.zero_grad()
        found = compiled(**inputs).loss
    found.backward()
    assert relative_error(found, expected) < 0.02
    assert all(relative_error(each.grad, gradient[name]) < 0.05 for name, each in model.named_parameters()
               if not is_key_bias(name))
