"""The native extensions, which are optional: their kernels are made from the table of ops, then compiled.

Everything else about the package stands in pyproject.toml. In the environment, ``AUTOGRAD_PURE=1`` leaves
the extensions out, ``AUTOGRAD_NATIVE=1`` lets the build fail without them, ``AUTOGRAD_CFLAGS`` adds flags.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ENGINE, MACHINE = Path("autograd", "_native"), Path("autograd", "_machine")


def asked(name):
    return os.environ.get(name, "0") not in ("", "0")


WANTED = not asked("AUTOGRAD_PURE") and sys.implementation.name == "cpython"
REQUIRED = asked("AUTOGRAD_NATIVE")

# Without contraction a*b + c is rounded twice, as in Python; nothing here reads errno.
GCC = ["-std=c11", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden"]
# The macro keeps NAN a constant, which that of the Windows SDK 10.0.26100 is not.
MSVC = ["/std:c11", "/fp:precise", "/D_UCRT_NOISY_NAN"]
# Loops over columns become vector instructions only where an operation may be computed without need.
LOOPS = ["-O3", "-fno-trapping-math"]


def extension(name, folder, sources):
    return Extension(
        name,
        sources=[(folder / source).as_posix() for source in sources],
        depends=[path.as_posix() for path in sorted({*folder.glob("*.[ch]"), ENGINE / "connection.h"})],
        libraries=[] if sys.platform == "win32" else ["m"],
        optional=not REQUIRED,
    )


extensions = [
    extension("autograd._native.engine", ENGINE, ["engine.c"]),
    extension(
        "autograd._machine.machine",
        MACHINE,
        ["machine.c", "lanes.c", "scalars.c", "width_base.c", "width_avx2.c", "width_avx512.c"],
    ),
]


class BuildNative(build_ext):
    """Compile the extension, or say in one line that the package works without it."""

    def build_extension(self, ext):
        flags = os.environ.get("AUTOGRAD_CFLAGS", "").split()
        own = LOOPS if ext.name == "autograd._machine.machine" else []
        ext.extra_compile_args = [*(MSVC if self.compiler.compiler_type == "msvc" else GCC + own), *flags]
        ext.extra_link_args = [flag for flag in flags if flag.startswith("-fsanitize")]
        header = self._write_kernels()
        ext.include_dirs = [header.parent.as_posix()]
        ext.depends = [*ext.depends, header.as_posix()]
        try:
            super().build_extension(ext)
        except Exception as error:  # whatever a compiler, or its absence, may come up with
            if REQUIRED:
                raise
            print(f"scalar-autograd is installed in pure Python, without {ext.name}: {error}", flush=True)

    def _write_kernels(self):
        """The header with the C text of the table, in the folder of things that are built."""
        sys.path.insert(0, os.getcwd())
        os.environ["AUTOGRAD_PURE"] = "1"  # the package, as it is before the extension
        from autograd._native.kernels import kernels

        header = Path(self.build_temp, "kernels.h")
        text = kernels()
        if not header.exists() or header.read_text(encoding="ascii") != text:
            header.parent.mkdir(parents=True, exist_ok=True)
            header.write_text(text, encoding="ascii")
        return header


setup(
    ext_modules=extensions if WANTED else [],
    cmdclass={"build_ext": BuildNative},
)
