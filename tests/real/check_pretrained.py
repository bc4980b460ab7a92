#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares slimfit with `transformers` on real weights: logits, loss, all gradients, and the folder that slimfit saves.

Builds pretrained_gradients.cpp, gives the folder's model a random head (its seed is fixed), runs both on a few
inputs without padding and prints the largest norm-wise relative errors. Fails above 1e-4 (logits) and 1e-3 (gradients).
Needs torch, transformers and safetensors; not part of the tests, because the weights are large.
"""

import argparse
import pathlib
import subprocess
import tempfile

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageClassification, AutoModelForSequenceClassification

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES, TOKENS, IMAGE = 4, 24, 56


def build(target, compiler):
    subprocess.run([compiler, "-std=c++20", "-O2", "-fopenmp-simd", "-DSLIMFIT_OPENMP_SIMD", f"-I{ROOT}/include",
                    ROOT / "tests/real/pretrained_gradients.cpp", "-o", target, "-lopenblas", "-lpthread"], check=True)


def difference(actual, expected):
    return ((actual - expected).double().norm() / expected.double().norm()).item()


def gradients_of(model, work):
    """By the names in files, which are not those of the parameters: a model that has gradients as weights is saved."""
    with torch.no_grad():
        for each in model.parameters():
            each.copy_(torch.zeros_like(each) if each.grad is None else each.grad)
    model.save_pretrained(work / "gradients")
    return load_file(work / "gradients" / "model.safetensors")


def check(kind, folder, binary, work):
    torch.manual_seed(1)
    is_bert = kind == "bert"
    opener = AutoModelForSequenceClassification if is_bert else AutoModelForImageClassification
    options = {"attn_implementation": "eager", "num_labels": 2 if is_bert else 10}
    model = opener.from_pretrained(folder, **options).eval()
    model.save_pretrained(work / "start")
    labels = torch.randint(options["num_labels"], (SAMPLES,))
    if is_bert:
        ids = torch.randint(1000, 30000, (SAMPLES, TOKENS))
        types = torch.arange(TOKENS).expand(SAMPLES, TOKENS) // 16
        run = {"input_ids": ids, "token_type_ids": types}
        inputs = torch.cat([ids, types], dim=1)
    else:
        inputs = torch.randn(SAMPLES, 3, IMAGE, IMAGE)
        run = {"pixel_values": inputs}
    logits = model(**run).logits
    loss = torch.nn.functional.cross_entropy(logits, labels)
    loss.backward()
    save_file({"inputs": inputs.contiguous(), "labels": labels}, work / "batch.safetensors")
    subprocess.run([binary, kind, work / "start", work / "batch.safetensors", work / "result.safetensors",
                    work / "saved"], check=True)
    result = load_file(work / "result.safetensors")
    # In exact arithmetic the gradient of a key's bias is zero; what both compute there is rounding noise.
    gradients = {name: difference(result["grad." + name], each) for name, each in gradients_of(model, work).items()
                 if "grad." + name in result and not name.endswith("key.bias")}
    worst = max(gradients, key=gradients.get)
    logits, loss = logits.detach(), loss.detach()
    saved, info = opener.from_pretrained(work / "saved", output_loading_info=True, attn_implementation="eager")
    again = difference(saved.eval()(**run).logits.detach(), logits)
    error = difference(result["logits"], logits)
    count = len([name for name in result if name.startswith("grad.") and not name.endswith("key.bias")])
    print(f"{kind}: logits {error:.1e}, loss {difference(result['loss'], loss.reshape(1)):.1e}, "
          f"worst of {len(gradients)} gradients {gradients[worst]:.1e} ({worst}), "
          f"logits of the saved folder in transformers {again:.1e}, "
          f"missing or unexpected there: {sum(len(each) for each in info.values())}")
    return count == len(gradients) and error < 1e-4 and gradients[worst] < 1e-3 and again < 1e-4


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bert", type=pathlib.Path, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--vit", type=pathlib.Path, help="folder of a ViT-S/14 for 56 x 56 pixels")
    parser.add_argument("--compiler", default="g++")
    options = parser.parse_args()
    torch.set_num_threads(1)
    good = True
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        build(work / "program", options.compiler)
        for kind, folder in (("bert", options.bert), ("vit", options.vit)):
            if folder is not None:
                (work / kind).mkdir()
                good &= check(kind, folder, work / "program", work / kind)
    if not good:
        raise SystemExit("error: more than allowed")


if __name__ == "__main__":
    main()
