# SPDX-License-Identifier: MIT
"""Trains both examples by torch alone and by slimfit, with and without freezing, from several seeds, and prints one table:
accuracy, time of a step, bytes that are saved for the backward pass, peak memory. Each training has a process of its own.

    python bench/accuracy.py --bert FOLDER --sentences FOLDER --vit FOLDER --pictures FOLDER

FOLDERs are as the examples take them. Results of trainings are kept in --results, so that a run that was stopped goes on.
"""
import argparse
import importlib
import inspect
import json
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
POLICIES = {"torch": "none", "slimfit": "slim"}


def train(task):
    """One training in this process."""
    sys.path[:0] = [str(HERE), str(HERE.parent / "examples"), str(HERE.parent)]
    import torch

    import measures
    torch.set_num_threads(task["threads"])
    example = importlib.import_module(task["example"])
    saved, start = [], []

    def watch(model):
        forward, calls = model.forward, [0]

        def counted(*args, **kwargs):
            calls[0] += 1
            if not model.training or calls[0] % 10 != 1:
                return forward(*args, **kwargs)
            book = []
            with measures.counting_saved(model, book):
                result = forward(*args, **kwargs)
            saved.append(sum(book))
            return result

        counted.__signature__ = inspect.signature(forward)  # the Trainer reads names of arguments there
        model.forward = counted
        measures.forget_peak()
        start.append(measures.resident())

    accuracy, seconds = example.run(example.options().parse_args(task["options"]), watch)
    return {"accuracy": accuracy, "seconds": statistics.median(seconds), "saved": statistics.mean(saved),
            "peak": measures.resident("VmHWM") - start[0]}


def tasks(given):
    """(title, method, seed, what train gets)."""
    examples = [("MiniLM, sentences", "bert_trainer", ["--model", given.bert, "--data", given.sentences], given.bert_lr,
                 given.bert_steps),
                ("ViT-S/14, images", "vit_loop", ["--model", given.vit, "--pictures", given.pictures], given.vit_lr,
                 given.vit_steps)]
    for seed in range(1, given.seeds + 1):
        for title, example, options, rates, steps in examples:
            if options[1] is None or options[3] is None:
                continue
            for rate, lr in zip((0.0, given.rate), rates):
                for name, policy in POLICIES.items():
                    method = name + (f", {rate:.0%} frozen" if rate else "")
                    words = [*options, "--policy", policy, "--rate", rate, "--lr", lr, "--steps", steps, "--batch", given.batch,
                             "--seed", seed]
                    yield title, method, seed, {"example": example, "options": [str(word) for word in words],
                                                "threads": given.threads}


def result_of(task, folder):
    """The result of a training that was done, or is done now."""
    name = json.dumps(task, sort_keys=True)
    kept = folder / "trainings.jsonl"
    if kept.exists():
        for line in kept.read_text().splitlines():
            done = json.loads(line)
            if done["task"] == name:
                return done["result"]
    folder.mkdir(parents=True, exist_ok=True)
    text = subprocess.run([sys.executable, __file__, "--train", name], check=True, stdout=subprocess.PIPE, text=True).stdout
    result = json.loads(text.splitlines()[-1])
    with kept.open("a") as file:
        file.write(json.dumps({"task": name, "result": result}) + "\n")
    return result


def table(rows):
    """Markdown. rows: (title, method, seed, result). The time of a step is a training's median, and the least of the seeds': a machine
    that others use makes it longer, never shorter."""
    lines = ["| task | method | accuracy, % | from each seed | s a step, least | saved, MiB | peak above start, MiB |",
             "| --- | --- | ---: | --- | ---: | ---: | ---: |"]
    for title, method in dict.fromkeys((title, method) for title, method, *_ in rows):
        found = [result for one, other, _, result in rows if (one, other) == (title, method)]
        percents = [100 * each["accuracy"] for each in found]
        mean = lambda name: statistics.mean(each[name] for each in found)
        lines.append(f"| {title} | {method} | {statistics.mean(percents):.2f} | {' '.join(f'{each:.2f}' for each in percents)} | "
                     f"{min(each['seconds'] for each in found):.2f} | {mean('saved') / 2**20:,.1f} | {mean('peak') / 2**20:,.0f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bert", help="folder of a BERT; without it that example is left out")
    parser.add_argument("--sentences", help="folder of train.tsv and dev.tsv")
    parser.add_argument("--vit", help="folder of a ViT; without it that example is left out")
    parser.add_argument("--pictures", help="folder of CIFAR-10's binary files")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--bert-steps", type=int, default=375)
    parser.add_argument("--vit-steps", type=int, default=375)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=0.75, help="share of the weights that is frozen in each step")
    parser.add_argument("--bert-lr", type=float, nargs=2, default=[5e-5, 1e-4], help="learning rates without and with freezing")
    parser.add_argument("--vit-lr", type=float, nargs=2, default=[2e-5, 4e-5])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--results", type=pathlib.Path, default=pathlib.Path("build/accuracy"))
    parser.add_argument("--train", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.train:
        print(json.dumps(train(json.loads(given.train))))
        return
    rows = []
    for title, method, seed, task in tasks(given):
        rows.append((title, method, seed, result_of(task, given.results)))
        print(f"{title}, {method}, seed {seed}: {rows[-1][3]}", file=sys.stderr, flush=True)
    print(table(rows))


if __name__ == "__main__":
    main()
