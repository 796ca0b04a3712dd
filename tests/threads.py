"""Threads that take turns as often as the interpreter can, for tests of what several threads share."""

import sys
import threading


def run_in_threads(work, arguments, interval=1e-5):
    """Call `work` with each argument in a thread of its own, and wait for all.

    Args:
        interval: the seconds after which the interpreter switches threads.
    """
    threads = [threading.Thread(target=work, args=(x,)) for x in arguments]
    before = sys.getswitchinterval()
    sys.setswitchinterval(interval)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
