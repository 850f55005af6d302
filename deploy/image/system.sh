#!/bin/sh
# The packages of packages.txt that the base does not have yet. A base that has all of them needs no network.
set -eu
here=$(dirname "$0")
missing=
for package in $(grep -v '^#' "$here/packages.txt"); do
  dpkg-query --show --showformat='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing="$missing $package"
done
if [ -n "$missing" ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  apt-get install -y -q --no-install-recommends $missing
fi
# Where the container's users are mapped the engine runs with --rootless, and asks for rootlesskit's proxy though it is told
# of its own (moby/moby, daemon/config/config_linux.go).
command -v rootlesskit-docker-proxy > /dev/null || ln -s docker-proxy "$(dirname "$(command -v docker-proxy)")/rootlesskit-docker-proxy"
