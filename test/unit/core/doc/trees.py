#!/usr/bin/env python3
"""The trees of trees/*.yaml as PyYAML's own scanner (pure Python, not libyaml) sees them: structure, texts and positions.

    trees.py --write    writes trees/*.tree, which the unit test compares with the reader's answers
    trees.py            checks that they are what PyYAML says; 77 (skipped) where there is no PyYAML

What plain scalars mean is another question (test_scalar.c). Merge keys are applied here, since PyYAML does that later; who wins is tested
against Kubernetes' own reader in test_doc.c.
"""

import pathlib
import sys

try:
    import yaml
except ImportError:
    sys.exit(77)

MERGE = "tag:yaml.org,2002:merge"


def quote(text):
    return "'" + "".join(chr(b) if 0x21 <= b <= 0x7E and b != 0x25 else f"%{b:02X}" for b in text.encode()) + "'"


def place(node):
    return f"{node.start_mark.line + 1}:{node.start_mark.column + 1}"


def pairs_of(node):
    pairs = {}
    for key, value in node.value:
        found = [(key, value)]
        if key.tag == MERGE:
            maps = value.value[::-1] if isinstance(value, yaml.SequenceNode) else [value]
            found = [pair for source in maps for pair in pairs_of(source)]
        for k, v in found:
            pairs.pop(k.value, None)
            pairs[k.value] = (k, v)
    return pairs.values()


def lines(node, depth=0):
    indent = "  " * depth
    if isinstance(node, yaml.MappingNode):
        yield f"{indent}map {place(node)}"
        for key, value in pairs_of(node):
            yield f"{indent}- {quote(key.value)} {place(key)}"
            yield from lines(value, depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        yield f"{indent}list {place(node)}"
        for item in node.value:
            yield from lines(item, depth + 1)
    else:
        yield f"{indent}{'quoted' if node.style else 'plain'} {quote(node.value)} {place(node)}"


def tree(path):
    out = []
    for root in yaml.compose_all(path.read_bytes().decode(), Loader=yaml.SafeLoader):
        if root is not None and root.tag != "tag:yaml.org,2002:null":
            out += ["document", *lines(root)]
    return "\n".join(out) + "\n"


def main():
    status = 0
    for path in sorted((pathlib.Path(__file__).parent / "trees").glob("*.yaml")):
        said = tree(path)
        target = path.with_suffix(".tree")
        if "--write" in sys.argv:
            target.write_text(said)
        elif target.read_text() != said:
            print(f"{target} is not what PyYAML {yaml.__version__} says")
            status = 1
    return status


sys.exit(main())
