"""The process in which peers run, its environment in build/peers, and both sides of the talk with it.

A benchmark starts a script of peers by `Peers`. The script reads its arguments by `arguments_given`, makes
its contestants and answers for them by `serve`.
"""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE.parent / "build" / "peers"
PACKAGES = ["jax", "jaxlib", "casadi", "numpy", "torch==2.13.0"]
ONE_THREAD = {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def interpreter():
    """The Python of the environment, into which the newest packages are installed once."""
    python = FOLDER / ("Scripts" if os.name == "nt" else "bin") / "python"
    done, packages = FOLDER / "installed", "\n".join(PACKAGES)
    if not done.exists() or done.read_text(encoding="utf-8") != packages:
        venv.create(FOLDER, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
        done.write_text(packages, encoding="utf-8")
    return python


class Peers:
    """The process of a script of peers.

    Attributes:
        about: the packages and their versions.
        results: for each contestant its numbers, in one list.
    """

    def __init__(self, script, arguments):
        self.script = script
        self.process = subprocess.Popen(
            [interpreter(), HERE / script],
            env={**os.environ, **ONE_THREAD},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        answer = json.loads(self.ask(arguments))
        self.about, self.results = answer["about"], answer["results"]

    def ask(self, question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.script} has ended: its error stands above")
        return answer

    def contestant(self, name):
        """What `turns.in_turns` takes: a function of seconds that gives the fastest call of the peer."""
        return lambda seconds: float(self.ask([name, seconds]))

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def arguments_given():
    """In a script of peers: the arguments with which `Peers` started it."""
    return json.loads(sys.stdin.readline())


def serve(about, contestants, results):
    """In a script of peers: tell the results, then time the contestants that are asked for."""
    print(json.dumps({"about": about, "results": results}), flush=True)
    for line in sys.stdin:
        name, seconds = json.loads(line)
        print(contestants[name](seconds), flush=True)
