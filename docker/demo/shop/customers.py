# SPDX-License-Identifier: Apache-2.0
"""Only the traffic, until told to end: for where something else runs the services, as in docker/compose.yaml."""
import signal
import sys
import threading

from .traffic import Load


def main():
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with Load(int(sys.argv[1]) if len(sys.argv) > 1 else 32):
        ended.wait()


if __name__ == "__main__":
    main()
