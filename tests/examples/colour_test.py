# SPDX-License-Identifier: MIT
"""finetune_vit on colour pictures in the layouts of CIFAR and ImageNet: what it learns and saves, what
preprocessor_config.json changes, and pictures that turn out to be damaged in the middle of a run."""
import json
import random
import struct
import zlib

import jsonschema

import support

# As `vit_tiny_colour` in examples/programs/finetune_vit/vit_run.hpp.
IMAGE, PATCH, HIDDEN, MLP, LAYERS, CLASSES = 16, 8, 32, 64, 2, 10
CONFIG = {"model_type": "vit", "image_size": IMAGE, "patch_size": PATCH, "num_channels": 3, "hidden_size": HIDDEN,
          "num_attention_heads": 2, "intermediate_size": MLP, "num_hidden_layers": LAYERS, "layer_norm_eps": 1e-12,
          "hidden_act": "gelu", "qkv_bias": True}


def tensor_shapes():
    shapes = {"embeddings.cls_token": [1, 1, HIDDEN],
              "embeddings.position_embeddings": [1, (IMAGE // PATCH) ** 2 + 1, HIDDEN],
              "embeddings.patch_embeddings.projection.weight": [HIDDEN, 3, PATCH, PATCH], "layernorm.weight": [HIDDEN]}
    for layer in range(LAYERS):
        block = f"encoder.layer.{layer}."
        for name in ("attention.attention.query", "attention.attention.key", "attention.attention.value",
                     "attention.output.dense"):
            shapes[f"{block}{name}.weight"] = [HIDDEN, HIDDEN]
        shapes[f"{block}intermediate.dense.weight"] = [MLP, HIDDEN]
        shapes[f"{block}output.dense.weight"] = [HIDDEN, MLP]
        shapes[f"{block}layernorm_before.weight"] = shapes[f"{block}layernorm_after.weight"] = [HIDDEN]
    for name in [name for name in shapes if name.endswith(".weight")]:
        shapes[name.removesuffix("weight") + "bias"] = shapes[name][:1]
    return {"vit." + name: shape for name, shape in shapes.items()}


def write_model(folder):
    folder.mkdir()
    tensors = {name: (shape, 1 if "layernorm" in name and name.endswith("weight") else 0)
               for name, shape in tensor_shapes().items()}
    support.write_safetensors(folder / "model.safetensors", tensors)
    (folder / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")


def colour_of(label, noise):
    """Each class has its own; noise keeps pictures apart."""
    return [min(255, max(0, 25 * ((label * factor) % 10) + noise.randrange(-20, 21))) for factor in (1, 3, 7)]


def png(label, noise, width=20, height=17):
    """A picture of one colour with noise, as ImageNet has one: a PNG file under a JPEG's name."""
    lines = bytearray()
    for _ in range(height):
        lines.append(0)  # unfiltered
        for _ in range(width):
            lines.extend(colour_of(label, noise))

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(lines)))
            + chunk(b"IEND", b""))


def write_folders(folder, each_train=6, each_val=2):
    noise = random.Random(1)
    for part, count in (("train", each_train), ("val", each_val)):
        for label in range(CLASSES):
            place = folder / part / f"class{label}"
            place.mkdir(parents=True)
            for number in range(count):
                (place / f"picture{number}.JPEG").write_bytes(png(label, noise))


def write_cifar(folder, classes):
    noise = random.Random(2)
    folder.mkdir()
    files = {10: [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"], 100: ["train", "test"]}[classes]
    for name in files:
        records = bytearray()
        for number in range(20):
            label = number % 10
            records.extend([label] if classes == 10 else [0, label])
            pixels = [colour_of(label, noise) for _ in range(32 * 32)]
            for channel in range(3):
                records.extend(pixel[channel] for pixel in pixels)
        (folder / f"{name}.bin").write_bytes(records)


class ColourTest(support.ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = self.folder / "model"
        self.data = self.folder / "pictures"
        write_model(self.model)
        write_folders(self.data)

    def command(self, *options, out="out"):
        return [support.PROGRAM, "--task", "imagenet", "--data", str(self.data), "--model", str(self.model), "--batch", "10",
                "--threads", "1", "--learning-rate", "3e-3", "--scheduled-learning-rate", "3e-3", "--out",
                str(self.folder / out), *options]

    def run_of(self, *options):
        self.succeed(*options)
        return self.report()["runs"][0]

    def test_folders_of_pictures(self):
        self.succeed("--epochs", "30", *[part for run in ("eager", "paper:75", "slim:75") for part in ("--run", run)])
        report = self.report()
        jsonschema.Draft202012Validator(support.read_schema()).validate(report)
        self.assertEqual([report["data"][key] for key in ("train", "test", "batch", "steps")], [60, 20, 10, 180])
        for run in report["runs"]:
            self.assertEqual(run["planned"], run["bytes"])
            self.assertGreaterEqual(run["accuracy"], 0.5)
        self.succeed("--images", "30", "--test-images", "10", "--epochs", "1", "--run", "eager")
        self.assertEqual([self.report()["data"][key] for key in ("train", "test")], [30, 10])

    def test_threads_change_nothing(self):
        reports = []
        for threads in ("0", "3"):
            reports.append(self.run_of("--epochs", "2", "--run", "slim:75", "--loader-threads", threads))
            del reports[-1]["seconds_per_step"]
        self.assertEqual(reports[0], reports[1])

    def test_cifar(self):
        folder = self.folder / "cifar"
        write_cifar(folder, 10)
        run = self.run_of("--task", "cifar10", "--data", str(folder), "--epochs", "12", "--run", "slim:50")
        self.assertEqual([self.report()["data"][key] for key in ("train", "test")], [100, 20])
        self.assertGreaterEqual(run["accuracy"], 0.5)
        names = [f"thing {label}" for label in range(10)]
        (folder / "batches.meta.txt").write_text("\n".join(names) + "\n\n")  # as it lies beside the published files
        saved = self.folder / "saved"
        options = ["--task", "cifar10", "--data", str(folder), "--epochs", "0.2", "--run", "eager"]
        self.succeed(*options, "--save", str(saved))
        config = json.loads((saved / "config.json").read_text(encoding="utf-8"))
        self.assertEqual([config["id2label"][str(label)] for label in range(10)], names)
        (folder / "batches.meta.txt").write_text("one\n")
        self.refuse(*options, names=[folder / "batches.meta.txt", "number of names is 1, expected 10"])
        self.refuse("--task", "cifar100", "--data", str(folder), names=["model of 100 classes", "with_classes("])

    def test_preprocessor_config(self):
        options = ["--epochs", "1", "--run", "eager"]
        config = self.model / "preprocessor_config.json"
        plain = self.run_of(*options)
        usual = {"image_processor_type": "BitImageProcessor", "do_center_crop": True,
                 "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], "resample": 2,
                 "size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}}
        config.write_text(json.dumps(usual))
        self.assertEqual(self.run_of(*options)["losses"], plain["losses"])
        for change in ({"image_mean": [0.5, 0.5, 0.5]}, {"image_std": [0.5, 0.5, 0.5]}, {"resample": 3}):
            config.write_text(json.dumps({**usual, **change}))
            self.assertNotEqual(self.run_of(*options)["losses"], plain["losses"], change)
        square = {"size": {"height": 224, "width": 224}, "do_center_crop": False}
        config.write_text(json.dumps({**usual, **square}))  # not what training sees, but what is tested
        squeezed = self.run_of(*options)
        self.assertEqual(squeezed["losses"], plain["losses"])
        self.assertNotEqual(squeezed["test_loss"], plain["test_loss"])
        config.write_text(json.dumps({"resample": 5}))
        self.refuse(*options, names=[config, "resample is 5, expected 2 (bilinear) or 3 (bicubic)"])

    def test_saved_folder_is_a_start(self):
        saved = self.folder / "saved"
        (self.model / "preprocessor_config.json").write_text(json.dumps({"image_mean": [0.5, 0.4, 0.3]}))
        self.succeed("--epochs", "1", "--run", "eager", "--save", str(saved))
        self.assertEqual({path.name for path in saved.iterdir()},
                         {"config.json", "model.safetensors", "preprocessor_config.json"})
        found = json.loads((saved / "preprocessor_config.json").read_text(encoding="utf-8"))
        for actual, expected in zip(found["image_mean"], [0.5, 0.4, 0.3]):
            self.assertAlmostEqual(actual, expected, places=6)
        self.assertEqual(found["size"], {"height": IMAGE, "width": IMAGE})
        config = json.loads((saved / "config.json").read_text(encoding="utf-8"))
        self.assertEqual(config["id2label"], {str(label): f"class{label}" for label in range(CLASSES)})
        self.assertEqual(config["label2id"], {f"class{label}": label for label in range(CLASSES)})
        self.succeed("--model", str(saved), "--epochs", "0.2", "--run", "eager")

    def test_damaged_picture(self):
        """Training stops, says which, and goes on from there when it is whole again: as if nothing had been."""
        options = ["--epochs", "4", "--run", "eager", "--run", "slim:75", "--loader-threads", "2"]
        self.succeed(*options, out="whole")
        victims = [self.data / "train" / "class3" / "picture2.JPEG", self.data / "val" / "class9" / "picture1.JPEG"]
        contents = [path.read_bytes() for path in victims]
        for path, content in zip(victims, contents):
            path.write_bytes(content[:90])
        for path, content, steps in zip(victims, contents, (range(0, 6), range(24, 25))):
            self.refuse(*options, *(["--resume"] if path != victims[0] else []),
                        names=[path, "could not be decoded", "--resume continues from"], out="cut")
            saved = support.read_header(self.folder / "cut" / "checkpoint.safetensors")
            state = json.loads(saved["__metadata__"]["finetune_vit"])
            self.assertIn(len(state["current"]["losses"]), steps)
            self.assertEqual(state["finished"], [])
            path.write_bytes(content)
        self.succeed(*options, "--resume", out="cut")
        self.check_same()


if __name__ == "__main__":
    support.main()
