# SPDX-License-Identifier: MIT
"""Tables of what CUDA kernels do, from a folder that bench/traffic.sh filled: traffic_tables.py BUILD TARGET."""
import json
import pathlib
import re
import sys
from typing import Any, NamedTuple

TARGET_RATIO = 1.05
TARGET_RATIO_OF_ATTENTION = 1.10  # of its tiling's own least
TARGET_CONFLICTS = 0.02


class Multiprocessor(NamedTuple):
    """What one multiprocessor holds at most (CUDA C++ Programming Guide, technical specifications)."""

    warps: int
    blocks: int
    shared_bytes: int


MULTIPROCESSORS = {
    "sm_80": Multiprocessor(64, 32, 164 * 1024),
    "sm_86": Multiprocessor(48, 16, 100 * 1024),
    "sm_89": Multiprocessor(48, 24, 100 * 1024),
    "sm_90": Multiprocessor(64, 32, 228 * 1024),
    "sm_100": Multiprocessor(64, 32, 228 * 1024),
    "sm_120": Multiprocessor(48, 24, 100 * 1024),
}
REGISTERS_OF_MULTIPROCESSOR = 65536
REGISTERS_AT_ONCE = 256  # allocated per warp
RESERVED_SHARED_BYTES = 1024  # of each block
LANES = 32


class Resources(NamedTuple):
    registers: int
    stack_bytes: int
    spill_bytes: int
    shared_bytes: int


def with_shared(used: Resources, asked_for: int) -> Resources:
    """With the shared memory that a launch asks for beside what the kernel declares."""
    return used._replace(shared_bytes=used.shared_bytes + asked_for)


def read_resources(log: str) -> dict[tuple[str, str], Resources]:
    """What the compiler says of each (symbol, architecture)."""
    pattern = re.compile(
        r"Compiling entry function '(\w+)' for '(\w+)'\n"
        r"(?:.*\n)??"
        r"\s+(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads\n"
        r".*Used (\d+) registers(.*)")
    found = {}
    for entry in pattern.finditer(log):
        symbol, architecture, stack, stores, loads, registers, rest = entry.groups()
        shared = re.search(r"(\d+) bytes smem", rest)
        found[symbol, architecture] = Resources(int(registers), int(stack), int(stores) + int(loads),
                                                int(shared[1]) if shared else 0)
    return found


def occupancy(threads: int, used: Resources, limits: Multiprocessor) -> float:
    """Share of a multiprocessor's warps that can be resident."""
    warps = -(-threads // LANES)
    registers_of_warp = -(-used.registers * LANES // REGISTERS_AT_ONCE) * REGISTERS_AT_ONCE
    blocks = min(limits.blocks, limits.warps // warps,
                 REGISTERS_OF_MULTIPROCESSOR // registers_of_warp // warps,
                 limits.shared_bytes // (used.shared_bytes + RESERVED_SHARED_BYTES))
    return blocks * warps / limits.warps


class Counts(NamedTuple):
    moved: int
    sectors: tuple[float, float]
    over_ideal: float
    conflicts: float


def read_counts(kernel: dict[str, Any], reread: int) -> Counts:
    if kernel["launches"] != 1:
        raise ValueError(f"{kernel['mangled']}: {kernel['launches']} launches instead of 1")
    load, store, shared = kernel["global_load"], kernel["global_store"], kernel["shared"]
    sectors = load["sectors"] + store["sectors"]
    asked = load["bytes_asked"] + store["bytes_asked"]
    return Counts(32 * sectors - reread,
                  (load["sectors"] / max(1, load["requests"]), store["sectors"] / max(1, store["requests"])),
                  32 * sectors / max(1, asked), shared["bank_conflicts"] / max(1, shared["wavefronts"]))


def joined(values: list[str]) -> str:
    """One value where all are the same, else all."""
    return values[0] if len(set(values)) == 1 else " ".join(values)


HEADER = """# CUDA kernels, counted

Counted, not timed: nothing here says how fast a kernel is. Made by `SLIMFIT_COUNTERS=COMMAND bench/traffic.sh`, which
says what COMMAND must do. Batch of {sequences} sequences of 197 tokens, widths of ViT-B and BERT-B.

- **moved / least**: bytes of all 32-byte sectors that the kernel's requests touch, over the fewest that it could move:
  everything that it must read or write, once. Rows that are narrow or begin within a sector count as the sectors that
  they touch. Parameters of a layer (a few KiB, read again for every row) and second passes over a row count once: the
  caches give them again.
- **sectors**: of a load and of a store request of a warp, on average. 16 is a full warp's request of 16 bytes per
  lane; codes take fewer. **/ ideal**: all sectors over those that the same bytes fill when they lie side by side; below 1
  where lanes read the same number.
- **conflicts**: share of shared-memory accesses that were made only because of bank conflicts.
- **registers**, **occupancy** (resident warps, of the most that a multiprocessor holds): by compiler output and NVIDIA's
  published limits, for {architectures}; one number where all are the same.

Targets: moved / least at most {ratio} (attention: {attention_ratio:.2f} of its tiling's own least, which
[attention.md](attention.md) derives), conflicts below {conflicts:.0%}, no spills, no local memory.
"""

REMARKS = """
`gather_add_rows` (gradients of embedding tables): a team for each row of a table looks through all ids, which come from the
caches. `center_keys` reads a sequence twice.
"""


def main() -> None:
    build, target = (pathlib.Path(name) for name in sys.argv[1:3])
    resources = read_resources((build / "resources.log").read_text())
    cases = json.loads((build / "cases.json").read_text())
    counters_file = build / "counters.json"
    counters = {}
    if counters_file.exists():
        counters = {kernel["mangled"]: kernel for kernel in json.loads(counters_file.read_text())["kernels"]}
    records = []
    rows = []
    missed = []
    for case in cases:
        used = {name: with_shared(resources[case["symbol"], name], case["shared_bytes"]) for name in MULTIPROCESSORS}
        counts = read_counts(counters[case["symbol"]], case["bytes_reread"]) if counters else None
        for architecture, each in used.items():
            records.append({
                "kernel": case["kernel"], "shape": case["shape"],
                "bytes_moved": counts.moved if counts else None, "bytes_least": case["bytes_least"],
                "bank_conflict_share": round(counts.conflicts, 4) if counts else None,
                "registers": each.registers, "spill_bytes": each.spill_bytes, "local_bytes": each.stack_bytes,
                "architecture": architecture
            })
        cells = [case["kernel"], case["shape"]]
        if counts:
            ratio = counts.moved / case["bytes_least"]
            cells += [f"{ratio:.3f}", f"{counts.sectors[0]:.1f}, {counts.sectors[1]:.1f}", f"{counts.over_ideal:.2f}",
                      f"{counts.conflicts:.1%}"]
            most = TARGET_RATIO_OF_ATTENTION if case["kernel"].startswith("attention") else TARGET_RATIO
            if round(ratio, 3) > most:
                missed.append(f"{case['kernel']}, {case['shape']}: moves {ratio:.3f} of the least")
            if counts.conflicts >= TARGET_CONFLICTS:
                missed.append(f"{case['kernel']}, {case['shape']}: {counts.conflicts:.1%} bank conflicts")
        else:
            cells += ["not counted"] * 4
        for architecture, each in used.items():
            if each.spill_bytes or each.stack_bytes:
                missed.append(f"{case['kernel']}, {case['shape']}, {architecture}: {each.spill_bytes} bytes spilled, "
                              f"{each.stack_bytes} of local memory")
        cells += [joined([str(each.registers) for each in used.values()]),
                  joined([f"{occupancy(case['threads'], each, MULTIPROCESSORS[name]):.0%}"
                          for name, each in used.items()])]
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    text = HEADER.format(sequences=int(cases[0]["shape"].split()[0]) // 197, ratio=TARGET_RATIO, attention_ratio=TARGET_RATIO_OF_ATTENTION,
                         conflicts=TARGET_CONFLICTS, architectures=", ".join(MULTIPROCESSORS))
    text += f"\n{len(missed)} misses in {len(cases)} cases" + (":\n\n" if missed else ".\n")
    text += "".join(f"- {line}\n" for line in missed)
    text += REMARKS
    text += ("\n| kernel | shape | moved / least | sectors | / ideal | conflicts | registers | occupancy |\n"
             "| --- | --- | --- | --- | --- | --- | --- | --- |\n")
    text += "\n".join(rows) + "\n"
    (target / "kernels.md").write_text(text)
    lines = ",\n".join(json.dumps(record) for record in records)
    (target / "kernels.json").write_text(f"[\n{lines}\n]\n")
    print(f"{len(cases)} cases, {len(missed)} misses: {target}/kernels.md, {target}/kernels.json")


if __name__ == "__main__":
    main()
