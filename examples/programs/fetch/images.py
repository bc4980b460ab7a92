#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes Fashion-MNIST as CIFAR-10's binary files, for models that read colour images.

Writes    data_batch_1.bin to data_batch_5.bin (10,000 images each, the first 50,000 of 60,000 in their order), test_batch.bin
          (10,000), batches.meta.txt: records of one label byte and 3 x 32 x 32 bytes; a grey image of 28 x 28 with two black
          pixels around it, three times.
Source    the four IDX files of Fashion-MNIST in --source, plain or .gz; Debian and Ubuntu have them as dataset-fashion-mnist.
Licence   MIT (Zalando SE).
Needs     nothing.
"""
import gzip
import pathlib
import sys

import download

CLASSES = "T-shirt/top Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag Ankle_boot".split()
PART = 10_000  # images in a file
PARTS = {"train": [f"data_batch_{i}.bin" for i in range(1, 6)], "t10k": ["test_batch.bin"]}


def read_idx(folder, name, magic):
    """Dimensions and content of an IDX file of bytes."""
    path = folder / name
    try:
        data = path.read_bytes() if path.is_file() else gzip.decompress((folder / f"{name}.gz").read_bytes())
    except (OSError, EOFError) as problem:
        sys.exit(f"{path}, plain or .gz, could not be read: {problem}")
    rank = magic & 255
    dimensions = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(rank)]
    values = data[4 + 4 * rank:]
    size = 1
    for dimension in dimensions:
        size *= dimension
    if int.from_bytes(data[:4], "big") != magic or len(values) != size:
        sys.exit(f"{path} is not whole, expected an IDX file with magic number {magic} and {size} bytes of data")
    return dimensions, values


def records(pixels, labels):
    """CIFAR-10's records of grey images of 28 x 28."""
    edge, side = bytes(2 * 32), bytes(2)
    result = bytearray()
    for i, label in enumerate(labels):
        image = pixels[784 * i:784 * (i + 1)]
        rows = b"".join(side + image[start:start + 28] + side for start in range(0, 784, 28))
        result.append(label)
        result += 3 * (edge + rows + edge)
    return bytes(result)


def main():
    parser = download.parser(__doc__)
    parser.add_argument("--source", type=pathlib.Path, default="/usr/share/datasets/fashion-mnist",
                        help="folder of the IDX files (%(default)s)")
    options = parser.parse_args()
    if download.are_there(options.folder, [*PARTS["train"], *PARTS["t10k"], "batches.meta.txt"]):
        return
    for kind, names in PARTS.items():
        (count, height, width), pixels = read_idx(options.source, f"{kind}-images-idx3-ubyte", 0x803)
        (label_count,), labels = read_idx(options.source, f"{kind}-labels-idx1-ubyte", 0x801)
        if (height, width) != (28, 28) or label_count != count or count < PART * len(names):
            sys.exit(f"{options.source}: {kind} has {count} images of {height} x {width} and {label_count} labels, expected "
                     f"{PART * len(names)} or more of 28 x 28 and as many labels")
        for i, name in enumerate(names):
            part = slice(PART * i, PART * (i + 1))
            download.write(options.folder / name, records(pixels[784 * part.start:784 * part.stop], labels[part]))
    download.write(options.folder / "batches.meta.txt", "\n".join(CLASSES) + "\n")
    print(f"{options.folder}: Fashion-MNIST was written as CIFAR-10's files")


if __name__ == "__main__":
    sys.exit(main())
