#!/bin/bash
# Installs the peers and builds the load driver in BENCH_HOME. Writes nothing beside this file.
# usage: ./setup.sh [--seaography]     (Seaography is optional: it takes minutes to compile)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=${BENCH_HOME:-${TMPDIR:-/tmp}/interviews-bench}
mkdir -p "$home"

# PostGraphile needs Node 22 or newer, so npm's `node` package installs a Node of its own. It is an optional dependency:
# where it cannot be installed, the peers run on the system's Node.
rm -rf "$home/node"
cp -r "$here/node" "$home/"
npm ci --prefix "$home/node" --no-audit --no-fund --loglevel=error

build() {
    CARGO_TARGET_DIR=$home/target cargo build --release --locked --manifest-path "$here/Cargo.toml" --package "$1"
}
build loader
if [[ ${1:-} == --seaography ]]; then build seaography-peer; fi
echo "ready: $home"
