# SPDX-License-Identifier: MIT
"""The freezing rate of a run in a report, for tables."""


def frozen_percent(run):
    """Percent. Raises ValueError for what reports had before, a share."""
    rate = run["rate"]
    if 0 < rate < 1:
        raise ValueError(f'"rate" is {rate}, expected percent, 0 or from 1 to below 100: write {100 * rate:g}')
    return rate
