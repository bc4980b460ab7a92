# SPDX-License-Identifier: MIT
"""DINOv2-small's weights from an ONNX export, under the names of a plain ViT: what vit_small.py writes."""
import sys

import numpy
import onnx
from onnx import numpy_helper
from safetensors.numpy import save

PATCH, HIDDEN, LAYERS = 14, 384, 12
EPSILON = 1e-6
LINEARS = [  # ViT's name, DINOv2's, the LayerScale that follows
    ("attention.attention.query", "attention.attention.query", None),
    ("attention.attention.key", "attention.attention.key", None),
    ("attention.attention.value", "attention.attention.value", None),
    ("attention.output.dense", "attention.output.dense", "layer_scale1.lambda1"),
    ("intermediate.dense", "mlp.fc1", None),
    ("output.dense", "mlp.fc2", "layer_scale2.lambda1"),
]


def bicubic(source, target):
    """The matrix that resamples `source` values to `target`."""
    a, matrix = -0.75, numpy.zeros((target, source))
    for row in range(target):
        centre = (row + 0.5) * source / target - 0.5
        first = int(numpy.floor(centre)) - 1
        for at in range(first, first + 4):
            d = abs(centre - at)
            weight = ((a + 2) * d - (a + 3)) * d * d + 1 if d <= 1 else a * (((d - 5) * d + 8) * d - 4)
            matrix[row, min(max(at, 0), source - 1)] += weight
    return matrix


def resized(grid, rows):
    """Positions of a square of patches, [patches, hidden], for rows x rows patches."""
    side = int(len(grid) ** 0.5)
    resample = bicubic(side, rows)
    square = grid.reshape(side, side, HIDDEN).astype(numpy.float64)
    return numpy.einsum("yr,xc,rch->yxh", resample, resample, square).reshape(1, -1, HIDDEN)


def tensors(graph, image):
    """The weights under ViT's names."""
    values = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    # The export lost the names of linear layers' weights, but not those of the products that use them; it has them [in, out].
    products = {node.name: values[node.input[1]].T for node in graph.node if node.op_type == "MatMul" and node.input[1] in values}
    norms = ("/layernorm/Constant_1_output_0", "/norm1/Constant_1_output_0", "/norm2/Constant_1_output_0")
    epsilons = {float(numpy_helper.to_array(node.attribute[0].t)) for node in graph.node if node.output[0].endswith(norms)}
    if epsilons != {float(numpy.float32(EPSILON))}:
        sys.exit(f"the model has LayerNorms with epsilon {epsilons}, expected {EPSILON}")

    token = values["backbone.embeddings.cls_token"]
    tables = [value for value in values.values() if value.shape[:1] == (1,) and value.shape[2:] == (HIDDEN,) and value is not token]
    first = next(value for value in tables if value.shape[1] == 1)
    grid = next(value for value in tables if value.shape[1] > 1)[0]
    found = {"embeddings.cls_token": token,
             "embeddings.position_embeddings": numpy.concatenate([first, resized(grid, image // PATCH)], axis=1)}
    for kind in ("weight", "bias"):
        projection = f"embeddings.patch_embeddings.projection.{kind}"
        found[projection] = values[f"backbone.{projection}"]
        found[f"layernorm.{kind}"] = values[f"backbone.layernorm.{kind}"]
    for layer in range(LAYERS):
        ours, theirs = f"encoder.layer.{layer}.", f"backbone.encoder.layer.{layer}."
        for name, other, scale in LINEARS:
            product = f"/backbone/encoder/layer.{layer}/{other.replace('.', '/')}/MatMul"
            bias = values[theirs + other + ".bias"].astype(numpy.float64)
            factor = values[theirs + scale].astype(numpy.float64) if scale else numpy.ones(len(bias))
            found[f"{ours}{name}.weight"] = products[product].astype(numpy.float64) * factor[:, None]
            found[f"{ours}{name}.bias"] = bias * factor
        for kind in ("weight", "bias"):
            found[f"{ours}layernorm_before.{kind}"] = values[f"{theirs}norm1.{kind}"]
            found[f"{ours}layernorm_after.{kind}"] = values[f"{theirs}norm2.{kind}"]
    return {"vit." + name: numpy.ascontiguousarray(value, dtype=numpy.float32) for name, value in found.items()}


def as_vit(content, image):
    """A safetensors file of the weights in an ONNX file, for images of image x image pixels."""
    weights = tensors(onnx.load_from_string(content).graph, image)
    return save(weights, metadata={"format": "pt"})
