# SPDX-License-Identifier: MIT
"""Converted blocks under autograd: what it saves, and what it lets a program do."""
import pytest
import torch

import slimfit_torch
from conftest import bert, check_gradients, gradients, is_key_bias, library_path, relative_error, saved_by_blocks, vit
from slimfit_torch import library, ops
from slimfit_torch.convert import converted_blocks


@pytest.mark.parametrize("policy", ["exact", "slim"])
@pytest.mark.parametrize("make", [vit, bert])
def test_saved_bytes_are_planned(make, policy):
    model, inputs = make()
    slimfit_torch.convert(model, policy)
    units = slimfit_torch.units_of(model)
    whole = slimfit_torch.plan(model, inputs)
    assert saved_by_blocks(model, inputs) == whole.saved
    for i, (_, each) in enumerate(units):
        each.requires_grad_(i % 5 == 0)
    some = slimfit_torch.plan(model, inputs)
    assert saved_by_blocks(model, inputs) == some.saved
    for _, each in units:
        each.requires_grad_(False)
    least = slimfit_torch.plan(model, inputs)
    assert saved_by_blocks(model, inputs) == least.saved == whole.saved_static
    assert whole.saved >= some.saved >= least.saved
    assert whole.gradients - least.gradients == sum(each.nbytes for _, each in units)
    assert sum(each["bytes"] for block in whole.matrices.values() for each in block) == whole.saved
    assert "kept by the blocks" in str(whole)


def test_plan_knows_batches():
    model, inputs = vit()
    slimfit_torch.convert(model, "exact")
    expected = slimfit_torch.plan(model, (3, 17))
    assert slimfit_torch.plan(model, inputs) == slimfit_torch.plan(model, inputs["pixel_values"]) == expected
    with pytest.raises(slimfit_torch.ConversionError, match="call convert first"):
        slimfit_torch.plan(slimfit_torch.restore(model), inputs)


def test_frozen_weights_get_no_gradient_and_others_the_same():
    model, inputs = bert()
    slimfit_torch.convert(model, "exact")
    _, expected = gradients(model, inputs)
    frozen = [name for i, (name, _) in enumerate(model.named_parameters()) if i % 3 == 0]
    for name, each in model.named_parameters():
        each.requires_grad_(name not in frozen)
    _, found = gradients(model, inputs)
    assert not set(frozen) & set(found)
    check_gradients(found, {name: each for name, each in expected.items() if name not in frozen}, 1e-6)


def test_nothing_is_kept_without_gradients():
    model, inputs = vit()
    slimfit_torch.convert(model, "slim")
    logits = model(**inputs).logits.detach()
    with torch.no_grad():
        assert saved_by_blocks(model, inputs) == 0
        assert torch.equal(model(**inputs).logits, logits)
    with torch.inference_mode():
        assert torch.equal(model(**inputs).logits, logits)


def test_two_graphs_in_any_order():
    model, inputs = vit()
    slimfit_torch.convert(model, "slim")
    other = dict(inputs, pixel_values=inputs["pixel_values"].flip(0) * 0.5)
    _, first = gradients(model, inputs)
    _, second = gradients(model, other)
    for order in ((0, 1), (1, 0)):
        model.zero_grad()
        losses = [model(**inputs).loss, model(**other).loss]
        for i in order:
            losses[i].backward()
        for name, each in model.named_parameters():
            assert torch.allclose(each.grad, first[name] + second[name], rtol=1e-5, atol=1e-7)


def test_a_graph_may_be_kept():
    model, inputs = bert()
    slimfit_torch.convert(model, "slim")
    _, once = gradients(model, inputs)
    model.zero_grad()
    loss = model(**inputs).loss
    loss.backward(retain_graph=True)
    assert all(torch.equal(each.grad, once[name]) for name, each in model.named_parameters())
    loss.backward()
    assert all(torch.equal(each.grad, 2 * once[name]) for name, each in model.named_parameters())


def test_weights_that_were_changed_are_refused():
    model, inputs = bert()
    slimfit_torch.convert(model, "exact")
    loss = model(**inputs).loss
    with torch.no_grad():
        model.bert.encoder.layer[0].intermediate.dense.weight.mul_(1.1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_double_backward_is_refused():
    model, inputs = vit()
    slimfit_torch.convert(model, "exact")
    inputs["pixel_values"].requires_grad_(True)
    gradient, = torch.autograd.grad(model(**inputs).loss, inputs["pixel_values"], create_graph=True)
    with pytest.raises(RuntimeError, match="slimfit: a layer's backward pass was differentiated"):
        gradient.square().sum().backward()


def test_tapes_may_move():
    model, inputs = bert()
    slimfit_torch.convert(model, "slim")
    _, expected = gradients(model, inputs)
    model.zero_grad()
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor.clone(), lambda tensor: tensor.clone()):
        loss = model(**inputs).loss
    loss.backward()
    assert all(torch.equal(each.grad, expected[name]) for name, each in model.named_parameters())


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpointing(reentrant):
    model, inputs = bert(hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1)
    slimfit_torch.convert(model, "exact").train()
    torch.manual_seed(5)
    _, expected = gradients(model, inputs)
    model.gradient_checkpointing_enable({"use_reentrant": reentrant})
    torch.manual_seed(5)
    _, found = gradients(model, inputs)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], each) for name, each in expected.items())


def test_dropout_follows_torchs_seed():
    model, inputs = bert(hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1)
    expected = model(**inputs).logits
    slimfit_torch.convert(model, "exact")
    assert relative_error(model(**inputs).logits, expected) < 2e-6  # not in evaluation
    model.train()
    model.bert.embeddings.dropout.p = model.dropout.p = 0.0
    results = []
    for seed in (1, 2, 1):
        torch.manual_seed(seed)
        results.append(model(**inputs).logits.detach())
    assert torch.equal(results[0], results[2])
    assert relative_error(results[0], results[1]) > 1e-3


def test_gradients_under_dropout_are_differences_of_the_loss():
    model, inputs = bert(hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1)
    slimfit_torch.convert(model, "exact").train()

    def loss_at():
        torch.manual_seed(3)
        return model(**inputs).loss

    loss_at().backward()
    for weight in (model.bert.encoder.layer[0].output.dense.weight,
                   model.bert.encoder.layer[0].attention.self.value.weight):
        slope = float(weight.grad.norm())
        direction = weight.grad / slope
        step = 1e-2
        with torch.no_grad():
            before = weight.clone()
            weight.copy_(before + step * direction)
            above = float(loss_at())
            weight.copy_(before - step * direction)
            below = float(loss_at())
            weight.copy_(before)
        assert abs((above - below) / (2 * step) - slope) < 0.02 * slope


def test_the_operator_passes_torchs_checks():
    model, _ = vit()
    slimfit_torch.convert(model, "exact")
    block = converted_blocks(model)[0][1]
    parameters = block.slimfit_runner.parameters(block)
    rows = torch.randn(2, 5, 64, requires_grad=True)
    wanted = [each.requires_grad for each in parameters]
    torch.library.opcheck(ops.layer, (rows, parameters, None, None, library_path(block), wanted, True),
                          test_utils=("test_schema", "test_faketensor", "test_autograd_registration"))


@pytest.mark.parametrize("make", [vit, bert])
def test_compile_does_not_break_the_graph(make):
    model, inputs = make()
    slimfit_torch.convert(model, "exact")
    loss, expected = gradients(model, inputs)
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    model.zero_grad()
    found = compiled(**inputs).loss
    assert abs(found - loss) < 1e-6
    found.backward()
    assert all(relative_error(each.grad, expected[name]) < 1e-5 for name, each in model.named_parameters()
               if not is_key_bias(name))


def test_threads_do_not_change_bits():
    model, inputs = vit()
    slimfit_torch.convert(model, "slim")
    block = converted_blocks(model)[0][1]
    before = torch.get_num_threads()
    rows = torch.randn(4, 17, 64)
    results = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            model.zero_grad()
            output = block(rows)
            output = output[0] if isinstance(output, tuple) else output
            output.backward(rows)
            results.append([output.detach(), *(each.grad.clone() for each in block.parameters())])
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other))


def test_the_library_describes_itself():
    model, _ = vit()
    slimfit_torch.convert(model, "exact")
    facts = library.load(library_path(converted_blocks(model)[0][1])).facts
    assert facts["scalar"] == "float"
    assert facts["device"] == "host"
    assert facts["version"] == slimfit_torch.__version__
