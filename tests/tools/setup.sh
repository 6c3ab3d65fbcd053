#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the Debian packages that a step needs: setup.sh [build] [test] [lint] [bench] [image] (default: build test).
# Does nothing, and needs no network, when all of them are there. Needs root or sudo only when something is missing.
set -euo pipefail

build=(g++ cmake ninja-build ccache pkg-config protobuf-compiler protobuf-compiler-grpc libboost1.81-dev libssl-dev
  libspdlog-dev libprotobuf-dev libgrpc++-dev libyaml-cpp-dev libsqlite3-dev nlohmann-json3-dev libcli11-dev zlib1g-dev
  catch2)
test=(python3 python3-grpcio python3-protobuf python3-jsonschema python3-yaml python3-websockets procps chromium chromium-driver
  nginx-light haproxy)
lint=(clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14 llvm-14)
bench=(nginx-light haproxy wrk strace valgrind python3 python3-venv)
interop=(python3-venv python3-pip)
image=(buildah debootstrap)

missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else
    echo "setup: not root and no sudo, so these packages cannot be installed: ${missing[*]}" >&2
    exit 1
  fi
}

install_packages() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -qq -o Dpkg::Use-Pty=0 "$@"
}

wanted=()
for group in "${@:-build test}"; do
  for name in $group; do
    case $name in
      build | test | lint | bench | interop | image) declare -n list=$name; wanted+=("${list[@]}") ;;
      *) echo "setup: no package group '$name' (build test lint bench interop image)" >&2; exit 2 ;;
    esac
  done
done

mapfile -t missing < <(missing_packages "${wanted[@]}")
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null || { echo "setup: no apt-get here; install yourself: ${missing[*]}" >&2; exit 1; }
echo "setup: installing ${missing[*]}"
# The package lists of a fresh machine are empty or old: only then is an update worth its time.
install_packages "${missing[@]}" >/dev/null 2>&1 || {
  as_root apt-get update -qq
  install_packages "${missing[@]}" >/dev/null
}
mapfile -t missing < <(missing_packages "${wanted[@]}")
[ ${#missing[@]} = 0 ] || { echo "setup: still missing: ${missing[*]}" >&2; exit 1; }
