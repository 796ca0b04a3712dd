"""Draw the pictures of the README again: ``python docs/pictures.py``."""

import os
import re
from pathlib import Path

DOCS = Path(__file__).parent

if __name__ == "__main__":
    program = re.findall(
        r"```python\n(.*?)```", (DOCS.parent / "README.md").read_text(encoding="utf-8"), re.S
    )[0]
    os.chdir(DOCS)
    exec(compile(program, "README.md", "exec"))
