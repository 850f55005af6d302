#!/bin/sh
# What an engine inside a container needs of it: control groups that can be written. Docker mounts them for reading.
# The way is that of docker:dind (moby/moby, hack/dind).
set -eu
groups=/sys/fs/cgroup
if [ -f "$groups/cgroup.controllers" ]; then
  mount -o remount,rw "$groups"
  # A group that has members of its own gives no controller to others (cgroups(7), "no internal processes"): ours move.
  mkdir -p "$groups/init"
  xargs -rn1 < "$groups/cgroup.procs" > "$groups/init/cgroup.procs" || :
  sed -e 's/ / +/g' -e 's/^/+/' < "$groups/cgroup.controllers" > "$groups/cgroup.subtree_control"
else
  for one in "$groups"/*/; do
    mount -o remount,bind,rw "$one" || :
  done
fi 2>/dev/null || :  # what then does not work is told by `start`, in words
# A class's image brings a first day that is over already (deploy/hub/seed.sh); it lies beside the volume, which is new.
sh "${0%/*}/unpack.sh" /opt/seed.tar "$LABS_HOME"
# Where a JupyterLab was, in an earlier container: none runs in this one yet.
rm -f "$LABS_HOME/run/jupyter.json"
exec "$@"
