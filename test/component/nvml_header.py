"""What a C header with NVML's interface declares, and what the compiler makes of it.

pycparser says which types, members, enumerators, macros and functions there are; a program that gcc compiles against the same header says
what they are worth: sizes, offsets, kinds and values. Two headers agree when the two programs print the same.
"""

import os
import re
import subprocess
from functools import cached_property
from pathlib import Path

from pycparser import c_ast, c_parser

CC = os.environ.get("CC", "cc").split()
SECONDS = 60
WORDS = {"unsigned": "unsigned int", "long unsigned": "unsigned long", "signed": "int"}

PROGRAM = r"""
#include <stddef.h>
#include <stdio.h>
#define KIND(x) _Generic((x), char: "char", signed char: "signed char", unsigned char: "unsigned char", short: "short", \
        unsigned short: "unsigned short", int: "int", unsigned: "unsigned", long: "long", unsigned long: "unsigned long", \
        long long: "long long", unsigned long long: "unsigned long long", float: "float", double: "double", default: "other")
#define MEMBER(type, member) printf("%s.%s: offset %zu size %zu kind %s\n", #type, #member, offsetof(type, member), \
        sizeof(((type *)0)->member), KIND(((type *)0)->member));
#define ARRAY(type, member) printf("%s.%s: offset %zu size %zu, its elements %zu kind %s\n", #type, #member, offsetof(type, member), \
        sizeof(((type *)0)->member), sizeof(((type *)0)->member[0]), KIND(((type *)0)->member[0]));
#define OPEN_ARRAY(type, member) printf("%s.%s: offset %zu, its elements %zu\n", #type, #member, offsetof(type, member), \
        sizeof(((type *)0)->member[0]));
#define TYPE(type) printf("%s: size %zu alignment %zu\n", #type, sizeof(type), _Alignof(type));
#define VALUE(name) printf("%s = %lld\n", #name, (long long)(name));
#define NAMED(name, value) printf("%s = %lld\n", name, (long long)(value));
int main(void) {
"""


def cc(*arguments, stdin=""):
    done = subprocess.run([*CC, *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout


def spelled(node):
    """A type as text, the same for every way of writing it and without parameter names."""
    if isinstance(node, c_ast.TypeDecl):
        inner = node.type
        text = " ".join(inner.names) if isinstance(inner, c_ast.IdentifierType) else f"{type(inner).__name__.lower()} {inner.name}"
        return " ".join([*node.quals, WORDS.get(text, text)])
    if isinstance(node, c_ast.PtrDecl | c_ast.ArrayDecl):
        return spelled(node.type) + " *"
    if isinstance(node, c_ast.FuncDecl):
        parameters = [spelled(parameter.type) for parameter in node.args.params] if node.args else ["?"]
        return f"{spelled(node.type)} ({', '.join(parameters)})"
    return spelled(node.type)


class Header:
    def __init__(self, path, *options):
        self.path, self.options = Path(path), options
        text = cc("-E", "-P", "-D__attribute__(x)=", *options, self.path)
        self.typedefs, self.functions, self.tagged, self.enumerators = {}, {}, {}, set()
        for node in c_parser.CParser().parse(text).ext:
            if isinstance(node, c_ast.Typedef):
                self.typedefs[node.name] = node.type
            elif isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.FuncDecl):
                self.functions[node.name] = node.type
            self.collect(node)

    def collect(self, node):
        """Structs that have a tag, and all enumerators."""
        if isinstance(node, c_ast.Struct | c_ast.Union) and node.name and node.decls:
            self.tagged[node.name] = node
        if isinstance(node, c_ast.Enumerator):
            self.enumerators.add(node.name)
        for child in node:
            self.collect(child)

    @cached_property
    def macros(self):
        """Object-like macros of the file that stand for something, and their text."""
        found = dict(re.findall(r"^#define (\w+) (\S.*)$", cc("-E", "-dM", *self.options, self.path), re.MULTILINE))
        builtin = dict(re.findall(r"^#define (\w+) (\S.*)$", cc("-E", "-dM", "-xc", "-"), re.MULTILINE))
        return {name: text for name, text in found.items() if name not in builtin}

    def struct(self, node):
        """The struct or union that a type is, through aliases; None when it is something else."""
        while isinstance(node, c_ast.TypeDecl):
            node = node.type
            if isinstance(node, c_ast.IdentifierType):
                node = self.typedefs.get(node.names[0])
        if isinstance(node, c_ast.Struct | c_ast.Union):
            return node if node.decls else self.tagged.get(node.name)
        return None

    def members_of(self, struct, prefix=""):
        for member in struct.decls:
            path, kind, inner = prefix + (member.name or ""), "MEMBER", member.type
            while isinstance(inner, c_ast.ArrayDecl):
                kind = "OPEN_ARRAY" if inner.dim is None else "ARRAY"
                path, inner = path + "[0]", inner.type
            if member.name:
                yield prefix + member.name, kind
            if deeper := self.struct(inner):
                yield from self.members_of(deeper, path + "." if member.name else prefix)

    def members(self, name):
        """(path, MEMBER, ARRAY or OPEN_ARRAY) of each member of a type, inner structs and unions included."""
        struct = self.struct(self.typedefs[name])
        return list(self.members_of(struct)) if struct else []

    def signature(self, function):
        return spelled(self.functions[function])

    def print(self, statements, folder):
        """Compile the statements (see PROGRAM) against this header and return what they print."""
        source = folder / "print.c"
        source.write_text(f'#include "{self.path.resolve()}"\n{PROGRAM}{"".join(f"{line};" + chr(10) for line in statements)}}}\n')
        cc("-w", *self.options, "-o", folder / "print", source)
        return subprocess.run([folder / "print"], capture_output=True, text=True, check=True, timeout=SECONDS).stdout.splitlines()
