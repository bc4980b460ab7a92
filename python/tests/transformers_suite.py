# SPDX-License-Identifier: MIT
"""Runs transformers' own tests of models, those of the installed version, once on models as they are and once on converted
ones: what passes without slimfit must pass with it, or be refused with slimfit's sentence. Prints both counts and what fails.

    python tests/transformers_suite.py            # needs the network, for transformers' source package, and parameterized

Models are small; their blocks run under the policy "exact".
"""
import argparse
import collections
import importlib
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import types
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import torch
import transformers

import slimfit_torch
from slimfit_torch.convert import blocks_of

# What is about other things than the numbers of a model, or takes long and needs devices.
LEFT_OUT = re.compile("flash|deepspeed|parallel|multi_gpu|disk_offload|cpu_offload|flax|tf_|_tf|torchscript|torch_fx|compile|fsdp|export|"
                      "bnb|quant|generate|beam|assisted|contrastive|onnx|headmasking|pruning|config_parameters|model_weights_reload|"
                      "forward_signature|fast_init|flex")


def common_tests(folder):
    """The module of tests that all of transformers' models share."""
    version = transformers.__version__
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation", "--no-binary",
                    "transformers", "-d", folder, f"transformers=={version}"], check=True)
    package, = pathlib.Path(folder).glob("transformers-*.tar.gz")
    with tarfile.open(package) as source:
        source.extractall(folder, [each for each in source.getmembers() if "/tests/" in each.name], filter="data")
    sys.path.insert(0, str(next(pathlib.Path(folder).glob("transformers-*/"))))
    # Parts that the source package does not have, and models of these kinds do not use.
    for name, kind in (("tests.exporters.test_export", "ExportTesterMixin"), ("tests.generation.test_utils", "GenerationTesterMixin")):
        for parent in (name.rpartition(".")[0], name):
            sys.modules[parent] = types.ModuleType(parent)
        setattr(sys.modules[name], kind, type(kind, (), {}))
    return importlib.import_module("tests.test_modeling_common")


SIZES = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "hidden_dropout_prob": 0.1,
         "attention_probs_dropout_prob": 0.1, "is_decoder": False}


class Tester:
    """What transformers' tests ask of a model's own tests."""

    batch_size, is_training, num_hidden_layers, hidden_size, num_attention_heads = 13, True, 2, 64, 2
    num_labels = 3

    def __init__(self, parent, config_class, has_text):
        self.parent, self.config_class, self.has_text = parent, config_class, has_text
        self.seq_length = 7 if has_text else 17 + ("DeiT" in config_class.__name__)

    def get_config(self):
        given = {**SIZES, "intermediate_size": 128}
        if self.has_text:
            return self.config_class(vocab_size=99, max_position_embeddings=512, type_vocab_size=16, pad_token_id=0, **given)
        return self.config_class(image_size=32, patch_size=8, **given)

    def prepare_config_and_inputs_for_common(self):
        if not self.has_text:
            return self.get_config(), {"pixel_values": torch.rand(self.batch_size, 3, 32, 32)}
        ids = torch.randint(1, 99, (self.batch_size, self.seq_length))
        mask = torch.ones_like(ids).tril()
        mask[:, 0] = 1
        return self.get_config(), {"input_ids": ids, "attention_mask": mask}


FAMILIES = {
    "vit": ("ViTConfig", False, ["ViTModel", "ViTForImageClassification"]),
    "bert": ("BertConfig", True, ["BertModel", "BertForSequenceClassification", "BertForTokenClassification",
                                  "BertForQuestionAnswering", "BertForMaskedLM"]),
}


def case_of(common, name):
    """The test case of a family of models."""
    config, has_text, models = FAMILIES[name]
    config = getattr(transformers, config)

    def set_up(self):
        self.model_tester = Tester(self, config, has_text)

    members = {"all_model_classes": tuple(getattr(transformers, each) for each in models), "setUp": set_up,
               "all_generative_model_classes": (), "pipeline_model_mapping": {}, "test_resize_embeddings": has_text,
               "test_pruning": False, "test_head_masking": False, "test_torchscript": False, "is_encoder_decoder": False,
               "has_attentions": True, "fx_compatible": False, "test_missing_keys": False}
    return type(f"{name.capitalize()}Test", (common.ModelTesterMixin, unittest.TestCase), members)


def convert_what_is_made(name):
    """Makes every model of a family convert itself when it is made. Returns what takes it back."""
    kinds = [getattr(transformers, each) for each in FAMILIES[name][2]]
    before = [(kind, kind.__dict__["__init__"]) for kind in kinds]

    def converting(make):
        def __init__(self, *args, **kwargs):
            make(self, *args, **kwargs)
            if next(self.parameters()).device.type != "meta":
                slimfit_torch.convert(self, "exact")
        __init__.__wrapped__ = make
        return __init__

    # transformers makes models without weights first, and fills in what it reads.
    original = transformers.PreTrainedModel.from_pretrained.__func__

    def from_pretrained(kind, *args, **kwargs):
        result = original(kind, *args, **kwargs)
        model = result[0] if isinstance(result, tuple) else result
        if blocks_of(model):
            slimfit_torch.convert(model, "exact")
        return result

    for kind, make in before:
        kind.__init__ = converting(make)
    transformers.PreTrainedModel.from_pretrained = classmethod(from_pretrained)

    def back():
        for kind, make in before:
            kind.__init__ = make
        transformers.PreTrainedModel.from_pretrained = classmethod(original)
    return back


def run(case, names):
    """By test, "passed", "skipped", "refused" or what went wrong."""
    found = {}
    for name in names:
        torch.manual_seed(0)
        result = unittest.TestResult()
        case(name).run(result)
        wrong = [text for _, text in [*result.errors, *result.failures]]
        if not wrong:
            found[name] = "skipped" if result.skipped else "passed"
        else:
            last = wrong[0].strip().splitlines()[-1]
            found[name] = "refused: " + last if "ConversionError" in wrong[0] else last
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="tests whose name holds this")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        common = common_tests(folder)
        for family in FAMILIES:
            case = case_of(common, family)
            names = [name for name in unittest.TestLoader().getTestCaseNames(case)
                     if not LEFT_OUT.search(name) and arguments.only in name]
            plain = run(case, names)
            back = convert_what_is_made(family)
            try:
                converted = run(case, names)
            finally:
                back()
            worth = [name for name in names if plain[name] == "passed"]
            counts = collections.Counter(converted[name].split(":")[0] if converted[name].startswith(("passed", "refused"))
                                         else "failed" for name in worth)
            print(f"transformers {transformers.__version__}, {family}: of {len(names)} tests {len(worth)} pass unconverted; converted: "
                  f"{counts['passed']} pass, {counts['refused']} refused, {counts['failed']} fail")
            for name in worth:
                if converted[name] != "passed":
                    print(f"  {name}: {converted[name][:300]}")
            bad += counts["failed"]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
