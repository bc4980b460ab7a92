# SPDX-License-Identifier: MIT
"""Inter-layer freezing for torch: which weights are updated in a step, chosen by slimfit's own C++ schedule.

Works with any model, converted or not: frozen weights are those that do not require a gradient. Converted blocks keep
nothing that only a frozen weight's gradient would need.
"""
import ctypes
import functools

import torch

from . import compiler, source

NORMS = (torch.nn.LayerNorm,)


@functools.lru_cache(maxsize=None)
def _load(criterion):
    calls = ctypes.CDLL(str(compiler.build(source.schedule_text(criterion), "schedule")))
    calls.slimfit_error.restype = ctypes.c_char_p
    calls.slimfit_schedule_make.restype = ctypes.c_void_p
    calls.slimfit_schedule_make.argtypes = [ctypes.c_int64, ctypes.c_double, ctypes.c_uint64]
    calls.slimfit_schedule_end.argtypes = [ctypes.c_void_p]
    calls.slimfit_schedule_end.restype = None
    calls.slimfit_schedule_choose.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_char_p]
    calls.slimfit_schedule_observe.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_double, ctypes.c_double]
    calls.slimfit_schedule_raise_distances.argtypes = [ctypes.c_void_p, ctypes.c_double]
    calls.slimfit_schedule_state_size.argtypes = [ctypes.c_void_p]
    calls.slimfit_schedule_state_size.restype = ctypes.c_int64
    calls.slimfit_schedule_save.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_double)]
    calls.slimfit_schedule_load.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_double)]
    return calls


class Schedule:
    """The library's schedule for a number of units: see include/slimfit/interop/schedule.h.

    rate: the share of the units that is frozen in each step, e.g. 0.75. criterion: of slimfit's criteria, e.g.
    "relative_update" (the paper's), "gradient_norm", "random", "round_robin", or a C++ type. Raises ValueError.
    """

    def __init__(self, units, rate, seed=0, criterion="relative_update"):
        if not 0 <= rate < 1:
            raise ValueError(f"slimfit: rate is {rate}, expected the share of units that is frozen: at least 0, less "
                             f"than 1, e.g. 0.75")
        self.units = units
        self._calls = _load(criterion)
        self._handle = self._calls.slimfit_schedule_make(units, 100 * rate, seed)
        if not self._handle:
            raise ValueError(self._calls.slimfit_error().decode())

    def __del__(self):
        if getattr(self, "_handle", None):
            self._calls.slimfit_schedule_end(self._handle)

    def _check(self, code):
        if code != 0:
            raise ValueError(self._calls.slimfit_error().decode())

    def choose(self, iteration):
        """Whether each unit is active in this iteration. Iterations count from 0 and come once each, in order."""
        active = ctypes.create_string_buffer(self.units)
        self._check(self._calls.slimfit_schedule_choose(self._handle, iteration, active))
        return [byte != 0 for byte in active.raw[:self.units]]

    def observe(self, unit, relative_update, gradient_norm):
        """Notes what a unit's update measured."""
        self._check(self._calls.slimfit_schedule_observe(self._handle, unit, relative_update, gradient_norm))

    def raise_distances(self, factor):
        """Distances measured so far rise with a learning rate that rises above all before."""
        self._check(self._calls.slimfit_schedule_raise_distances(self._handle, factor))

    def _numbers(self):
        return (ctypes.c_double * self._calls.slimfit_schedule_state_size(self._handle))()

    def state_dict(self):
        """Everything that changes, for a checkpoint."""
        numbers = self._numbers()
        self._check(self._calls.slimfit_schedule_save(self._handle, numbers))
        return {"numbers": list(numbers)}

    def load_state_dict(self, state):
        numbers = self._numbers()
        if len(state["numbers"]) != len(numbers):
            raise ValueError(f"slimfit: the schedule's state has {len(state['numbers'])} numbers, expected "
                             f"{len(numbers)} for {self.units} units")
        numbers[:] = state["numbers"]
        self._check(self._calls.slimfit_schedule_load(self._handle, numbers))


def units_of(model):
    """(name, parameter) of the units of a model: trainable weights of two or more dimensions and weights of layer
    normalisations, but for those of the head, what is outside the model's base model."""
    base = getattr(model, "base_model", model)
    norms = {id(module.weight) for module in base.modules() if isinstance(module, NORMS) and module.weight is not None}
    inside = {id(each) for each in base.parameters()}
    return [(name, each) for name, each in model.named_parameters()
            if each.requires_grad and id(each) in inside and (each.dim() >= 2 or id(each) in norms)]


def relative_update(before, now):
    """The mean of |now - before| / |before| over the elements; where `before` is 0 it is 0."""
    moved = (now - before).abs_()
    return float(moved.div_(before.abs()).masked_fill_(before == 0, 0).mean(dtype=torch.float64))


class Freezing:
    """Freezes a share of a model's units in each step, those that moved least when they last were updated.

        freezing = slimfit_torch.Freezing(model, optimizer, rate=0.75)
        for batch in batches:
            freezing.begin_step()
            model(**batch).loss.backward()
            freezing.step()                # instead of optimizer.step()
            optimizer.zero_grad()

    A frozen weight and its moments do not move: optimizers of torch leave out what has no gradient. Biases, the head and
    what is no unit are updated in every step.

    units: (name, parameter) of what is frozen and updated as a whole; None: `units_of(model)`.
    """

    def __init__(self, model, optimizer, rate, *, seed=0, criterion="relative_update", units=None):
        self.optimizer = optimizer
        self.units = list(units_of(model) if units is None else units)
        if not self.units:
            raise ValueError("slimfit: the model has no units, expected trainable weights")
        self.schedule = Schedule(len(self.units), rate, seed, criterion)
        self.iteration = 0
        self.active = [True] * len(self.units)
        self.largest_rate = 0.0
        self._began = False

    def names(self):
        """Names of the units that the current step updates."""
        return [name for (name, _), active in zip(self.units, self.active) if active]

    def begin_step(self):
        """Chooses what the next step updates; before its forward pass."""
        if self._began:
            raise RuntimeError("slimfit: begin_step() follows begin_step(); step() is missing between them")
        rate = max((group["lr"] for group in self.optimizer.param_groups), default=0.0)
        rate = float(rate)
        if 0 < self.largest_rate < rate:
            self.schedule.raise_distances(rate / self.largest_rate)
        self.largest_rate = max(self.largest_rate, rate)
        self.active = self.schedule.choose(self.iteration)
        for (_, each), active in zip(self.units, self.active):
            each.requires_grad_(active)
            if not active:
                each.grad = None
        self._began = True

    def step(self, update=None):
        """Runs `update()`, by default the optimizer's step, and measures what it did.

        Active weights are copied for the time of the update: with a rate of 0.75, a quarter of them.
        """
        self.before_update()
        result = (update or self.optimizer.step)()
        self.after_update()
        return result

    def before_update(self):
        """The first half of `step`, for loops that call the optimizer themselves."""
        if not self._began:
            raise RuntimeError("slimfit: step() needs a begin_step() before the forward pass")
        self._before = [(i, each, each.detach().clone(), float(each.grad.norm()))
                        for i, (_, each) in enumerate(self.units) if self.active[i] and each.grad is not None]

    @torch.no_grad()
    def after_update(self):
        """The second half."""
        for i, each, before, norm in self._before:
            self.schedule.observe(i, relative_update(before, each), norm)
        self._before = []
        self.iteration += 1
        self._began = False

    def thaw(self):
        """Makes all units trainable again, e.g. to save the model as it was given."""
        for _, each in self.units:
            each.requires_grad_(True)
        self.active = [True] * len(self.units)
        self._began = False

    def state_dict(self):
        """For a checkpoint between steps."""
        return {"schedule": self.schedule.state_dict(), "iteration": self.iteration, "largest_rate": self.largest_rate}

    def load_state_dict(self, state):
        self.schedule.load_state_dict(state["schedule"])
        self.iteration = state["iteration"]
        self.largest_rate = state["largest_rate"]
