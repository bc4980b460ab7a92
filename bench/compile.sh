#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Prints how long the README's program takes to compile with -O2 on one core, and the headers that cost most.
#
#   bench/compile.sh [TREE]
#
# TREE: another version of the project, whose headers are timed in turn with these, e.g. `git worktree add /tmp/before HEAD~`.
set -euo pipefail
before=${1:+$(realpath "$1")}
cd "$(dirname "$0")/.."
source scripts/install_packages.sh
install_packages "${build_packages[@]}" clang libomp-dev python3

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
awk '/^```cpp$/ {inside = 1; next} /^```$/ {if (inside) exit} inside' README.md >"$folder/program.cpp"
cblas=$(find /usr/include -name cblas.h -printf '%h\n' -quit)
flags=(-std=c++20 -O2 -fno-math-errno -I "$cblas" -c "$folder/program.cpp" -o "$folder/program.o")
one_core=()
command -v taskset >/dev/null && one_core=(taskset -c 0)

for compiler in g++ clang++; do
  "${one_core[@]}" python3 - "${before:+$before/include}" "$compiler" "${flags[@]}" <<'PYTHON'
import resource, subprocess, sys, time
before, command = sys.argv[1], sys.argv[2:]
trees = ["include"] + ([before] if before else [])
best = {tree: (1e9, 1e9) for tree in trees}
for _ in range(3):
    for tree in trees:
        start, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run([*command, "-I", tree], check=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - used
        best[tree] = tuple(map(min, best[tree], (time.monotonic() - start, used)))
for tree in trees:
    print(f"{command[0]} -O2, {tree}: {best[tree][0]:.1f} s, {best[tree][1]:.1f} s of them computing (best of 3)")
if before:
    print(f"ratio of computing: {best['include'][1] / best[before][1]:.2f}")
PYTHON
done

echo
echo "Headers that cost clang++ most, in ms with what they include:"
clang++ "${flags[@]}" -I include -ftime-trace
python3 - "$folder/program.json" "$PWD/include/" <<'PYTHON'
import collections, json, sys
events = json.load(open(sys.argv[1]))["traceEvents"]
cost = collections.Counter()
for event in events:
    if event["name"] == "Source":
        cost[event["args"]["detail"]] = max(cost[event["args"]["detail"]], event["dur"])
for path, microseconds in cost.most_common(20):
    print(f"{microseconds / 1000:8.0f}  {path.replace(sys.argv[2], '').replace('include/', '', 1)}")
print()
print("Phases, in ms:")
for event in sorted(events, key=lambda e: -e.get("dur", 0)):
    if event["name"].startswith("Total ") and event["name"][6:] in (
            "ExecuteCompiler", "Frontend", "Backend", "Source", "InstantiateFunction", "InstantiateClass", "Optimizer",
            "CodeGenPasses"):
        print(f"{event['dur'] / 1000:8.0f}  {event['name'][6:]}")
PYTHON
