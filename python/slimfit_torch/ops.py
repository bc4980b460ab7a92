# SPDX-License-Identifier: MIT
"""The forward and the backward pass of a layer as torch operators, so that autograd, hooks on saved tensors,
checkpointing and torch.compile see tensors and nothing else.

The tape, what the forward pass leaves for the backward pass, is a tensor of bytes that autograd saves with the weights:
it may be offloaded and come back at another address, and is read as often as the graph is kept.
"""
from typing import List, Optional, Sequence, Tuple

import torch
from torch import Tensor

from . import library, masks


@torch.library.custom_op("slimfit::lengths", mutates_args=())
def lengths_of(mask: Tensor, sequences: int, tokens: int) -> Tensor:
    """By sequence, the tokens that a mask of attention lets others attend to, which are the first ones."""
    found = masks.arrange(mask, sequences, tokens)
    if found.order is not None:
        raise ValueError("slimfit: attention_mask has padding that is not at the end, which works in eager mode only; pad "
                         "on the right, or leave torch.compile out")
    return torch.full((sequences,), tokens, dtype=torch.int32, device=mask.device) if found.lengths is None else found.lengths


@lengths_of.register_fake
def _(mask, sequences, tokens):
    return torch.empty(sequences, dtype=torch.int32, device=mask.device)


def _seed(seed):
    return 0 if seed is None else int(seed)


@torch.library.custom_op("slimfit::layer", mutates_args=(), device_types=("cpu", "cuda"))
def layer(rows: Tensor, parameters: Sequence[Tensor], lengths: Optional[Tensor], seed: Optional[Tensor], path: str,
          wanted: Sequence[bool], keeps: bool) -> Tuple[Tensor, Tensor]:
    """The output's rows and the tape.

    rows: (sequences, tokens, width). lengths: by sequence, tokens that others attend to; None: all. seed: of dropout;
    None: there is none. path: of the library. wanted: by parameter, whether its gradient is wanted. keeps: whether a
    backward pass may follow.
    """
    output, tape = library.load(path).forward(rows.contiguous(), [each.contiguous() for each in parameters], lengths,
                                              _seed(seed), wanted if keeps else None, seed is not None)
    return output, tape


@layer.register_fake
def _(rows, parameters, lengths, seed, path, wanted, keeps):
    sizes = library.load(path).sizes(rows.shape[0], rows.shape[1], wanted if keeps else None, seed is not None)
    return torch.empty(rows.shape, dtype=rows.dtype, device=rows.device), rows.new_empty(sizes.tape, dtype=torch.uint8)


@torch.library.custom_op("slimfit::layer_backward", mutates_args=(), device_types=("cpu", "cuda"))
def layer_backward(gradient: Tensor, tape: Tensor, parameters: Sequence[Tensor], lengths: Optional[Tensor],
                   seed: Optional[Tensor], path: str, wanted: Sequence[bool]) -> List[Tensor]:
    """The gradient of the rows, then those of the parameters that are wanted."""
    of_rows, gradients = library.load(path).backward(
        gradient.contiguous(), tape.contiguous(), [each.contiguous() for each in parameters], lengths, _seed(seed),
        wanted, seed is not None)
    return [of_rows, *(each for each in gradients if each is not None)]


@layer_backward.register_fake
def _(gradient, tape, parameters, lengths, seed, path, wanted):
    return [torch.empty(gradient.shape, dtype=gradient.dtype, device=gradient.device),
            *(torch.empty_like(each) for each, want in zip(parameters, wanted) if want)]


def _save(ctx, inputs, output):
    _, parameters, lengths, seed, path, wanted, keeps = inputs
    ctx.path, ctx.wanted, ctx.keeps = path, wanted, keeps
    # Saved weights are checked by autograd: a step between forward and backward is an error there.
    ctx.save_for_backward(output[1], lengths, seed, *parameters)


def _backward(ctx, gradient, _):
    tape, lengths, seed, *parameters = ctx.saved_tensors
    of_rows, *found = layer_backward(gradient, tape, parameters, lengths, seed, ctx.path, ctx.wanted)
    found = iter(found)
    return of_rows, [next(found) if want else None for want in ctx.wanted], None, None, None, None, None


layer.register_autograd(_backward, setup_context=_save)


def _refuse(ctx, *gradients):
    raise RuntimeError("slimfit: a layer's backward pass was differentiated, which slimfit does not do: call backward() "
                       "and torch.autograd.grad() without create_graph, or leave the layers that need it unconverted")


layer_backward.register_autograd(_refuse)
