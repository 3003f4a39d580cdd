#!/usr/bin/env python3
"""Turn data/ into C tables at build time.

usage: gen-catalogue.py gpu       models.csv mig.json         > catalogue.c
       gen-catalogue.py instances models.csv instances.csv    > rows of struct instance_type
       gen-catalogue.py prices    instances.csv prices.csv    > rows of the built-in price list
       gen-catalogue.py boards    models.csv boards.csv       > rows of struct board
       gen-catalogue.py drift     models.csv mig.json driver_drift.csv > rows of struct drift

What is not consistent stops the build: an unknown key, an alias given twice, a number out of its range.
What becomes of unknown values (null) is told in data/gpu/SOURCES.md.
"""

import csv
import json
import sys
from pathlib import Path

ENGINES = ("ce", "dec", "enc", "jpeg", "ofa")  # order of enum gpu_engine
ID_UNKNOWN = 255  # GPU_PROFILE_ID_UNKNOWN
SHARE_PERCENT = 90  # of its share of the GPU's memory that a profile of unknown memory surely has


def fail(text):
    sys.exit("gen-catalogue: " + text)


def rows(path):
    return list(csv.DictReader(Path(path).read_text(encoding="utf-8").splitlines()))


def text(value):
    if not all(32 <= ord(c) < 127 for c in value):
        fail(f"{value!r} is not plain ASCII")
    return json.dumps(value)


def number(value, top):
    n = int(value)
    if not 0 <= n <= top:
        fail(f"{value} is not in 0..{top}")
    return n


def yes(value):
    return {"yes": "true", "no": "false"}[value]


def profile_memory_mib(profile, gpu, total_mib):
    if profile["memory_mb"] is not None:
        return profile["memory_mb"]
    if gpu["memory_slices"]:
        part, whole = profile["memory_slices"], gpu["memory_slices"]
    else:
        part, whole = profile["slice_count"], gpu["compute_slices"]
    return total_mib * part * SHARE_PERCENT // (whole * 100)


def compute_rows(profile, gpu):
    """[id, slices, max, sm, default]: by rising size, so that the default, which is the whole slice, comes last."""
    found = profile["compute_instances"]
    if found and not (found[-1][4] and found == sorted(found, key=lambda c: c[1])):
        fail(f"{gpu['key']} {profile['name']}: the whole slice is not the last of its compute instances")
    texts = (f"{{ {number(i, 8)}, {number(slices, 8)}, {number(most, 8)}, {number(sm or 0, 1000)} }}" for i, slices, most, sm, _ in found)
    return f"{len(found)}, {{ {', '.join(texts) or '{ 0 }'} }}"


def profile_row(index, profile, gpu, total_mib):
    places = profile["placements"] or []
    if any(size != profile["memory_slices"] for _, size in places):
        fail(f"{gpu['key']} {profile['name']}: placements of several sizes")
    starts = sorted(start for start, _ in places)
    full = max(gpu["profiles"], key=lambda p: p["slice_count"])
    if any((profile[e] or 0) > (full[e] or 0) for e in ENGINES):
        fail(f"{gpu['key']} {profile['name']}: more engines than the whole GPU")
    engines = ", ".join(str(number(profile[e] or 0, 127)) for e in ENGINES)
    identity = ID_UNKNOWN if profile["id"] is None else number(profile["id"], 254)
    return (
        f"        {{ {text(profile['name'])}, {index}, {identity}, {number(profile['enum'], 17)}, {number(profile['slice_count'], 8)}, "
        f"{number(profile['memory_slices'] or 0, 12)}, {number(profile_memory_mib(profile, gpu, total_mib), 2**24)}, "
        f"{number(profile['sm'] or 0, 1000)}, {{ {engines} }}, {number(profile['max_instances'], 12)}, {len(starts)}, "
        f"{{ {', '.join(map(str, starts)) or '0'} }}, {compute_rows(profile, gpu)} }},"
    )


def pci_ids(model, mig):
    found = mig["pci_device_ids"] if mig else model["pci_device_ids"].split("|")
    return f"{{ {', '.join(i for i in found if i) or '0'} }}"


def fold(name):
    """As gpu_model_find compares names."""
    return name.lower().replace(" ", "-").replace("_", "-")


def aliases(models, mig):
    """(alias, model index), sure that no name leads to two models."""
    known, found = {}, []
    for i, m in enumerate(models):
        names = [m["key"], m["product"]] + [a for a in m["aliases"].split("|") if a] + mig.get(m["key"], {}).get("products", [])
        for name in names:
            if known.setdefault(fold(name), i) != i:
                fail(f"{name} names both {models[known[fold(name)]]['key']} and {m['key']}")
        found += [(name, i) for name in dict.fromkeys(map(fold, names)) if name != fold(m["key"])]
    return found


def gpu(models_csv, mig_json):
    models = rows(models_csv)
    mig = {g["key"]: g for g in json.loads(Path(mig_json).read_text(encoding="utf-8"))["gpus"]}
    strangers = mig.keys() - {m["key"] for m in models}
    if strangers:
        fail(f"{mig_json}: not in {models_csv}: {', '.join(sorted(strangers))}")

    print('#include "core/gpu/catalogue.h"\n')
    for i, m in enumerate(models):
        g = mig.get(m["key"])
        if g:
            print(f"static const struct gpu_profile profiles_{i}[] = {{ /* {m['key']} */")
            for index, p in enumerate(g["profiles"]):
                print(profile_row(index, p, g, int(m["memory_mib"])))
            print("};\n")

    print("const struct gpu_model catalogue_models[] = {")
    for i, m in enumerate(models):
        g = mig.get(m["key"])
        major, minor = m["compute_capability"].split(".")
        cut = f"{g['memory_slices'] or 0}, {g['compute_slices']}, {len(g['profiles'])}, profiles_{i}" if g else "0, 0, 0, NULL"
        print(
            f"        {{ {text(m['key'])}, {text(m['product'])}, {text(m['arch'])}, {number(major, 99)}, {number(minor, 9)}, "
            f"{number(m['memory_mib'], 2**24)}, {float(m['fp16_tflops'])}f, {yes(m['mps'])}, {yes(m['nvlink'])}, {pci_ids(m, g)}, {cut} }},"
        )
    print("};")
    print(f"const size_t catalogue_model_count = {len(models)};\n")

    print("const struct gpu_alias catalogue_aliases[] = {")
    found = aliases(models, mig)
    for name, index in found:
        print(f"        {{ {text(name)}, {index} }},")
    print("};")
    print(f"const size_t catalogue_alias_count = {len(found)};")


def read_instances(path):
    found = rows(path)
    if len({t["instance_type"] for t in found}) != len(found):
        fail(f"{path}: an instance type stands there twice")
    return found


def instances(models_csv, instances_csv):
    models = {m["key"]: i for i, m in enumerate(rows(models_csv))}
    for t in read_instances(instances_csv):
        name = t["instance_type"]
        model = f"&catalogue_models[{models[t['gpu']]}]" if t["gpu"] else "NULL"
        shape = f"ARCH_{t['arch'].upper()}, {number(t['vcpu'], 1024)}, {number(t['memory_mib'], 2**26)}, {number(t['max_pods'], 4096)}"
        print(
            f"{{ {text(name)}, {text(name.split('.')[0])}, {shape}, {model}, {text(t['gpu_name'])}, {number(t['gpu_count'], 16)}, "
            f"{number(t['gpu_milli'], 1000)}, {number(t['gpu_memory_mib'], 2**24)}, ALLOCATABLE({shape}) }},"
        )


def prices(instances_csv, prices_csv):
    index = {t["instance_type"]: i for i, t in enumerate(read_instances(instances_csv))}
    seen = set()
    for p in rows(prices_csv):
        key = (p["instance_type"], p["region"], p["capacity_type"])
        if key in seen:
            fail(f"{prices_csv}: {' '.join(key)} stands there twice")
        seen.add(key)
        print(
            f"{{ {index[p['instance_type']]}, {text(p['region'])}, CAPACITY_{p['capacity_type'].upper().replace('-', '_')}, "
            f"{float(p['usd_per_hour'])!r}, {text(p['source'])}, {text(p['date'])} }},"
        )


BOARD_TEXTS = ("key", "part_number", "vbios", "inforom_image", "inforom_oem", "inforom_ecc")
BOARD_LIMITS = {  # in the order of struct board; the rest of it follows by name
    "cores": 2**20,
    "memory_bus_bits": 2**14,
    "power_min_w": 5000,
    "power_default_w": 5000,
    "power_idle_w": 5000,
    "graphics_max_mhz": 20000,
    "sm_max_mhz": 20000,
    "memory_max_mhz": 20000,
    "video_max_mhz": 20000,
    "idle_mhz": 20000,
    "bar1_mib": 2**24,
    "reserved_mib": 2**16,
    "chip": 0xFFFF,
    "brand": 17,
    "pcie_generation": 8,
    "pcie_width": 32,
    "nvlinks": 18,
    "nvlink_version": 8,
    "fans": 8,
    "slowdown_c": 150,
    "shutdown_c": 150,
    "memory_max_c": 150,
    "gpu_max_c": 150,
}
BOARD_FLAGS = ("ecc", "row_remap", "gpm", "c2c")


def hex_or_decimal(value, top):
    return number(int(value, 0), top)


def boards(models_csv, boards_csv):
    """One row per model, in catalogue order."""
    found = {b["key"]: b for b in rows(boards_csv)}
    keys = [m["key"] for m in rows(models_csv)]
    if sorted(found) != sorted(keys):
        fail(f"{boards_csv}: not one row for each model of {models_csv}: {', '.join(sorted(found.keys() ^ set(keys)))}")
    for key in keys:
        b = found[key]
        watts = [int(b[w]) for w in ("power_idle_w", "power_min_w", "power_default_w")]
        if not watts[0] < watts[2] or not watts[1] <= watts[2]:
            fail(f"{boards_csv}: {key}: the power limits are not in order")
        texts = [text(b[name]) for name in BOARD_TEXTS]
        numbers = [str(hex_or_decimal(b[name], top)) for name, top in BOARD_LIMITS.items()]
        print(f"{{ {', '.join(texts + numbers + [yes(b[name]) for name in BOARD_FLAGS])} }},")


def version(value):
    """470 or 570.133.20 as one number; nothing is 0."""
    parts = [number(p, 9999) for p in value.split(".")] if value else []
    major, minor, patch = parts + [0] * (3 - len(parts))
    return f"DRIVER({major}, {minor}, {patch})" if parts else "0"


def drift(models_csv, mig_json, drift_csv):
    """What depends on the driver's version."""
    models = {m["key"]: i for i, m in enumerate(rows(models_csv))}
    profiles = {g["key"]: [p["name"] for p in g["profiles"]] for g in json.loads(Path(mig_json).read_text(encoding="utf-8"))["gpus"]}
    for d in rows(drift_csv):
        index = profiles[d["model"]].index(d["profile"]) if d["profile"] else "DRIFT_ALL"
        mib = number(d["value"], 2**24) if d["what"] == "memory_mib" else 0
        name = text(d["value"]) if d["what"] == "name" else "NULL"
        print(
            f"{{ DRIFT_{d['what'].upper()}, {models[d['model']]}, {index}, {version(d['from'])}, {version(d['below'])}, {mib}, {name} }},"
        )


if __name__ == "__main__":
    {"gpu": gpu, "instances": instances, "prices": prices, "boards": boards, "drift": drift}[sys.argv[1]](*sys.argv[2:])
