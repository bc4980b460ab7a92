# SPDX-License-Identifier: MIT
"""slimfit for PyTorch: transformers of Hugging Face that keep a fraction of the memory for their backward pass.

    model = slimfit_torch.convert(model, policy="slim")
    trainer = Trainer(model, ..., callbacks=[slimfit_torch.InterLayerFreezing(rate=0.75)])
"""
from .blocks import ConversionError
from .compiler import CompilerError
from .convert import convert, restore
from .freezing import Freezing, Schedule, units_of
from .plan import Plan, plan

__version__ = "0.2.0"
__all__ = ["CompilerError", "ConversionError", "Freezing", "InterLayerFreezing", "Plan", "Schedule", "convert", "plan",
           "restore", "units_of"]


def __getattr__(name):
    if name == "InterLayerFreezing":  # needs transformers, which a plain loop may do without
        from .trainer import InterLayerFreezing
        return InterLayerFreezing
    raise AttributeError(f"module 'slimfit_torch' has no attribute {name!r}")
