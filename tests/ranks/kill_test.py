# SPDX-License-Identifier: MIT
"""kill_test.py MPIRUN PROGRAM [MOMENTS] [SEED]: ends one of three ranks by SIGKILL at random moments. The others must end
too, and the run that is continued must come to the weights of one that nobody has disturbed."""
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

RANKS = 3
STEPS = "90"
MOST_SECONDS = 30  # that ranks may take to end when one of them has gone


def ranks_of(launcher):
    """Processes that `launcher` has started."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == launcher and fields[0] != "Z":
                found.append(int(entry.name))
    return sorted(found)


def finish(command):
    """The weights that a run which nobody disturbs comes to."""
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    words = run.stdout.split()
    if run.returncode != 0 or "weights" not in words:
        raise SystemExit(f"ranks that nobody disturbs fail:\n{run.stdout}{run.stderr}")
    return words[words.index("weights") + 1]


def kill_one(command, seconds):
    """Ends one rank after `seconds`. Returns whether it was there, and how long the others took to end."""
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    ranks = ranks_of(run.pid)
    if ranks:
        try:
            os.kill(random.choice(ranks), signal.SIGKILL)
        except ProcessLookupError:
            ranks = []
    begin = time.monotonic()
    try:
        run.wait(timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        run.kill()
        raise SystemExit(f"a rank was ended after {seconds:.2f} s and the others hang") from None
    return bool(ranks), time.monotonic() - begin


def main():
    mpirun, program, *rest = sys.argv[1:]
    moments = int(rest[0]) if rest else 20
    random.seed(int(rest[1]) if len(rest) > 1 else 1)
    with tempfile.TemporaryDirectory() as folder:
        command = [mpirun, "-np", str(RANKS), program]
        begin = time.monotonic()
        expected = finish([*command, f"{folder}/whole", STEPS])
        whole = time.monotonic() - begin
        killed, tried, longest, other = 0, 0, 0.0, 0
        while killed < moments and tried < 5 * moments:
            file = f"{folder}/run_{tried}"
            was_there, seconds = kill_one([*command, file, STEPS], random.uniform(0.05, whole))
            tried += 1
            if not was_there:  # the run had ended
                whole *= 0.8
                continue
            killed += 1
            longest = max(longest, seconds)
            other += finish([*command, file, STEPS]) != expected
        print(f"{killed} ranks ended at random moments, the others after {longest:.1f} s at most; "
              f"{killed - other} of {killed} continued runs have the weights of the whole one")
    return 1 if other or killed < moments else 0


if __name__ == "__main__":
    sys.exit(main())
