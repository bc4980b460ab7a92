# SPDX-License-Identifier: MIT
"""The Trainer of transformers: a BERT whose blocks slimfit runs, a share of its weights frozen in each step.

    python examples/bert_trainer.py                                         # random weights, drawn sentences
    python examples/bert_trainer.py --model FOLDER_OR_NAME --data FOLDER

FOLDER holds train.tsv and dev.tsv with a header and lines "sentence<TAB>label", as GLUE's SST-2 has them.
"""
import argparse
import pathlib
import tempfile
import time

import torch
from transformers import (AutoModelForSequenceClassification, AutoTokenizer, BertConfig, BertForSequenceClassification,
                          Trainer, TrainerCallback, TrainingArguments)

import slimfit_torch


def drawn_sentences(count, tokens=32):
    """Whether the first word of a sentence is one of the first hundred."""
    lengths = torch.randint(8, tokens + 1, (count, 1))
    mask = (torch.arange(tokens) < lengths).long()
    ids = torch.randint(0, 200, (count, tokens))
    labels = (ids[:, 0] < 100).long()
    return [{"input_ids": i * m, "attention_mask": m, "labels": y} for i, m, y in zip(ids, mask, labels)]


def sentences(path, tokenizer, most):
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]][:most]
    return [{**tokenizer(text, truncation=True, max_length=64), "labels": int(label)} for text, label in lines]


class Clock(TrainerCallback):
    """Seconds of each step."""

    def __init__(self):
        self.seconds = []

    def on_step_begin(self, *_args, **_kwargs):
        self.began = time.perf_counter()

    def on_step_end(self, *_args, **_kwargs):
        self.seconds.append(time.perf_counter() - self.began)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="of the hub, or a folder; none: random weights")
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--policy", default="slim", help="'none' leaves the model to torch")
    parser.add_argument("--rate", type=float, default=0.75, help="share of the weights that is frozen in each step")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    return parser


def run(arguments, watch=lambda model: None):
    """Trains a model and returns its accuracy and the seconds of each step. watch(model): called before the first step."""
    torch.manual_seed(arguments.seed)
    tokenizer = None
    if arguments.model:
        model = AutoModelForSequenceClassification.from_pretrained(arguments.model, num_labels=2)
        tokenizer = AutoTokenizer.from_pretrained(arguments.model)
        train = sentences(arguments.data / "train.tsv", tokenizer, 4000)
        test = sentences(arguments.data / "dev.tsv", tokenizer, None)
    else:
        model = BertForSequenceClassification(BertConfig(vocab_size=200, hidden_size=128, num_hidden_layers=2,
                                                         num_attention_heads=4, intermediate_size=512))
        train, test = drawn_sentences(4000), drawn_sentences(400)

    clock = Clock()
    callbacks = [clock]
    if arguments.rate > 0:
        callbacks.append(slimfit_torch.InterLayerFreezing(rate=arguments.rate, seed=arguments.seed))
    if arguments.policy != "none":
        slimfit_torch.convert(model, policy=arguments.policy)
        print(slimfit_torch.plan(model, (arguments.batch, 64 if arguments.model else 32)))
    watch(model)
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(output_dir=folder, max_steps=arguments.steps, learning_rate=arguments.lr,
                                     per_device_train_batch_size=arguments.batch, logging_steps=10, save_strategy="no",
                                     report_to=[], use_cpu=True, seed=arguments.seed, disable_tqdm=True)
        trainer = Trainer(model, settings, train_dataset=train, eval_dataset=test, processing_class=tokenizer,
                          callbacks=callbacks,
                          compute_metrics=lambda given: {"accuracy": (given[0].argmax(1) == given[1]).mean()})
        trainer.train()
        return float(trainer.evaluate()["eval_accuracy"]), clock.seconds


if __name__ == "__main__":
    print(f"accuracy {run(options().parse_args())[0]:.3f}")
