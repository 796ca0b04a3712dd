"""The process in which JAX and CasADi run, and its environment in build/peers, which is made where needed."""

import json
import os
import subprocess
import venv
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE.parent / "build" / "peers"
PACKAGES = ["jax", "jaxlib", "casadi", "numpy"]
ONE_THREAD = {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def interpreter():
    """The Python of the environment, into which the newest packages are installed once."""
    python = FOLDER / ("Scripts" if os.name == "nt" else "bin") / "python"
    done = FOLDER / "installed"
    if not done.exists():
        venv.create(FOLDER, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
        done.touch()
    return python


class Peers:
    """The process of machine_peers.py.

    Attributes:
        about: the packages and their versions.
        results: for each row the numbers of the peer, in one list.
    """

    def __init__(self, arguments):
        self.process = subprocess.Popen(
            [interpreter(), HERE / "machine_peers.py"],
            env={**os.environ, **ONE_THREAD},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        answer = json.loads(self.ask(json.dumps(arguments)))
        self.about, self.results = answer["about"], answer["results"]

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("machine_peers.py has ended: its error stands above")
        return answer

    def contestant(self, row):
        """What `turns.in_turns` takes: a function of seconds that gives the fastest call of the peer."""
        return lambda seconds: float(self.ask(f"{row} {seconds}"))

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
