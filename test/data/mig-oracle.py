#!/usr/bin/env python3
"""Count and hash every valid MIG layout by brute force, from data/gpu/mig.json alone.

usage: mig-oracle.py mig.json > mig-oracle.csv        write the table
       mig-oracle.py mig.json mig-oracle.csv          compare with the table, exit 1 if they differ

Sets of placements grow from the empty one by adding any placement that the three rules of data/gpu/SOURCES.md allow, until nothing new
appears; no order, no search tree, nothing shared with the C code. The hash is 64-bit FNV-1a over the sorted lines, each ended by a newline:
a set is "profile@start,..." by rising start, a multiset "profile*count,..." in the order of the profiles.
"""

import collections
import csv
import io
import json
import sys

ENGINES = ("ce", "dec", "enc", "jpeg", "ofa")


def fnv1a(lines):
    h = 0xCBF29CE484222325
    for byte in "".join(line + "\n" for line in sorted(lines)).encode():
        h = ((h ^ byte) * 0x100000001B3) % 2**64
    return h


class Gpu:
    def __init__(self, gpu, without=()):
        self.profiles = [p for p in gpu["profiles"] if p["enum"] not in without]
        self.places = [(i, start, size) for i, p in enumerate(self.profiles) for start, size in p["placements"] or []]
        self.full = max(gpu["profiles"], key=lambda p: p["slice_count"])

    def allowed(self, chosen):
        covered = [m for _, start, size in chosen for m in range(start, start + size)]
        if len(covered) != len(set(covered)):
            return False
        for engine in ENGINES:
            if sum(self.profiles[i][engine] or 0 for i, _, _ in chosen) > (self.full[engine] or 0):
                return False
        count = collections.Counter(i for i, _, _ in chosen)
        return all(n <= self.profiles[i]["max_instances"] for i, n in count.items())

    def grow(self):
        """All valid sets, and those among them to which nothing can be added."""
        found, maximal, border = {frozenset()}, set(), [frozenset()]
        while border:
            chosen = border.pop()
            more = [chosen | {place} for place in self.places if place not in chosen and self.allowed(chosen | {place})]
            if not more:
                maximal.add(chosen)
            for bigger in more:
                if bigger not in found:
                    found.add(bigger)
                    border.append(bigger)
        return found, maximal

    def set_line(self, chosen):
        return ",".join(f"{self.profiles[i]['name']}@{start}" for i, start, _ in sorted(chosen, key=lambda place: place[1]))

    def multiset_line(self, chosen):
        count = collections.Counter(i for i, _, _ in chosen)
        return ",".join(f"{self.profiles[i]['name']}*{count[i]}" for i in sorted(count))


def table(gpus):
    out = io.StringIO()
    w = csv.writer(out, lineterminator="\n")
    w.writerow(["key", "sets", "sets_hash", "maximal", "maximal_hash", "multisets", "multisets_hash"])
    for gpu in gpus:
        g = Gpu(gpu)
        found, maximal = g.grow()
        multisets = {g.multiset_line(s) for s in found}
        w.writerow(
            [
                gpu["key"],
                len(found),
                f"{fnv1a(map(g.set_line, found)):016x}",
                len(maximal),
                f"{fnv1a(map(g.set_line, maximal)):016x}",
                len(multisets),
                f"{fnv1a(multisets):016x}",
            ]
        )
    return out.getvalue()


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        text = table(json.load(f)["gpus"])
    if len(sys.argv) == 2:
        sys.stdout.write(text)
        return
    with open(sys.argv[2], encoding="utf-8") as f:
        if f.read() != text:
            sys.exit(f"{sys.argv[2]} is not what {sys.argv[1]} gives; write it anew with mig-oracle.py")


if __name__ == "__main__":
    main()
