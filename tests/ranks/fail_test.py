# SPDX-License-Identifier: MIT
"""When one of three ranks dies, throws or is late, all end within the time limit, and somebody says why."""
import subprocess
import sys
import time

# How the last rank ends, and what is said then.
WAYS = {"kill": "signal 9", "throw": "rank 2 of 3 ends by an error", "sleep": "there is no sign of rank 2",
        "again": "MPI has ended in this process"}


def problem_with(mpirun, program, way, words):
    """What is wrong with how ranks end, or None."""
    begin = time.monotonic()
    run = subprocess.run([mpirun, "-np", "3", program, way], capture_output=True, text=True, timeout=60, check=False)
    seconds = time.monotonic() - begin
    said = run.stdout + run.stderr
    if run.returncode == 0 or "done" in run.stdout:
        return f"{way}: the ranks end well:\n{said}"
    if seconds > 25:
        return f"{way}: the ranks took {seconds:.0f} s to end"
    if words not in said:
        return f"{way}: nobody says: {words}\n{said}"
    print(f"{way}: ended after {seconds:.1f} s")
    return None


def main():
    mpirun, program = sys.argv[1:]
    well = subprocess.run([mpirun, "-np", "3", program], capture_output=True, text=True, timeout=60, check=False)
    problems = [] if well.stdout.count("done") == 3 else [f"ranks that do not fail: {well.stdout}{well.stderr}"]
    problems += filter(None, (problem_with(mpirun, program, *way) for way in WAYS.items()))
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
