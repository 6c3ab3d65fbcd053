# SPDX-License-Identifier: Apache-2.0
"""Ports for programs that cannot pick one themselves."""
import socket


def free():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def listens(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
