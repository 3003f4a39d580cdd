#!/usr/bin/env python3
"""What the program knows is what data/gpu says, field by field.

usage: test_catalogue.py PRINT_CATALOGUE models.csv mig.json
"""

import csv
import json
import subprocess
import sys


def main():
    printed = subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout.splitlines()
    with open(sys.argv[2], newline="", encoding="utf-8") as f:
        models = list(csv.DictReader(f))
    with open(sys.argv[3], encoding="utf-8") as f:
        mig = {g["key"]: g for g in json.load(f)["gpus"]}

    lines = iter(printed)
    for m in models:
        gpu = mig.get(m["key"], {"profiles": [], "memory_slices": 0, "compute_slices": 0})
        row = next(lines).split("|")
        assert row[:4] == [m["key"], m["product"], m["arch"], m["compute_capability"]], row
        assert [float(row[4]), float(row[5])] == [float(m["memory_mib"]), float(m["fp16_tflops"])], row
        assert row[6:8] == [m["nvlink"], m["mps"]], row
        assert row[8:] == [str(gpu["memory_slices"] or 0), str(gpu["compute_slices"])], row
        for index, p in enumerate(gpu["profiles"]):
            key, at, name, number, enum, compute, memory, mib, sm, most, engines, starts = next(lines).split("|")
            assert (key, at, name, enum, compute) == (m["key"], str(index), p["name"], str(p["enum"]), str(p["slice_count"])), p
            assert int(number) == (255 if p["id"] is None else p["id"]), p
            assert int(memory) == (p["memory_slices"] or 0) and int(sm) == (p["sm"] or 0) and int(most) == p["max_instances"], p
            assert [int(e) for e in engines.split()] == [p[e] or 0 for e in ("ce", "dec", "enc", "jpeg", "ofa")], p
            assert [int(s) for s in starts.split()] == [start for start, _ in p["placements"] or []], p
            share = (p["memory_slices"] or p["slice_count"]) / (gpu["memory_slices"] or gpu["compute_slices"]) * int(m["memory_mib"])
            if p["memory_mb"] is None:  # careful: a little below what surely is there
                assert 0.89 * share <= int(mib) <= 0.9 * share, p
            else:
                assert int(mib) == p["memory_mb"] and 0.9 * share < p["memory_mb"] <= share, p
    assert next(lines, None) is None, "more models than data/gpu has"


if __name__ == "__main__":
    main()
