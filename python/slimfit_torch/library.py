# SPDX-License-Identifier: MIT
"""Calls libraries with slimfit's C interface (include/slimfit/interop/layer.h)."""
import atexit
import contextlib
import ctypes
import functools
import json
import pathlib

import torch

INTERFACE = 2
NO_MEMORY = 2


class Pass(ctypes.Structure):
    """slimfit_pass."""
    _fields_ = [("sequences", ctypes.c_int64), ("tokens", ctypes.c_int64), ("lengths", ctypes.c_void_p),
                ("parameters", ctypes.c_void_p), ("wanted", ctypes.c_void_p), ("seed", ctypes.c_uint64),
                ("drops", ctypes.c_int32), ("threads", ctypes.c_int32), ("stream", ctypes.c_void_p)]


class Memory(ctypes.Structure):
    """slimfit_memory."""
    _fields_ = [("data", ctypes.c_void_p), ("bytes", ctypes.c_int64)]

    @classmethod
    def of(cls, tensor):
        """The memory of a tensor of bytes."""
        return cls(tensor.data_ptr(), tensor.numel())


class Sizes(ctypes.Structure):
    """slimfit_sizes: bytes that a pass takes."""
    _fields_ = [("tape", ctypes.c_int64), ("tape_static", ctypes.c_int64), ("forward_scratch", ctypes.c_int64),
                ("backward_scratch", ctypes.c_int64), ("workspace", ctypes.c_int64)]


@functools.lru_cache(maxsize=None)
def products():
    """torch's own sgemm_ and dgemm_; None where it has none to give."""
    library = pathlib.Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    try:
        found = ctypes.CDLL(str(library))
        return ctypes.cast(found.sgemm_, ctypes.c_void_p), ctypes.cast(found.dgemm_, ctypes.c_void_p)
    except (OSError, AttributeError):
        return None


@ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
def _allocate(_state, count):
    """Memory of torch's, in the order of its current stream; None where there is none."""
    try:
        return torch.cuda.caching_allocator_alloc(count)
    except Exception:  # nothing may pass through the library; it says that there is no memory
        return None


@ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
def _deallocate(_state, memory, _count):
    torch.cuda.caching_allocator_delete(memory)


class Layer:
    """One layer's library. Tensors are contiguous, of the library's scalar type, and on its device."""

    def __init__(self, path):
        self.path = path
        self._calls = ctypes.CDLL(str(path))
        for name in ("slimfit_layer_describe", "slimfit_layer_plan", "slimfit_error"):
            getattr(self._calls, name).restype = ctypes.c_char_p
        facts = json.loads(self._calls.slimfit_layer_describe())
        if facts["interface"] != INTERFACE:
            raise RuntimeError(f"slimfit: {path} has interface {facts['interface']}, expected {INTERFACE}")
        self.facts = facts
        self.width = facts["width"]
        self.names = [each["name"] for each in facts["parameters"]]
        self.shapes = [tuple(each["shape"]) for each in facts["parameters"]]
        self.units = [each["unit"] for each in facts["parameters"]]
        self._sizes = functools.lru_cache(maxsize=256)(self._find_sizes)
        if facts["device"] == "cuda":
            self._check(self._calls.slimfit_use_memory(_allocate, _deallocate, None))
        elif found := products():
            self._check(self._calls.slimfit_use_products(*found))
        else:
            raise RuntimeError("slimfit: this build of torch shows no sgemm_, so there is no BLAS to multiply matrices "
                               "with; use one from pypi.org or pytorch.org")

    def _check(self, code):
        if code != 0:
            message = self._calls.slimfit_error().decode()
            raise (MemoryError if code == NO_MEMORY else RuntimeError)(message)

    def _pass(self, sequences, tokens, *, lengths=None, parameters=None, wanted=None, seed=0, drops=False,
              stream=None):
        result = Pass(sequences, tokens, seed=seed, drops=drops, threads=torch.get_num_threads(), stream=stream)
        if lengths is not None:
            result.lengths = lengths.data_ptr()
        if parameters is not None:
            result.held = (ctypes.c_void_p * len(parameters))(*(each.data_ptr() for each in parameters))
            result.parameters = ctypes.cast(result.held, ctypes.c_void_p)
        if wanted is not None:
            result.held_wanted = bytes(wanted)
            result.wanted = ctypes.cast(ctypes.c_char_p(result.held_wanted), ctypes.c_void_p)
        return result

    def sizes(self, sequences, tokens, wanted, drops):
        """Bytes of a pass, as Sizes. wanted: by parameter, whether its gradient is wanted; None: no backward pass."""
        return self._sizes(int(sequences), int(tokens), None if wanted is None else bytes(wanted), bool(drops))

    def _find_sizes(self, sequences, tokens, wanted, drops):
        sizes = Sizes()
        self._check(self._calls.slimfit_layer_sizes(
            ctypes.byref(self._pass(sequences, tokens, wanted=wanted, drops=drops)), ctypes.byref(sizes)))
        return sizes

    def plan(self, sequences, tokens, wanted):
        """What lies on the tape: a list of dictionaries with name, form, static and bytes."""
        text = self._calls.slimfit_layer_plan(ctypes.byref(self._pass(sequences, tokens, wanted=wanted)))
        if text is None:
            self._check(1)
        return json.loads(text)

    def forward(self, rows, parameters, lengths, seed, wanted, drops):
        """The output's rows and the tape. rows: (sequences, tokens, width)."""
        sequences, tokens, _ = rows.shape
        sizes = self.sizes(sequences, tokens, wanted, drops)
        with _place(rows.device) as stream:
            output = torch.empty_like(rows)
            tape = torch.empty(sizes.tape, dtype=torch.uint8, device=rows.device)
            scratch = torch.empty(sizes.forward_scratch, dtype=torch.uint8, device=rows.device)
            given = self._pass(sequences, tokens, lengths=lengths, parameters=parameters, wanted=wanted, seed=seed,
                               drops=drops, stream=stream)
            self._check(self._calls.slimfit_layer_forward(
                ctypes.byref(given), ctypes.c_void_p(rows.data_ptr()), ctypes.c_void_p(output.data_ptr()),
                Memory.of(tape), Memory.of(scratch)))
        return output, tape

    def backward(self, gradient, tape, parameters, lengths, seed, wanted, drops):
        """The gradient of the rows, and by parameter that of it, None where it is not wanted."""
        sequences, tokens, _ = gradient.shape
        sizes = self.sizes(sequences, tokens, wanted, drops)
        with _place(gradient.device) as stream:
            of_rows = torch.empty_like(gradient)
            gradients = [torch.empty_like(each) if want else None for each, want in zip(parameters, wanted)]
            scratch = torch.empty(sizes.backward_scratch, dtype=torch.uint8, device=gradient.device)
            given = self._pass(sequences, tokens, lengths=lengths, parameters=parameters, wanted=wanted, seed=seed,
                               drops=drops, stream=stream)
            places = (ctypes.c_void_p * len(parameters))(*(each.data_ptr() if each is not None else None
                                                           for each in gradients))
            self._check(self._calls.slimfit_layer_backward(
                ctypes.byref(given), Memory.of(tape), ctypes.c_void_p(gradient.data_ptr()),
                ctypes.c_void_p(of_rows.data_ptr()), places, Memory.of(scratch)))
        return of_rows, gradients

    def release(self):
        """Waits for what was enqueued and gives back what the library holds of torch's memory."""
        self._check(self._calls.slimfit_release())


@contextlib.contextmanager
def _place(device):
    """Makes a device the current one; torch's stream there, None on the host."""
    if device.type == "cpu":
        yield None
        return
    with torch.cuda.device(device):
        yield torch.cuda.current_stream(device).cuda_stream


_loaded = {}


def load(path):
    """The library at a path, loaded once."""
    path = str(path)
    if path not in _loaded:
        _loaded[path] = Layer(path)
    return _loaded[path]


@atexit.register
def release():
    """Gives back what libraries hold of torch's CUDA memory: 4 MiB by library and stream, which they take again when they
    are used again."""
    for layer in _loaded.values():
        if layer.facts["device"] == "cuda":
            layer.release()
