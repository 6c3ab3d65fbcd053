# SPDX-License-Identifier: Apache-2.0
"""The demo shop: starts it, makes its traffic, draws a trace and checks every span against the truth in the paths."""
