# SPDX-License-Identifier: Apache-2.0
"""What integration tests are made of: the program, an origin, a client and a collector, all over real sockets."""
