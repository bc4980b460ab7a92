# SPDX-License-Identifier: MIT
"""The memory of a converted model before it runs."""
import dataclasses

import torch

from . import blocks, library
from .convert import converted_blocks


@dataclasses.dataclass
class Plan:
    """Bytes of a step with a converted model. What is outside its blocks (embeddings, head, loss) is not in it.

    saved: what the blocks keep from the forward to the backward pass; saved_static: of these, what they keep whether or
    not any weight's gradient is wanted. copies: of weights in bfloat16 that autocast makes, kept as long. temporary: the
    most that a block needs while it runs. workspace: what libraries hold on CUDA from the first pass on, on each stream.
    weights and gradients: of the whole model, the latter of what requires one. matrices: by block, what lies on its tape.
    """
    saved: int
    saved_static: int
    copies: int
    temporary: int
    workspace: int
    weights: int
    gradients: int
    matrices: dict

    def __str__(self):
        lines = [f"{name:<16} {value:>16,} {value / 2**20:>10.1f} MiB  {words}" for name, value, words in (
            ("saved", self.saved, "kept by the blocks from the forward to the backward pass"),
            ("  of these", self.saved_static, "whatever is frozen"),
            ("copies", self.copies, "of weights, made by autocast, kept as long"),
            ("temporary", self.temporary, "at most, while a block runs"),
            ("workspace", self.workspace, "of products on CUDA, all the time"),
            ("weights", self.weights, "of the whole model"),
            ("gradients", self.gradients, "of what is trained")) if value > 0 or name not in ("copies", "workspace")]
        return "\n".join(lines)


def extents(model, batch):
    """(sequences, tokens) that the blocks of a model get for a batch."""
    if isinstance(batch, tuple):
        return batch
    if isinstance(batch, torch.Tensor):
        batch = {"pixel_values" if batch.is_floating_point() else "input_ids": batch}
    if "pixel_values" in batch:
        sequences, _, height, width = batch["pixel_values"].shape
        config = model.config
        patch = config.patch_size if isinstance(config.patch_size, int) else config.patch_size[0]
        first = 2 if "Deit" in type(config).__name__ or "DeiT" in type(config).__name__ else 1
        return sequences, height // patch * (width // patch) + first + getattr(config, "num_register_tokens", 0)
    return tuple(batch["input_ids"].shape)


def plan(model, batch):
    """The memory of a training step, to the byte, before it runs.

    batch: what the model will get (a dictionary with pixel_values or input_ids, or one of these), or (sequences, tokens)
    as the blocks get them. What is frozen is what does not require a gradient now; under autocast it is the memory of a
    step under autocast.
    """
    found = converted_blocks(model)
    if not found:
        raise blocks.ConversionError("slimfit: the model has no converted blocks; call convert first")
    sequences, tokens = extents(model, batch)
    saved = saved_static = copies = temporary = 0
    matrices, workspaces = {}, {}
    for name, block in found:
        runner = block.slimfit_runner
        held = runner.parameters(block)
        kind = blocks.computed_kind(held[0].dtype, held[0].device.type)
        layer = library.load(runner.path(kind, held[0].device))
        wanted = [each.requires_grad for each in held]
        copies += sum(kind.itemsize * each.numel() for each in held if each.dtype != kind)
        drops = block.training and (runner.shape.hidden_dropout > 0 or runner.shape.attention_dropout > 0)
        sizes = layer.sizes(sequences, tokens, wanted, drops)
        saved += sizes.tape
        saved_static += sizes.tape_static
        temporary = max(temporary, sizes.forward_scratch, sizes.backward_scratch)
        workspaces[layer.path] = sizes.workspace
        matrices[name] = layer.plan(sequences, tokens, wanted)
    parameters = list(model.parameters())
    return Plan(saved, saved_static, copies, temporary, sum(workspaces.values()), sum(each.nbytes for each in parameters),
                sum(each.nbytes for each in parameters if each.requires_grad), matrices)
