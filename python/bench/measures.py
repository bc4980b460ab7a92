# SPDX-License-Identifier: MIT
"""What is measured of a training step: bytes that autograd saves, and resident memory."""
import contextlib
import pathlib

import torch


@contextlib.contextmanager
def counting_saved(model, book):
    """Puts into `book` the bytes that autograd saves, each storage once, without the model's own parameters."""
    own = {each.untyped_storage().data_ptr() for each in model.parameters()}
    seen = set()

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own and storage.data_ptr() not in seen:
            seen.add(storage.data_ptr())
            book.append(storage.nbytes())
        return tensor.detach()  # without its graph, which would hold itself

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield


def resident(name="VmRSS"):
    """Bytes of this process's memory: "VmRSS" now, "VmHWM" the most since `forget_peak()`."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return 1024 * int(line.split()[1])
    raise RuntimeError(f"/proc/self/status has no {name}")


def forget_peak():
    pathlib.Path("/proc/self/clear_refs").write_text("5")
