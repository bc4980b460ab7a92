# SPDX-License-Identifier: MIT
"""Makes a model of `transformers` run its blocks by slimfit, in place, and back."""
from . import blocks


def blocks_of(model):
    """(name, block) of all blocks in a model that slimfit knows, in the order of the model."""
    found = []
    for name, module in model.named_modules():
        kind = getattr(type(module), "slimfit_original", type(module))
        if kind.__name__ in blocks.FAMILIES and kind.__module__.startswith("transformers."):
            found.append((name, module))
    return found


def config_of(model, name):
    """The configuration of the innermost model around the module of this name."""
    parts = name.split(".")
    config = getattr(model, "config", None)
    module = model
    for part in parts:
        module = getattr(module, part)
        config = getattr(module, "config", config)
    return config


def convert(model, policy="slim"):
    """Runs the model's transformer blocks by slimfit from now on; embeddings, heads and all else stay torch's.

    Nothing but the blocks' classes changes: parameters, their names, requires_grad, the optimizer and the state_dict are
    what they were. What a block keeps from the forward to the backward pass is decided by `policy` and, pass by pass, by
    which of its weights require a gradient.

    model: a model of transformers with ViT's, DeiT's, DINOv2's, BERT's, RoBERTa's, XLM-RoBERTa's, CamemBERT's or
        ELECTRA's blocks, in float32 or bfloat16, on the CPU or on CUDA. Under autocast to bfloat16 blocks of float32
        compute in bfloat16.
    policy: a preset ("slim", "exact", "slim_8bit", "slim_3bit", "slim_2bit", "paper", "eager"), a C++ type
        ("policy::changed<policy::exact, policy::coded_gelu<8>>"), C++ that declares my_policy, or a list with one of
        these for each block.

    The first call for a shape, a policy, a kind of number and a kind of device compiles a library, which takes a few seconds
    and is kept; a model that is moved later gets its library when it runs next.
    Returns the model. Raises ConversionError, and CompilerError; the model is unchanged then.
    """
    found = blocks_of(model)
    if not found:
        raise blocks.ConversionError(
            f"slimfit: {type(model).__name__} has no blocks that slimfit knows, expected one of "
            f"{', '.join(sorted(blocks.FAMILIES))} of transformers")
    policies = [policy] * len(found) if isinstance(policy, str) else list(policy)
    if len(policies) != len(found):
        raise blocks.ConversionError(f"slimfit: policy has {len(policies)} entries, expected one for each of "
                                     f"{len(found)} blocks")
    changes = []
    for (name, block), each in zip(found, policies):
        original = getattr(type(block), "slimfit_original", type(block))
        family = blocks.FAMILIES[original.__name__]
        config = getattr(block, "config", None) or config_of(model, name)
        shape, places = blocks.shape_of(block, family, config, name)
        runner = blocks.Runner(shape, each, places, name, next(block.parameters()), config)
        runner.parameters(block)  # says what is wrong with them now
        as_tuple = getattr(type(block), "slimfit_as_tuple", None)
        if as_tuple is None:
            as_tuple = blocks.returns_tuple(block, shape.hidden)
        changes.append((block, blocks.converted_class(original, family, as_tuple), runner))
    for block, kind, runner in changes:
        block.__class__ = kind
        block.slimfit_runner = runner
    return model


def restore(model):
    """Takes `convert` back: blocks are torch's again. Returns the model."""
    for _, block in blocks_of(model):
        if hasattr(block, "slimfit_runner"):
            block.__class__ = type(block).slimfit_original
            del block.slimfit_runner
    return model


def converted_blocks(model):
    """(name, block) of the blocks that slimfit runs."""
    return [(name, block) for name, block in blocks_of(model) if hasattr(block, "slimfit_runner")]
