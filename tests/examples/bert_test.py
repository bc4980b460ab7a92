# SPDX-License-Identifier: MIT
"""finetune_bert on a tiny model and a few texts: what it reports, Ctrl-C and --resume, --save, wrong input."""
import json
import os
import random
import re
import shutil
import struct
import subprocess

import jsonschema

import support

PROGRAM = os.environ.get("FINETUNE_BERT", "")
# As `bert_tiny` in examples/programs/finetune_bert/bert_run.hpp.
VOCABULARY, HIDDEN, MLP, LAYERS, POSITIONS = 300, 32, 64, 2, 512
CONFIG = {"model_type": "bert", "architectures": ["BertModel"], "vocab_size": VOCABULARY, "hidden_size": HIDDEN,
          "num_attention_heads": 2, "intermediate_size": MLP, "num_hidden_layers": LAYERS, "type_vocab_size": 2,
          "max_position_embeddings": POSITIONS, "layer_norm_eps": 1e-12, "hidden_act": "gelu"}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"word{i}" for i in range(VOCABULARY - 5))]
RUNS = ["eager", "paper:75", "slim:75"]


def tensor_shapes():
    shapes = {"embeddings.word_embeddings": [VOCABULARY, HIDDEN], "embeddings.position_embeddings": [POSITIONS, HIDDEN],
              "embeddings.token_type_embeddings": [2, HIDDEN], "embeddings.LayerNorm": [HIDDEN],
              "pooler.dense": [HIDDEN, HIDDEN]}
    for layer in range(LAYERS):
        block = f"encoder.layer.{layer}."
        for name in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            shapes[block + name] = [HIDDEN, HIDDEN]
        shapes[block + "intermediate.dense"] = [MLP, HIDDEN]
        shapes[block + "output.dense"] = [HIDDEN, MLP]
        shapes[block + "attention.output.LayerNorm"] = shapes[block + "output.LayerNorm"] = [HIDDEN]
    return shapes


def write_model(folder, config=None, classes=0):
    """A folder as Hugging Face has them, of random numbers, with a classifier where there are classes."""
    folder.mkdir()
    tensors = {}
    if classes:
        tensors["classifier.weight"], tensors["classifier.bias"] = ([classes, HIDDEN], 0), ([classes], 0)
    for name, shape in tensor_shapes().items():
        tensors[f"bert.{name}.weight"] = (shape, 0 if len(shape) > 1 else 1)
        if not name.endswith("_embeddings"):
            tensors[f"bert.{name}.bias"] = (shape[:1], 0)
    support.write_safetensors(folder / "model.safetensors", tensors)
    (folder / "config.json").write_text(json.dumps(config or CONFIG), encoding="utf-8")
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")


def reorder_classes(path, order):
    """Puts the classifier's rows into another order."""
    content = bytearray(path.read_bytes())
    begin = 8 + struct.unpack("<Q", content[:8])[0]
    for name in ("classifier.weight", "classifier.bias"):
        first, last = (begin + offset for offset in support.read_header(path)[name]["data_offsets"])
        step = (last - first) // len(order)
        rows = [content[first + i * step:first + (i + 1) * step] for i in order]
        content[first:last] = b"".join(rows)
    path.write_bytes(content)


def text_of(noise, kind):
    """Words of which every kind has its own."""
    return " ".join(f"word{noise.randrange(20 * kind, 20 * kind + 30)}" for _ in range(noise.randint(3, 12)))


def table(heading, count, seed, row):
    noise = random.Random(seed)
    return "\n".join(["\t".join(heading), *("\t".join(row(noise, i)) for i in range(count))]) + "\n"


def write_tasks(folder):
    """`sst2`, `mnli` and `stsb` under `folder`, 40 rows to train on and 12 to test."""
    mnli = ["entailment", "neutral", "contradiction"]
    tasks = {
        "sst2": (["sentence", "label"], "dev", lambda noise, i: [text_of(noise, i % 2), str(i % 2)]),
        "mnli": (["index", "sentence1", "sentence2", "label1", "gold_label"], "dev_matched",
                 lambda noise, i: [str(i), text_of(noise, 0), text_of(noise, i % 3), mnli[0], mnli[i % 3]]),
        "stsb": (["index", "sentence1", "sentence2", "score"], "dev",
                 lambda noise, i: [str(i), text_of(noise, 0), text_of(noise, i % 6), f"{i % 6 * 0.9:.3f}"]),
    }
    for name, (heading, test, row) in tasks.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "train.tsv").write_text(table(heading, 40, 1, row), encoding="utf-8")
        (folder / name / f"{test}.tsv").write_text(table(heading, 12, 2, row), encoding="utf-8")
    (folder / "mnli" / "dev_mismatched.tsv").write_text(
        table(tasks["mnli"][0], 12, 3, lambda noise, i: [str(i), text_of(noise, 1), text_of(noise, 0), mnli[1], mnli[2]]),
        encoding="utf-8")


def squad(count, seed):
    """Paragraphs of 40 words; every third question has no answer."""
    noise = random.Random(seed)
    paragraphs = []
    for i in range(count):
        words = [f"word{noise.randrange(200)}" for _ in range(40)]
        place = noise.randrange(38)
        answer = " ".join(words[place:place + 2])
        answers = [{"text": answer, "answer_start": len(" ".join([*words[:place], ""]))}]
        paragraphs.append({"context": " ".join(words), "qas": [
            {"id": str(i), "question": f"word{200 + i} word250", "is_impossible": i % 3 == 0,
             "answers": [] if i % 3 == 0 else answers}]})
    return json.dumps({"version": "v2.0", "data": [{"title": "words", "paragraphs": paragraphs}]})


class TinyBert(support.ProgramTest):
    """finetune_bert with a tiny `model` and the tasks of `data` in the folder."""

    def setUp(self):
        super().setUp()
        self.model = self.folder / "model"
        self.data = self.folder / "glue"
        write_model(self.model)
        write_tasks(self.data)

    def command(self, *options, out="out", task="sst2"):
        return [PROGRAM, "--task", task, "--data", str(self.data / task), "--model", str(self.model), "--batch", "8",
                "--threads", "1", "--learning-rate", "3e-3", "--scheduled-learning-rate", "3e-3", "--out",
                str(self.folder / out), *options]


class BertTest(TinyBert):
    def test_tasks_begin_with_the_published_recipes(self):
        published = {"batch": "32", "epochs": "3", "weight-decay": "0.01", "seed": "43", "optimizer": "published",
                     "max-tokens": "128"}
        for task, differences in [
                ("cola", {"scheduled-learning-rate": "8e-05", "run": "eager,eager:90,paper:90,slim:90"}),
                ("rte", {"batch": "16", "scheduled-learning-rate": "0.00012", "seed": "47"}),
                ("squad2", {"batch": "128", "scheduled-learning-rate": "0.00018", "seed": "23", "max-tokens": "384"})]:
            output = subprocess.run([PROGRAM, "--task", task, "--help"], capture_output=True, text=True, check=True).stdout
            for option, value in {**published, **differences}.items():
                with self.subTest(task=task, option=option):
                    (shown,) = re.findall(rf"^ *--{option} [^=\n]*=\[?([^\]\s]*)", output, re.MULTILINE)
                    self.assertEqual(shown, value)

    def test_tasks(self):
        validator = jsonschema.Draft202012Validator(support.read_schema())
        for task, metric, second, figures, classes in [
                ("sst2", "accuracy", None, {"accuracy", "f1", "matthews", "loss"}, 2),
                ("mnli", "accuracy", "accuracy_mismatched",
                 {"accuracy", "loss", "accuracy_mismatched", "loss_mismatched"}, 3),
                ("stsb", "pearson", "spearman", {"pearson", "spearman", "loss"}, 1)]:
            with self.subTest(task=task):
                output = self.succeed("--task", task, "--data", str(self.data / task), "--epochs", "2", "--rows", "32",
                                      "--test-rows", "10", *[part for run in RUNS for part in ("--run", run)])
                report = self.report()
                validator.validate(report)
                data = report["data"]
                tested = 20 if task == "mnli" else 10
                self.assertEqual([data[key] for key in ("train", "test", "batch", "steps")], [32, tested, 8, 8])
                self.assertEqual(report["model"]["name"], "bert-tiny")
                self.assertEqual(report["model"]["classes"], classes)
                self.assertEqual([run["policy"] for run in report["runs"]], ["eager", "paper", "slim"])
                for run in report["runs"]:
                    self.check_run(run, metric, figures, report["model"]["unit_names"])
                    self.assertEqual(run.get("second_metric"), second)
                self.assertEqual(output.count(f"test {metric} "), 3)
                self.assertRegex(output, rf"(?m)^policy +frozen +{metric} +{second + ' +' if second else ''}activations")
                stored = [run["bytes"]["stored"] for run in report["runs"]]
                self.assertEqual(stored, sorted(set(stored), reverse=True))
        broken = self.report()
        broken["runs"][0]["metrics"]["pearson"] = "high"
        with self.assertRaises(jsonschema.ValidationError):
            validator.validate(broken)

    def check_run(self, run, metric, figures, unit_names):
        self.assertEqual(run["planned"], run["bytes"])
        self.assertEqual(len(run["losses"]), 8)
        self.assertEqual(run["units"], len(unit_names))
        self.assertEqual(len(run["active"][0]), run["units"] - int(run["rate"] * run["units"] / 100))
        self.assertEqual(run["metric"], metric)
        self.assertEqual(set(run["metrics"]), figures)
        self.assertEqual(run["accuracy"], max(0, run["metrics"][metric]))
        self.assertEqual(run["test_loss"], run["metrics"]["loss"])

    def test_matched_and_mismatched(self):
        folder = self.data / "mnli"
        options = ["--task", "mnli", "--data", str(folder), "--epochs", "4", "--run", "eager"]
        self.succeed(*options)
        before = self.report()["runs"][0]["metrics"]
        self.assertNotEqual(before["accuracy"], before["accuracy_mismatched"])
        (folder / "dev_matched.tsv").rename(folder / "other.tsv")
        (folder / "dev_mismatched.tsv").rename(folder / "dev_matched.tsv")
        (folder / "other.tsv").rename(folder / "dev_mismatched.tsv")
        self.succeed(*options)
        after = self.report()["runs"][0]["metrics"]
        self.assertEqual(after["accuracy"], before["accuracy_mismatched"])
        self.assertEqual(after["accuracy_mismatched"], before["accuracy"])
        (folder / "dev_mismatched.tsv").unlink()
        self.refuse(*options, names=[folder / "dev_mismatched.tsv"])

    def test_answers_in_texts(self):
        folder = self.data / "squad2"
        folder.mkdir()
        (folder / "train-v2.0.json").write_text(squad(24, 1), encoding="utf-8")
        (folder / "dev-v2.0.json").write_text(squad(9, 2), encoding="utf-8")
        options = ["--task", "squad2", "--data", str(folder), "--max-tokens", "24", "--stride", "8", "--epochs", "0.5"]
        self.succeed(*options, *[part for run in RUNS for part in ("--run", run)])
        report = self.report()
        jsonschema.Draft202012Validator(support.read_schema()).validate(report)
        self.assertEqual([report["data"][key] for key in ("train", "test", "batch")], [24, 9, 8])
        self.assertGreater(report["data"]["steps"], 24 // 8)  # windows, more than questions
        for run in report["runs"]:
            self.assertEqual(run["planned"], run["bytes"])
            self.assertEqual(run["metric"], "f1")
            self.assertEqual(run["accuracy"], run["metrics"]["f1"])
            self.assertGreater(run["metrics"]["best_f1"], max(run["metrics"]["f1"], 3 / 9) - 1e-9)
        self.refuse(*options, "--stride", "20", names=["stride is 20, expected less than the 19 tokens"])
        (folder / "dev-v2.0.json").write_text("{", encoding="utf-8")
        self.refuse(*options, names=[folder / "dev-v2.0.json"])

    def test_it_learns(self):
        self.succeed("--epochs", "30", "--run", "eager", "--run", "slim:75")
        for run in self.report()["runs"]:
            self.assertLess(sum(run["losses"][-5:]), 0.5 * sum(run["losses"][:5]))
            self.assertGreaterEqual(run["accuracy"], 0.75)

    def test_gradient_errors(self):
        output = self.succeed("--measure-error", "2", "--run", "eager", "--run", "paper:75", "--run", "slim")
        errors = json.loads((self.folder / "out" / "errors.json").read_text(encoding="utf-8"))
        self.assertEqual([(run["policy"], run["rate"]) for run in errors["runs"]],
                         [("eager", 0), ("paper", 75), ("slim", 0)])

        def relative(run):
            squares = [sum(each[key] ** 2 for each in run["errors"]) for key in ("difference", "exact")]
            return (squares[0] / squares[1]) ** 0.5

        eager, paper, slim = (relative(run) for run in errors["runs"])
        self.assertLess(eager, 1e-5)
        self.assertGreater(slim, 1e-3)
        self.assertGreater(paper, slim)
        self.assertEqual([each["name"] for each in errors["runs"][0]["errors"]],
                         [each["name"] for each in errors["runs"][2]["errors"]])
        self.assertRegex(output, r"(?m)^slim, 0 % frozen: gradients \d+\.\d\d % off, most in bert\.")
        self.assertFalse((self.folder / "out" / "report.json").exists())

    def test_resume(self):
        options = ["--epochs", "240", "--run", "eager", "--run", "paper:75"]
        self.succeed(*options, out="whole")
        self.assertIn("optimizer.steps", self.interrupt(*options, after="eager, 0 % frozen"))
        again = self.interrupt(*options, "--resume", after="paper, 75 % frozen")
        self.assertIn('"finished":[{', again["__metadata__"]["finetune_bert"])
        for option, value in [("--max-tokens", "64"), ("--test-rows", "3"), ("--rows", "16"), ("--bucket-window", "0")]:
            self.refuse(*options, option, value, "--resume", names=[f"--resume: {option} is ", "expected "], out="cut")
        self.succeed(*options, "--resume", out="cut")
        self.check_same()

    def test_saved_model_is_a_start(self):
        saved = self.folder / "saved" / "model"
        self.succeed("--epochs", "6", "--run", "eager", "--save", str(saved))
        trained = self.report()["runs"][0]
        self.assertEqual({path.name for path in saved.iterdir()}, {"config.json", "model.safetensors", "vocab.txt"})
        self.assertEqual(len(json.loads((saved / "config.json").read_text(encoding="utf-8"))["id2label"]), 2)
        # A step too small to change anything.
        options = ["--model", str(saved), "--epochs", "0.2", "--run", "eager"]
        self.succeed(*options, "--learning-rate", "1e-30", "--save", str(saved))
        again = self.report()["runs"][0]
        self.assertEqual(again["metrics"], trained["metrics"])
        # Three classes and scores want a classifier of their own.
        for task in ("mnli", "stsb"):
            printed = self.succeed(*options, "--task", task, "--data", str(self.data / task))
            self.assertIn(f"weights from {saved}; not from there but anew: classifier.weight, classifier.bias", printed)

    def labels(self, folder):
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        names = [config["id2label"][str(i)] for i in range(len(config["id2label"]))]
        self.assertEqual(config["label2id"], {name: i for i, name in enumerate(names)})
        return names

    def test_classes_are_those_of_the_checkpoint(self):
        """Whatever order a checkpoint has its classes in, results are the same, and the order is saved."""
        names = ["entailment", "neutral", "contradiction"]
        options = ["--task", "mnli", "--data", str(self.data / "mnli"), "--epochs", "3", "--run", "eager"]
        metrics = {}
        for order in ([0, 1, 2], [2, 0, 1]):
            model, saved = self.folder / f"model{order[0]}", self.folder / f"saved{order[0]}"
            own = [names[i] for i in order]
            write_model(model, {**CONFIG, "id2label": dict(enumerate(own)),
                                "label2id": {name: i for i, name in enumerate(own)}}, 3)
            reorder_classes(model / "model.safetensors", order)
            self.succeed(*options, "--model", str(model), "--save", str(saved))
            metrics[order[0]] = self.report()["runs"][0]["metrics"]
            self.assertEqual(self.labels(saved), own)
        for name, value in metrics[0].items():
            self.assertAlmostEqual(metrics[2][name], value, 5, name)

    def test_classes_with_other_names(self):
        model, saved = self.folder / "named", self.folder / "saved"
        write_model(model, {**CONFIG, "id2label": {"0": "spam", "1": "ham"}}, 2)
        options = ["--model", str(model), "--epochs", "0.2", "--run", "eager", "--save", str(saved)]
        self.refuse(*options, names=[model / "config.json", "spam, ham", "expected", "negative, positive",
                                     "--new-classifier"])
        self.succeed(*options, "--new-classifier")
        self.assertEqual(self.labels(saved), ["negative", "positive"])
        # Of another number of classes nothing is taken, so their names do not matter.
        self.succeed(*options, "--task", "mnli", "--data", str(self.data / "mnli"))
        self.assertEqual(self.labels(saved), ["entailment", "neutral", "contradiction"])
        (model / "config.json").write_text(json.dumps({**CONFIG, "id2label": {"0": "LABEL_0", "1": "LABEL_1"}}))
        output = self.succeed(*options)
        self.assertIn("does not name its classes: they are taken for negative, positive", output)
        self.assertEqual(self.labels(saved), ["negative", "positive"])
        (model / "config.json").write_text(json.dumps({**CONFIG, "id2label": {"0": "positive", "1": "negative"},
                                                       "label2id": {"negative": 0, "positive": 1}}))
        self.refuse(*options, names=[model / "config.json", "id2label and label2id disagree"])

    def test_the_tokenizer_goes_along(self):
        added = {"[ENT]": VOCABULARY - 1}
        (self.model / "vocab.txt").write_text("\n".join(WORDS[:-1]) + "\n", encoding="utf-8")
        (self.model / "added_tokens.json").write_text(json.dumps(added))
        saved, outside = self.folder / "saved", self.folder / "outside"
        saved.mkdir()
        outside.write_text("mine")
        for name in ("vocab.txt", "config.json"):
            (saved / name).symlink_to(outside)
        (saved / "tokenizer.json").write_text("of another model")
        self.succeed("--epochs", "0.2", "--run", "eager", "--save", str(saved))
        self.assertEqual({path.name for path in saved.iterdir()},
                         {"config.json", "model.safetensors", "vocab.txt", "added_tokens.json"})
        self.assertEqual(json.loads((saved / "added_tokens.json").read_text()), added)
        self.assertEqual(outside.read_text(), "mine")
        self.succeed("--epochs", "0.2", "--run", "eager", "--model", str(saved))

    def test_texts_are_utf8(self):
        path = self.data / "sst2" / "train.tsv"
        lines = path.read_bytes().splitlines()
        path.write_bytes(b"\n".join([*lines[:2], b"caf\xe9 good\t1", *lines[2:]]) + b"\n")
        self.refuse("--run", "eager", names=[path, "line 3", "byte 4", "not UTF-8"])
        path.write_bytes(b"\n".join([*lines[:2], "café good\t1".encode(), *lines[2:]]) + b"\n")
        self.succeed("--epochs", "0.2", "--run", "eager")

    def test_a_question_that_is_too_long(self):
        folder = self.data / "squad2"
        folder.mkdir()
        data = json.loads(squad(9, 1))
        data["data"][0]["paragraphs"][4]["qas"][0]["question"] = "word1 " * 40
        (folder / "train-v2.0.json").write_text(squad(24, 1), encoding="utf-8")
        (folder / "dev-v2.0.json").write_text(json.dumps(data), encoding="utf-8")
        self.refuse("--task", "squad2", "--data", str(folder), "--max-tokens", "24", "--stride", "8", "--run", "eager",
                    names=[folder / "dev-v2.0.json", "question 4", "--max-tokens"])

    def test_folders_of_links(self):
        """As the cache of Hugging Face's programs has them."""
        links, copy = self.folder / "links", self.folder / "copy"
        links.mkdir()
        for path in self.model.iterdir():
            (links / path.name).symlink_to(path)
        self.refuse("--model", str(links), names=[links, "symbolic link", "cp -rL"])
        shutil.copytree(links, copy)
        for name in ("vocab.txt", "model.safetensors"):
            (copy / name).unlink()
            (copy / name).symlink_to(self.model / name)
            self.refuse("--model", str(copy), names=[copy / name, "symbolic link"])
            (copy / name).unlink()
            shutil.copy(self.model / name, copy / name)
        self.succeed("--epochs", "0.2", "--run", "eager", "--model", str(copy))

    def test_tokens_and_padding(self):
        words = self.model / "vocab.txt"
        # Texts are filled up with the model's padding, id 0, so none may end with it.
        words.write_text("\n".join(["[SEP]", "[UNK]", "[CLS]", "[PAD]", *WORDS[4:]]) + "\n", encoding="utf-8")
        self.refuse("--run", "eager", names=[self.model, "padding", "[SEP]", "expected"])
        words.write_text("\n".join(["[UNK]", "[CLS]", "[SEP]", "[PAD]", *WORDS[4:]]) + "\n", encoding="utf-8")
        (self.model / "config.json").write_text(json.dumps({**CONFIG, "pad_token_id": 3}))
        self.succeed("--epochs", "0.2", "--run", "eager")
        (self.model / "tokenizer_config.json").write_text('{"tokenizer_class": "BertJapaneseTokenizer"}')
        self.refuse("--run", "eager", names=[self.model / "tokenizer_config.json", "BertJapaneseTokenizer"])

    def test_wrong_folders(self):
        missing = self.folder / "missing"
        self.refuse("--model", str(missing), names=["--model", missing])
        self.refuse("--data", str(missing), names=["--data", missing])
        self.refuse("--data", str(self.model), names=[self.model / "train.tsv", "could not be read"])
        blocked = self.folder / "blocked"
        blocked.write_text("a file")
        self.refuse("--save", str(blocked), names=["--save", blocked, "expected"])
        self.refuse(names=["--out", blocked, "expected"], out="blocked")
        self.assertEqual(blocked.read_text(), "a file")

    def test_wrong_model(self):
        other = self.folder / "other"
        write_model(other, {**CONFIG, "intermediate_size": 128, "num_hidden_layers": 3})
        self.refuse("--model", str(other), names=[other, "num_hidden_layers is 3", "bert_shape{", ".layers = 3",
                                                  ".mlp = 128"])
        (other / "config.json").write_text(json.dumps({**CONFIG, "model_type": "vit"}))
        self.refuse("--model", str(other), names=[other / "config.json", "expected bert"])
        (other / "config.json").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n")
        self.refuse("--model", str(other), names=[other / "config.json", "is a git-lfs pointer, expected", "git lfs pull"])
        (other / "config.json").write_text("{")
        self.refuse("--model", str(other), names=[other / "config.json", "expected"])
        (other / "config.json").write_text(json.dumps(CONFIG))
        (other / "vocab.txt").write_text("\n".join([*WORDS, "more"]))
        self.refuse("--model", str(other), names=[other, "number of tokens is 301, expected at most the 300"])
        (other / "vocab.txt").write_text("\n".join(WORDS[3:]))
        self.refuse("--model", str(other), names=[other / "vocab.txt", "has no [UNK], expected"])
        (other / "vocab.txt").unlink()
        self.refuse("--model", str(other), names=[other, "tokenizer.json", "vocab.txt"])
        (other / "vocab.txt").write_text("\n".join(WORDS))
        weights = other / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-4])
        self.refuse("--model", str(other), names=[weights, "expected"])

    def test_wrong_rows(self):
        path = self.data / "sst2" / "train.tsv"
        lines = path.read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join([*lines[:6], "word1\tgood", *lines[6:]]))
        self.refuse(names=[path, 'line 7: has label "good", expected one of 0, 1'])
        path.write_text("\n".join([*lines[:6], "word1", *lines[6:]]))
        self.refuse(names=[path, "line 7: has 1 columns, expected at least 2"])

    def test_wrong_options(self):
        for tokens in ("7", "513", "many"):
            self.refuse("--max-tokens", tokens, names=["--max-tokens", tokens])
        self.refuse("--task", "wnli", names=["--task", "wnli", "sst2"])
        self.refuse("--batch", "41", names=["batch size is 41", "at most the number of samples, 40"])
        self.refuse("--rows", "4", names=["batch size is 8", "at most the number of samples, 4"])


if __name__ == "__main__":
    support.main("FINETUNE_BERT")
