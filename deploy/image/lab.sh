#!/bin/sh
# The lab's own downloads: the Python environment in $LABS_VENV, and in $LABS_CACHE what its first start would fetch.
# $1 is a folder with wheels/ and cache/ where a build without a network finds both; else they come from the network.
set -eu
given=$1
if [ -d "$given/wheels" ]; then
  export PIP_NO_INDEX=1 PIP_FIND_LINKS="$given/wheels"
fi
mkdir -p "$LABS_CACHE"
if [ -d "$given/cache" ]; then
  cp -r "$given/cache/." "$LABS_CACHE"
else
  apt-get update -q
fi
python3 -c 'from labs.machine import environment; environment.ensure(print, agree=lambda _: False)'
# What is only asked for beside the environment says nothing of its failures; without it a start would need a network.
ls -d "$LABS_CACHE"/python-base-*.tar "$LABS_CACHE"/wheels-*
