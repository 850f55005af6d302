#!/bin/sh
# Run in a lab's container, whose first day it is: leaves in $1 what every first day makes alike, the engine's base image
# with the layers of widget-server's dependencies, and the Hub's images of others. No account, key or token is in it.
set -eu
python3 -m labs up
eval "$(python3 -m labs env)"
docker build --quiet --tag seed "$LAB_WORK/widget-server"
docker image rm seed
python3 -m labs down
# The engine's id comes along: its builder finds no layer again under another one (moby/moby, builder/builder-next).
tar --create --xattrs --xattrs-include='*' --file "$1" --directory "$LABS_HOME" sandbox/engine sandbox/hub ledger.jsonl
