#!/usr/bin/env python3
"""Turn the report's style sheet and script into C, with the hashes its content security policy names.

usage: embed.py style.css script.js > html_assets.c
"""

import base64
import hashlib
import sys


def array(name, text):
    lines = [", ".join(str(byte) for byte in text[i : i + 32]) for i in range(0, len(text), 32)]
    return f"const char {name}[] = {{\n        " + ",\n        ".join(lines) + ", 0,\n};\n"


print('#include "core/report/html.h"\n')
for name, path in zip(("html_style", "html_script"), sys.argv[1:3], strict=True):
    with open(path, "rb") as file:
        text = file.read()
    if b"</" in text or any(byte > 126 for byte in text):
        sys.exit(f"{path}: holds '</' or a byte that is not ASCII")
    print(array(name, text))
    print(f'const char {name}_hash[] = "sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}";\n')
