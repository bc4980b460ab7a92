# SPDX-License-Identifier: MIT
"""Inter-layer freezing for the Trainer of `transformers`."""
import json
import pathlib

from transformers import TrainerCallback

from .freezing import Freezing


class InterLayerFreezing(TrainerCallback):
    """`Trainer(..., callbacks=[InterLayerFreezing(rate=0.75)])` freezes this share of the model's units in each step.

    Arguments are those of Freezing. The schedule is saved with the Trainer's checkpoints and goes on from them.
    """

    FILE = "slimfit_freezing.json"

    def __init__(self, rate, *, seed=0, criterion="relative_update", units=None):
        self.arguments = {"rate": rate, "seed": seed, "criterion": criterion, "units": units}
        self.freezing = None
        self._resumed = None

    def on_train_begin(self, args, state, control, model=None, optimizer=None, **kwargs):
        units = self.arguments["units"]
        units = units(model) if callable(units) else units
        self.freezing = Freezing(model, optimizer, **{**self.arguments, "units": units})
        if state.global_step > 0 and self._resumed is None:
            folder = pathlib.Path(args.output_dir) / f"checkpoint-{state.global_step}"
            self._resumed = folder / self.FILE
        if self._resumed is not None and self._resumed.exists():
            self.freezing.load_state_dict(json.loads(self._resumed.read_text()))

    def on_step_begin(self, args, state, control, **kwargs):
        self.freezing.begin_step()

    def on_pre_optimizer_step(self, args, state, control, **kwargs):
        self.freezing.before_update()

    def on_optimizer_step(self, args, state, control, **kwargs):
        self.freezing.after_update()

    def on_save(self, args, state, control, **kwargs):
        folder = pathlib.Path(args.output_dir) / f"checkpoint-{state.global_step}"
        if folder.is_dir():
            (folder / self.FILE).write_text(json.dumps(self.freezing.state_dict()))

    def on_train_end(self, args, state, control, **kwargs):
        self.freezing.thaw()
