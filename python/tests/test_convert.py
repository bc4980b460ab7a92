# SPDX-License-Identifier: MIT
"""Converted models give torch's numbers, in place."""
import copy

import pytest
import torch

import slimfit_torch
from conftest import MODELS, bert, check_gradients, gradients, images, relative_error, text, vit
from slimfit_torch.convert import converted_blocks


@pytest.mark.parametrize("name", MODELS)
def test_exact_has_torchs_numbers(name):
    model, inputs = MODELS[name]()
    loss, expected = gradients(model, inputs)
    logits = model(**inputs).logits.detach()
    assert slimfit_torch.convert(model, "exact") is model
    found_loss, found = gradients(model, inputs)
    assert abs(found_loss - loss) < 2e-6
    assert relative_error(model(**inputs).logits, logits) < 2e-6
    check_gradients(found, expected, 4e-6)


@pytest.mark.parametrize("make", [vit, bert])
def test_slim_is_near(make):
    model, inputs = make()
    _, expected = gradients(model, inputs)
    slimfit_torch.convert(model, "slim")
    _, found = gradients(model, inputs)
    check_gradients(found, expected, 0.25)
    worst = max(relative_error(found[name], each) for name, each in expected.items() if "weight" in name)
    assert worst > 1e-3  # it is not the exact policy that ran


@pytest.mark.parametrize("make", [vit, bert])
def test_nothing_but_classes_changes(make):
    model, inputs = make()
    names = [name for name, _ in model.named_parameters()]
    parameters = list(model.parameters())
    state = {name: each.clone() for name, each in model.state_dict().items()}
    parameters[0].requires_grad_(False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    kinds = [type(module) for module in model.modules()]
    slimfit_torch.convert(model, "exact")
    assert [name for name, _ in model.named_parameters()] == names
    assert all(a is b for a, b in zip(model.parameters(), parameters))
    assert not parameters[0].requires_grad
    assert model.state_dict().keys() == state.keys()
    assert all(isinstance(module, kind) for module, kind in zip(model.modules(), kinds))
    model(**inputs).loss.backward()
    optimizer.step()
    moved = model.state_dict()
    assert torch.equal(moved[names[0]], state[names[0]])
    assert all(torch.equal(moved[name], state[name]) == (name == names[0]) for name in names if "weight" in name)
    model.load_state_dict(state)
    slimfit_torch.restore(model)
    assert [type(module) for module in model.modules()] == kinds


def test_a_policy_for_each_block_and_cpp_text():
    model, inputs = vit()
    _, expected = gradients(model, inputs)
    own = "struct my_policy : slimfit::policy::exact { using chunk = slimfit::chunk::tokens<32>; };"
    slimfit_torch.convert(model, ["exact", own])
    check_gradients(gradients(model, inputs)[1], expected, 4e-6)
    with pytest.raises(slimfit_torch.ConversionError, match="policy has 1 entries, expected one for each of 2 blocks"):
        slimfit_torch.convert(model, ["exact"])


def test_wrong_policies_are_named():
    model, _ = vit()
    with pytest.raises(ValueError, match="policy is 'slimm', expected one of eager, paper, exact, slim"):
        slimfit_torch.convert(model, "slimm")
    with pytest.raises(slimfit_torch.CompilerError, match="policy: a member is misspelt, so it would change nothing"):
        slimfit_torch.convert(model, "struct my_policy : slimfit::policy::slim { using linear_imput = int; };")
    with pytest.raises(slimfit_torch.CompilerError, match="gradient_checkpointing_enable"):
        slimfit_torch.convert(model, "policy::slim_recomputed")
    assert not any(hasattr(module, "slimfit_runner") for module in model.modules())


def test_hidden_states_are_torchs():
    model, inputs = bert()
    expected = model(**inputs, output_hidden_states=True).hidden_states
    slimfit_torch.convert(model, "exact")
    found = model(**inputs, output_hidden_states=True).hidden_states
    assert len(found) == len(expected) == 3
    for a, b in zip(found, expected):
        assert relative_error(a, b) < 2e-6


@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
@pytest.mark.parametrize("lengths", [(10, 10, 10), (10, 4, 7), (1, 2, 10)])
def test_masks(implementation, lengths):
    model, _ = bert(attn_implementation=implementation)
    inputs = text(lengths)
    left = {name: each.flip(1) if each.dim() == 2 else each for name, each in inputs.items()}
    holes = dict(inputs, attention_mask=inputs["attention_mask"].clone())
    holes["attention_mask"][2] = torch.tensor([1, 0, 1, 1, 0, 1, 0, 0, 1, 0])
    without = {name: each for name, each in inputs.items() if name != "attention_mask"}
    for batch in (inputs, left, holes, without):
        inner = {name: each for name, each in batch.items() if name != "labels"}
        slimfit_torch.restore(model)
        _, expected = gradients(model, batch)
        rows = model.bert(**inner).last_hidden_state
        slimfit_torch.convert(model, "exact")
        check_gradients(gradients(model, batch)[1], expected, 4e-6)
        assert relative_error(model.bert(**inner).last_hidden_state, rows) < 2e-6  # padding's rows too


def test_masks_that_cannot_be_are_refused():
    model, _ = bert()
    slimfit_torch.convert(model, "exact")
    block = model.bert.encoder.layer[0]
    rows = torch.randn(3, 10, 64)
    with pytest.raises(ValueError, match="differs from query to query"):
        block(rows, torch.ones(10, 10, dtype=torch.bool).tril()[None, None].expand(3, 1, 10, 10))
    with pytest.raises(ValueError, match="adds numbers to scores"):
        block(rows, torch.full((3, 1, 1, 10), 0.5))
    with pytest.raises(ValueError, match="any token of sequence 1"):
        block(rows, torch.tensor([[1] * 10, [0] * 10, [1] * 10]))
    with pytest.raises(ValueError, match=r"has shape \(3, 2, 10, 10\)"):
        block(rows, torch.ones(3, 2, 10, 10, dtype=torch.bool))
    with pytest.raises(slimfit_torch.ConversionError, match="called with encoder_hidden_states"):
        block(rows, encoder_hidden_states=rows)


def test_attention_weights_are_refused():
    model, inputs = bert(attn_implementation="eager")
    slimfit_torch.convert(model, "exact")
    with pytest.raises(slimfit_torch.ConversionError, match="output_attentions"):
        model(**inputs, output_attentions=True)
    model.config.output_attentions = True
    with pytest.raises(slimfit_torch.ConversionError, match="output_attentions"):
        model(**inputs)


def test_replaced_linears_and_hooks_are_refused():
    class Adapter(torch.nn.Module):
        def __init__(self, base):
            super().__init__()
            self.weight, self.bias = base.weight, base.bias

        def forward(self, x):
            return torch.nn.functional.linear(x, self.weight, self.bias) + 1

    model, inputs = bert()
    slimfit_torch.convert(model, "exact")
    attention = model.bert.encoder.layer[1].attention.self
    linear = attention.query
    attention.query = Adapter(linear)
    with pytest.raises(slimfit_torch.ConversionError, match="LoRA adapter"):
        model(**inputs)
    with pytest.raises(slimfit_torch.ConversionError, match="encoder.layer.1.attention.self.query"):
        slimfit_torch.convert(model, "exact")
    attention.query = linear
    model(**inputs)
    linear.register_forward_hook(lambda module, inputs, output: None)
    with pytest.raises(slimfit_torch.ConversionError, match="has hooks, which would not be called"):
        model(**inputs)


@pytest.mark.parametrize("changes, sentence", [
    ({"hidden_act": "relu"}, "expected GELU"),
    ({"qkv_bias": False}, "qkv_bias is False, expected True"),
    ({"hidden_dropout_prob": 0.125}, "a dropout probability is 0.125"),
])
def test_blocks_that_cannot_be_are_refused(changes, sentence):
    model, _ = vit(**changes)
    kinds = [type(module) for module in model.modules()]
    with pytest.raises(slimfit_torch.ConversionError, match=sentence):
        slimfit_torch.convert(model, "exact")
    assert [type(module) for module in model.modules()] == kinds


def test_other_models_are_refused():
    with pytest.raises(slimfit_torch.ConversionError, match="Linear has no blocks that slimfit knows"):
        slimfit_torch.convert(torch.nn.Linear(2, 2))


def test_other_numbers_are_refused():
    model, inputs = vit()
    slimfit_torch.convert(model, "exact")
    with pytest.raises(slimfit_torch.ConversionError, match="numbers of torch.float64 on cpu, expected float32 or bfloat16"):
        model.double()(pixel_values=inputs["pixel_values"].double())
    with pytest.raises(slimfit_torch.ConversionError, match="rows of torch.bfloat16 on cpu and has weights of torch.float32"):
        converted_blocks(model.float())[0][1](torch.zeros(1, 3, 64, dtype=torch.bfloat16))


def test_copies_are_independent():
    model, inputs = vit()
    slimfit_torch.convert(model, "exact")
    twin = copy.deepcopy(model)
    _, expected = gradients(model, inputs)
    _, found = gradients(twin, inputs)
    assert all(torch.equal(found[name], each) for name, each in expected.items())
    with torch.no_grad():
        next(twin.parameters()).zero_()
    assert not torch.equal(twin(**images()).logits, model(**images()).logits)


def test_without_a_compiler_it_says_what_to_install(monkeypatch, tmp_path):
    model, _ = vit()
    monkeypatch.setenv("SLIMFIT_CACHE", str(tmp_path))
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(slimfit_torch.CompilerError, match="(?s)CXX is no-such-compiler.*apt install g\\+\\+"):
        slimfit_torch.convert(model, "exact")


def test_libraries_are_kept(monkeypatch):
    model, _ = vit()
    slimfit_torch.convert(model, "exact")

    def refuse(*_args, **_kwargs):
        raise AssertionError("compiled again")

    monkeypatch.setattr("slimfit_torch.compiler.subprocess.run", refuse)
    slimfit_torch.convert(vit()[0], "exact")
    with pytest.raises(AssertionError):
        slimfit_torch.convert(vit()[0], "policy::changed<policy::exact, policy::coded_gelu<1>>")
