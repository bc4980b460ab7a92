# SPDX-License-Identifier: MIT
"""Models on CUDA: torch's stream and allocator, and the host's numbers. What needs no device is tested everywhere."""
import copy

import pytest
import torch

import slimfit_torch
from conftest import MODELS, bert, check_gradients, gradients, is_key_bias, relative_error, vit
from slimfit_torch import compiler, library, source
from slimfit_torch.convert import converted_blocks

needs_device = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch has no CUDA device here")


def needs_kernels():
    """Skips where there is a device for memory and slimfit's kernels, but no machine code of torch's for it."""
    try:
        torch.ones(1, device="cuda").add_(1).item()
    except RuntimeError as reason:
        pytest.skip(f"torch's own kernels do not run here: {str(reason).splitlines()[0]}")


def test_nvcc_is_told_what_to_build_for():
    known = [75, 80, 86, 90, 100, 120]
    assert compiler.target(None, known) == "-gencode=arch=compute_80,code=compute_80"
    assert compiler.target((9, 0), known) == "-gencode=arch=compute_90,code=[sm_90,compute_90]"
    assert compiler.target((8, 9), known) == "-gencode=arch=compute_86,code=compute_86"  # its driver compiles that
    assert compiler.target((13, 0), known) == "-gencode=arch=compute_120,code=compute_120"
    for capability, numbers in (((7, 5), known), ((9, 0), [100])):
        with pytest.raises(slimfit_torch.CompilerError, match="expected 8.0 or more, and an nvcc that knows it"):
            compiler.target(capability, numbers)


def test_without_nvcc_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("SLIMFIT_CACHE", str(tmp_path))
    monkeypatch.setenv("NVCC", "no-such-nvcc")
    text = source.layer_text(source.Shape("pre_norm", 64, 2, 128), "exact", "bf16", "cuda")
    assert "slimfit::cuda)" in text and "cuda_device.cuh" in text and "policy_type, bf16" in text
    with pytest.raises(slimfit_torch.CompilerError, match="(?s)NVCC is no-such-nvcc.*cuda-nvcc"):
        compiler.build(text, "pre_norm", "cuda", (9, 0))


def test_other_devices_are_refused():
    model, _ = vit()
    with pytest.raises(slimfit_torch.ConversionError, match="numbers of torch.float32 on meta, expected float32 or bfloat16"):
        slimfit_torch.convert(model.to("meta"), "exact")


def test_memory_is_torchs(monkeypatch):
    """The functions that libraries on CUDA get memory by."""
    given = {}
    monkeypatch.setattr(torch.cuda, "caching_allocator_alloc", lambda count: given.setdefault(4096, count) and 4096)
    monkeypatch.setattr(torch.cuda, "caching_allocator_delete", lambda address: given.pop(address))
    assert library._allocate(None, 300) == 4096 and given == {4096: 300}
    library._deallocate(None, 4096, 300)
    assert not given

    def refuse(_count):
        raise torch.OutOfMemoryError("none left")

    monkeypatch.setattr(torch.cuda, "caching_allocator_alloc", refuse)
    assert library._allocate(None, 300) is None


def passes(block, rows, gradient):
    """The output, the rows' gradient and the parameters' of one block, on the host."""
    block.zero_grad()
    rows = rows.detach().requires_grad_()
    output = block(rows)
    output = output[0] if isinstance(output, tuple) else output
    output.backward(gradient)
    return [output.detach().cpu(), rows.grad.cpu(),
            *(each.grad.cpu() for name, each in block.named_parameters() if not is_key_bias(name))]


@needs_device
@pytest.mark.parametrize("kind, bound", [(torch.float32, 1e-5), (torch.bfloat16, 3e-2)])
@pytest.mark.parametrize("make", [vit, bert])
def test_a_block_has_the_hosts_numbers(make, kind, bound):
    model, _ = make()
    model.to(kind)
    slimfit_torch.convert(model, "exact")
    block = converted_blocks(model)[0][1]
    rows, gradient = torch.randn(3, 19, 64).to(kind), torch.randn(3, 19, 64).to(kind)
    expected = passes(block, rows, gradient)
    twin = copy.deepcopy(block).to("cuda")
    library.release()
    before = torch.cuda.memory_allocated()
    for stream in (torch.cuda.current_stream(), torch.cuda.Stream()):
        with torch.cuda.stream(stream):
            found = passes(twin, rows.to("cuda"), gradient.to("cuda"))
        for a, b in zip(found, expected):
            assert a.dtype == b.dtype and relative_error(a.double(), b.double()) < bound
    twin.zero_grad()
    path = twin.slimfit_runner.path(kind, torch.device("cuda"))
    workspace = library.load(path).sizes(3, 19, None, False).workspace
    assert torch.cuda.memory_allocated() - before == 2 * workspace  # torch's allocator knows what the library holds
    library.release()
    assert torch.cuda.memory_allocated() == before


@needs_device
def test_a_plan_on_cuda_has_the_workspace():
    model, _ = vit()
    slimfit_torch.convert(model, "slim")
    in_host_memory = slimfit_torch.plan(model, (3, 17))
    planned = slimfit_torch.plan(model.to("cuda"), (3, 17))
    assert in_host_memory.workspace == 0 and planned.workspace == 4 * 2**20
    assert planned.saved == in_host_memory.saved


@needs_device
@pytest.mark.parametrize("name", MODELS)
def test_models_on_cuda(name):
    needs_kernels()
    model, inputs = MODELS[name]()
    _, expected = gradients(model, inputs)
    slimfit_torch.convert(model, "exact").to("cuda")
    _, found = gradients(model, {key: each.to("cuda") for key, each in inputs.items()})
    check_gradients({key: each.cpu() for key, each in found.items()}, expected, 1e-5)


@needs_device
def test_autocast_on_cuda():
    needs_kernels()
    model, inputs = vit()
    _, expected = gradients(model, inputs)
    slimfit_torch.convert(model, "exact").to("cuda")
    with torch.autocast("cuda", dtype=torch.bfloat16):
        _, found = gradients(model, {key: each.to("cuda") for key, each in inputs.items()})
    assert all(each.dtype == torch.float32 for each in found.values())
    check_gradients({key: each.cpu() for key, each in found.items()}, expected, 0.1)
