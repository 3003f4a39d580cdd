#!/usr/bin/env python3
"""print's YAML and JSON, read back by readers that are not ours (PyYAML, Python's json): the same values, strings still strings."""

import json
import subprocess
import sys

try:
    import yaml
except ImportError:
    print("PyYAML is not installed: skipped")
    sys.exit(77)

STRINGS = """yes no on off true False null ~ y N 1 1.5 1e3 0x1f 0o17 017 1:20 12:30:45 2026-11-21 .inf .nan -1 + - = << 1g.10gb 470m 8gb
a:b a: @x `x %x !x &x *x #x [x {x x# 'x "x | > ? 1x470m-8c-16384Mi team/chat-api""".split()
STRINGS += [
    "",
    " ",
    " lead",
    "trail ",
    "a: b",
    "a #b",
    "two\nlines",
    "tab\tin",
    "- item",
    "? key",
    "---",
    "...",
    "推論",
    "🚀",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\u2028",
    "\ufeff",
    "it's",
    'say "x"',
    "a\\b",
    "x" * 500,
    "word " * 60,
    "</script>",
]
TREE = {
    "strings": STRINGS,
    "keys": {s: i for i, s in enumerate(STRINGS)},
    "numbers": [0, -1, 2**53, 0.1, 1.0, 1e20, 1e-9, 123456789.123456789, 5e-324, 1.7976931348623157e308],
    "rest": [True, False, None, [], {}, [[1, [2]], {"a": {"b": []}}]],
}


def printed(style):
    done = subprocess.run([sys.argv[1], style], input=json.dumps(TREE).encode(), stdout=subprocess.PIPE, check=True)
    return done.stdout.decode()


def same(a, b):
    return a == b and json.dumps(a) == json.dumps(b)


assert same(json.loads(printed("json")), TREE), "JSON differs"
assert same(yaml.safe_load(printed("yaml")), TREE), "YAML differs"
