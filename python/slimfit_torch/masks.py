# SPDX-License-Identifier: MIT
"""Masks of attention as slimfit's layers read them: each sequence attends to its first `lengths[i]` tokens.

Where the tokens that count are not the first ones (padding on the left), rows are put in another order on their way into
a layer and back on their way out: the numbers are the same, attention does not know about order.
"""
import weakref

import torch


class Arrangement:
    """lengths: int32, by sequence; None: all tokens count. order: where the rows of the batch come from; None: as they
    are. back: the way back."""

    def __init__(self, lengths=None, order=None):
        self.lengths = lengths
        self.order = order
        self.back = None if order is None else torch.argsort(order)

    def put(self, rows):
        """The rows (sequences, tokens, width) in the layer's order."""
        return rows if self.order is None else rows.reshape(-1, rows.shape[-1])[self.order].reshape(rows.shape)

    def put_back(self, rows):
        return rows if self.back is None else rows.reshape(-1, rows.shape[-1])[self.back].reshape(rows.shape)


EVERYTHING = Arrangement()


def attended(mask, sequences, tokens):
    """Which tokens count, as bools (sequences, tokens). Raises ValueError for masks that are not about tokens."""
    if mask.dim() == 2:
        keys = mask
    elif mask.dim() == 4 and mask.shape[1] == 1:
        keys = mask[:, 0, 0]
        if mask.shape[2] > 1 and mask.stride(2) != 0 and not torch.equal(mask[:, :, :1].expand_as(mask), mask):
            raise ValueError("slimfit: attention_mask differs from query to query (a causal or a block mask); expected "
                             "one that says which tokens are padding")
    else:
        raise ValueError(f"slimfit: attention_mask has shape {tuple(mask.shape)}, expected (sequences, tokens) or "
                         f"(sequences, 1, tokens or 1, tokens): one mask for all heads")
    if keys.shape[-1] != tokens or keys.shape[0] not in (1, sequences):
        raise ValueError(f"slimfit: attention_mask has shape {tuple(mask.shape)}, expected that of {sequences} sequences "
                         f"of {tokens} tokens")
    if mask.dim() == 4 and keys.is_floating_point():  # is added to scores
        counts = keys == 0
        if not torch.all(counts | (keys <= -1e4)):
            raise ValueError("slimfit: attention_mask adds numbers to scores; expected 0 for tokens that count and the "
                             "least number, or -inf, for padding")
        keys = counts
    return keys.bool().expand(sequences, tokens)


def arrange(mask, sequences, tokens):
    """The arrangement for a mask: bools or numbers (sequences, tokens), not 0 where a token counts, or what
    transformers make of them for attention. Raises ValueError."""
    if mask is None:
        return EVERYTHING
    counts = attended(mask, sequences, tokens)
    lengths = counts.sum(1, dtype=torch.int32)
    if int(lengths.min()) == 0:
        raise ValueError(f"slimfit: attention_mask lets nobody attend to any token of sequence {int(lengths.argmin())}; "
                         f"expected at least one token")
    if int(lengths.min()) == tokens:
        return EVERYTHING
    if torch.equal(counts, torch.arange(tokens, device=mask.device) < lengths[:, None]):
        return Arrangement(lengths)
    first = tokens * torch.arange(sequences, device=mask.device)[:, None]
    order = torch.argsort(counts.logical_not(), dim=1, stable=True) + first
    return Arrangement(lengths, order.reshape(-1))


_last = None  # of the mask that was seen last: all layers of a model get the same one


def arranged(mask, sequences, tokens):
    """The same, found once for all layers that get the same mask."""
    global _last
    if mask is None:
        return EVERYTHING
    key = (mask._version, sequences, tokens)
    if _last is not None and _last[0]() is mask and _last[1] == key:
        return _last[2]
    result = arrange(mask, sequences, tokens)
    _last = (weakref.ref(mask), key, result)
    return result
