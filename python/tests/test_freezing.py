# SPDX-License-Identifier: MIT
"""Inter-layer freezing: the schedule is the library's, frozen weights do not move, and it goes on from a checkpoint."""
import json

import pytest
import torch
import transformers

import slimfit_torch
from conftest import bert, text, vit
from slimfit_torch.freezing import relative_update


def test_relative_update():
    before = torch.tensor([1.0, -2.0, 0.0, 4.0])
    assert relative_update(before, torch.tensor([1.5, -1.0, 7.0, 4.0])) == pytest.approx((0.5 + 0.5) / 4)


def test_units_are_weights_and_norms_without_the_head():
    model, _ = vit()
    names = [name for name, _ in slimfit_torch.units_of(model)]
    assert len(names) == 3 + 2 * 8 + 1  # tokens, positions, patches; per block; the last normalisation
    assert not any("bias" in name or "classifier" in name for name in names)


def test_a_plain_loop():
    torch.manual_seed(0)
    model, inputs = vit()
    slimfit_torch.convert(model, "slim").train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
    freezing = slimfit_torch.Freezing(model, optimizer, rate=0.75, seed=2)
    units = len(freezing.units)
    losses, chosen = [], set()
    for _ in range(12):
        before = {name: each.detach().clone() for name, each in model.named_parameters()}
        freezing.begin_step()
        loss = model(**inputs).loss
        loss.backward()
        freezing.step()
        optimizer.zero_grad()
        active = set(freezing.names())
        assert len(active) == units - int(0.75 * units)
        chosen |= active
        frozen = {name for name, _ in freezing.units} - active
        for name, each in model.named_parameters():
            assert torch.equal(each, before[name]) == (name in frozen), name
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    assert len(chosen) == units  # each was active once before distances rank them
    freezing.thaw()
    assert all(each.requires_grad for each in model.parameters())


def run(model, inputs, steps, freezing, optimizer):
    names = []
    for _ in range(steps):
        freezing.begin_step()
        model(**inputs).loss.backward()
        freezing.step()
        optimizer.zero_grad()
        names.append(freezing.names())
    return names


def test_it_goes_on_from_a_checkpoint():
    choices = []
    for stop in (False, True):
        model, inputs = vit()
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
        freezing = slimfit_torch.Freezing(model, optimizer, rate=0.5)
        names = run(model, inputs, 15, freezing, optimizer)
        if stop:
            state = json.loads(json.dumps(freezing.state_dict()))
            freezing.thaw()
            freezing = slimfit_torch.Freezing(model, optimizer, rate=0.5, seed=9)
            freezing.load_state_dict(state)
        choices.append(names + run(model, inputs, 10, freezing, optimizer))
    assert choices[0] == choices[1]


def test_order_of_calls_and_arguments():
    model, _ = vit()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    freezing = slimfit_torch.Freezing(model, optimizer, rate=0.5)
    with pytest.raises(RuntimeError, match=r"step\(\) needs a begin_step\(\)"):
        freezing.step()
    freezing.begin_step()
    with pytest.raises(RuntimeError, match=r"begin_step\(\) follows begin_step\(\)"):
        freezing.begin_step()
    with pytest.raises(ValueError, match="rate is 75, expected the share"):
        slimfit_torch.Schedule(4, 75)
    with pytest.raises(ValueError, match="freezing rate is 0.5"):
        slimfit_torch.Schedule(4, 0.005)
    with pytest.raises(ValueError, match="state has 3 numbers"):
        slimfit_torch.Schedule(4, 0.5).load_state_dict({"numbers": [1, 2, 3]})


class Sentences(torch.utils.data.Dataset):
    def __len__(self):
        return 24

    def __getitem__(self, i):
        return {name: each[i] for name, each in text((10,) * 24).items()}


class Recorder(slimfit_torch.InterLayerFreezing):
    chosen = None

    def on_optimizer_step(self, args, state, control, **kwargs):
        super().on_optimizer_step(args, state, control, **kwargs)
        self.chosen = (self.chosen or []) + [self.freezing.names()]


def train(folder, steps, resume=None, accumulate=1):
    pytest.importorskip("accelerate", reason="transformers' Trainer needs accelerate")
    model, _ = bert()
    slimfit_torch.convert(model, "slim")
    arguments = transformers.TrainingArguments(
        output_dir=str(folder), max_steps=steps, per_device_train_batch_size=4, save_steps=4, learning_rate=1e-3,
        lr_scheduler_type="constant", report_to=[], use_cpu=True, logging_steps=100,
        gradient_accumulation_steps=accumulate, disable_tqdm=True)
    recorder = Recorder(0.75)
    transformers.Trainer(model, arguments, train_dataset=Sentences(), callbacks=[recorder]).train(
        resume_from_checkpoint=resume)
    assert all(each.requires_grad for each in model.parameters())
    return recorder


def test_the_trainer(tmp_path):
    recorder = train(tmp_path / "whole", 8)
    units = len(recorder.freezing.units)
    assert [len(names) for names in recorder.chosen] == [units - int(0.75 * units)] * 8
    assert len({name for names in recorder.chosen for name in names}) == units
    if int(transformers.__version__.split(".")[0]) < 5:
        return  # its Trainer cannot read its own checkpoints under a newer torch
    train(tmp_path / "parts", 4)
    resumed = train(tmp_path / "parts", 8, resume=str(tmp_path / "parts" / "checkpoint-4"))
    assert resumed.chosen == recorder.chosen[4:]


def test_the_trainer_with_accumulation(tmp_path):
    recorder = train(tmp_path, 3, accumulate=2)
    assert len(recorder.chosen) == 3
