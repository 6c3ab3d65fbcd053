#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds docker/Dockerfile for real, without a Docker engine, and runs what came out: buildah in a chroot, over a base image made by
# debootstrap and given the name that the Dockerfile says FROM. Packages come from where this machine's apt gets them. Everything
# is below build/image. Needs root. The last line is `N passed, N failed`.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$root/build/image
log=$work/image.log
base=debian:bookworm-slim
suite=bookworm
passed=0
failed=0
container=
origin=
proxy=

main() {
  mkdir -p "$work/tmp"
  : >"$log"
  export TMPDIR=$work/tmp # buildah keeps its mount caches there too
  trap clean_up EXIT
  require
  write_policy
  step "base image from debootstrap" make_base
  step "docker/Dockerfile builds" build_image "$root/docker/Dockerfile" "$root" sidespan
  have_image localhost/sidespan || closing_line
  container=$(buildah_ from --pull-never localhost/sidespan)
  write_configuration
  step "sidespan version" in_image version
  step "sidespan check" in_image check --config "/test/sidespan.yaml"
  step "runs as uid 7337" runs_unprivileged
  step "no build tools inside" no_build_tools
  step "one proxied request" proxied_request
  step "docker/demo/Dockerfile builds" build_image "$root/docker/demo/Dockerfile" "$root/docker/demo" sidespan-shop-app
  echo "image size: $(size_of sidespan), of which the base: $(size_of "$base")"
  closing_line
}

# step <name> <command...>: runs it and counts. Without a base image there is nothing else to try.
step() {
  local name=$1
  shift
  printf '%s …\n' "$name"
  printf '\n== %s\n' "$name" >>"$log"
  if "$@" >>"$log" 2>&1; then
    passed=$((passed + 1))
    printf 'ok      %s\n' "$name"
    return
  fi
  failed=$((failed + 1))
  printf 'FAILED  %s; the end of %s:\n' "$name" "$log"
  tail -n 20 "$log" | sed 's/^/        /'
  case $1 in make_base) closing_line ;; esac
}

closing_line() {
  printf '%d passed, %d failed\n' "$passed" "$failed"
  exit $((failed > 0))
}

give_up() {
  failed=$((failed + 1))
  echo "FAILED  $*"
  closing_line
}

require() {
  [ "$(id -u)" = 0 ] || give_up "building an image in a chroot needs root"
  "$root/tests/tools/setup.sh" image >>"$log" 2>&1 || give_up "buildah or debootstrap is missing and could not be installed; see $log"
  local program
  for program in buildah debootstrap curl /usr/bin/python3; do
    command -v "$program" >/dev/null || give_up "$program is missing; it is needed to build and try the image"
  done
}

buildah_() {
  buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"
}

# Nothing is pulled, so nothing has to be trusted; buildah wants to be told.
write_policy() {
  echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$work/policy.json"
}

have_image() { buildah_ inspect --type image "$1" >/dev/null 2>&1; }

# Where this machine's apt gets Debian from.
mirror() {
  apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v suite=$suite '$1 == suite && $2 == "main" { print $3; exit }'
}

make_base() {
  if have_image "localhost/$base"; then
    echo "kept from the last run"
    return 0
  fi
  local tree=$work/base from
  from=$(mirror)
  [ -n "$from" ] || { echo "this machine's apt knows no source for $suite main (apt-get update?)"; return 1; }
  rm -rf "$tree"
  debootstrap --variant=minbase "$suite" "$tree" "$from" || return 1
  copy_apt_configuration "$tree" || return 1
  rm -rf "$tree"/var/cache/apt/archives/*.deb "$tree"/var/lib/apt/lists/*
  local made
  made=$(buildah_ from scratch) || return 1
  buildah_ copy --quiet "$made" "$tree" / || return 1
  buildah_ config --cmd bash "$made"
  buildah_ commit --signature-policy "$work/policy.json" --rm --quiet "$made" "localhost/$base" || return 1
  rm -rf "$tree"
}

# The image's apt has to reach what this machine's reaches: sources, keys, and how to get there (proxies, dates).
copy_apt_configuration() {
  local etc=$1/etc/apt name
  rm -f "$etc/sources.list"
  for name in sources.list sources.list.d trusted.gpg.d keyrings auth.conf.d; do
    [ ! -e "/etc/apt/$name" ] || cp -rT "/etc/apt/$name" "$etc/$name"
  done
  [ ! -d /usr/share/keyrings ] || cp -r /usr/share/keyrings "$1/usr/share/"
  apt-config dump | grep -iE '^Acquire::(https?::|Check-|Retries)' >"$etc/apt.conf.d/99-from-the-machine" || true
}

# build_image <Dockerfile> <context> <name>
build_image() {
  local ignore=$2/.dockerignore
  buildah_ build --isolation=chroot --network=host --pull-never --signature-policy "$work/policy.json" \
    --file "$1" --ignorefile "$ignore" --tag "localhost/$3" "$2"
}

# run_in <command...>: as the image's own user, with the test's configuration at /test.
run_in() {
  buildah_ run --isolation=chroot --network=host --volume "$work/test:/test:ro" "$container" -- "$@"
}

in_image() { run_in /usr/bin/sidespan "$@"; }

runs_unprivileged() { [ "$(run_in /usr/bin/id -u)" = 7337 ]; }

no_build_tools() {
  local tool found=
  for tool in gcc g++ cc c++ cmake make ninja ld as protoc ccache; do
    ! run_in /bin/sh -c "command -v $tool" || found+=" $tool"
  done
  [ -z "$found" ] || { echo "found:$found"; return 1; }
}

write_configuration() {
  mkdir -p "$work/test"
  read -r origin_port inbound_port admin_port < <(free_ports)
  cat >"$work/test/sidespan.yaml" <<YAML
service: image
inbound:
  $inbound_port: 127.0.0.1:$origin_port
admin:
  listen: 127.0.0.1:$admin_port
YAML
}

free_ports() {
  /usr/bin/python3 -c '
import socket
probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(probe.getsockname()[1] for probe in probes))'
}

# An origin that answers with the traceparent it was sent, outside; the proxy inside; a request through it.
proxied_request() {
  /usr/bin/python3 -c '
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Echo(BaseHTTPRequestHandler):
    def do_GET(self):
        body = (self.headers.get("traceparent") or "none").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
HTTPServer(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()' "$origin_port" &
  origin=$!
  # A group of its own, because the proxy is a grandchild: buildah is between.
  setsid buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs run --isolation=chroot --network=host \
    --volume "$work/test:/test:ro" "$container" -- /usr/bin/sidespan run --config /test/sidespan.yaml &
  proxy=$!
  in_image wait --admin "127.0.0.1:$admin_port" --timeout 20s || return 1
  local answer
  answer=$(curl -sS --noproxy '*' --max-time 10 "http://127.0.0.1:$inbound_port/hello") || return 1
  echo "the origin saw traceparent: $answer"
  [[ $answer =~ ^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-9a-f]$ ]]
}

size_of() {
  local bytes
  bytes=$(buildah_ images --json "localhost/${1#localhost/}" | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["size"])')
  echo "$bytes"
}

# Ends the two children by pid. The proxy's group was made by us with setsid above.
clean_up() {
  [ -z "$origin" ] || kill "$origin" 2>/dev/null || true
  [ -z "$proxy" ] || end_group "$proxy"
  [ -z "$container" ] || buildah_ rm "$container" >/dev/null 2>&1 || true
}

end_group() {
  local tries
  kill -TERM -- "-$1" 2>/dev/null || return 0
  for ((tries = 0; tries < 100; tries++)); do
    kill -0 -- "-$1" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL -- "-$1" 2>/dev/null || true
}

main
