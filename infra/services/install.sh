#!/usr/bin/env bash
# Installs what the fleet's tests, `npm run cluster` and `npm run scale` start: Redis, Postgres, nginx, an S3 gateway and kustomize.
# What is there stays. What cannot be installed is named, and its tests are skipped: this never fails.
set -uo pipefail

packages=()
command -v redis-server valkey-server >/dev/null || packages+=(redis-server)
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null || packages+=(postgresql)
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || packages+=(nginx)
if [ ${#packages[@]} -gt 0 ]; then
  # Nothing is started by the installation: the tests start what they need, on ports of their own.
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}"; } >/dev/null \
    || echo "could not be installed: ${packages[*]}"
fi

# NAME PACKAGE@VERSION: a program of Go's, which takes minutes to compile the first time.
go_program() {
  command -v go >/dev/null || { echo "could not be installed without Go: $1"; return; }
  local bin
  bin=$(go env GOBIN)
  [ -x "${bin:-$(go env GOPATH)/bin}/$1" ] || command -v "$1" >/dev/null || go install "$2" || echo "could not be installed: $1"
}
go_program versitygw github.com/versity/versitygw/cmd/versitygw@v1.8.0
command -v kubectl >/dev/null || go_program kustomize sigs.k8s.io/kustomize/kustomize/v5@v5.7.1
