"""The carve program as a user runs it: text in, JSON out, an exit status."""

import json
import os
import shutil
import subprocess

import pytest

from cluster import ROOT

SECONDS = 60
PLACES = ["build/src/cmd/carve", "build/src/carve"]
INPUT_NOT_VALID = 3


def program():
    """CARVE_BIN, or what the build folder holds. Without it the tests of carve fail: they must not pass by doing nothing."""
    if os.environ.get("CARVE_BIN"):
        return os.environ["CARVE_BIN"]
    for place in PLACES:
        if shutil.which(ROOT / place):
            return str(ROOT / place)
    pytest.fail(f"no carve program: set CARVE_BIN, or build it ({PLACES[0]})")


class Carve:
    def __init__(self):
        self.program = program()

    def run(self, *arguments, stdin=None):
        return subprocess.run([self.program, *arguments], input=stdin, capture_output=True, text=True, timeout=SECONDS)

    def plan(self, text):
        """The plan for YAML or JSON text, GPUs left whole: `shape` is then what a pod requests. A plan that cannot exist is one, too."""
        done = self.run("plan", "--modes", "whole", "-o", "json", "-", stdin=text)
        assert done.returncode in (0, 1), f"carve plan ended with {done.returncode}: {done.stderr}"
        return json.loads(done.stdout)

    def refuses(self, text):
        """carve says that the text is not valid; returns its message."""
        done = self.run("plan", "-o", "json", "-", stdin=text)
        assert done.returncode == INPUT_NOT_VALID, f"carve plan ended with {done.returncode}: {done.stdout[:300]}{done.stderr}"
        return done.stderr
