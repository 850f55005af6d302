#!/bin/sh
# What no lesson and no start reads goes: manuals, other languages, tools beside the engine, examples of `aws help`.
set -eu
rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/info/* /usr/share/locale/* /usr/share/lintian /var/lib/apt/lists/* \
  /var/cache/apt/* /var/cache/debconf/* /var/log/* /root/.cache /tmp/*
# ctr, containerd's own client, and the shim of its first version (containerd 1.7, "runtime v1"): Docker uses neither.
rm -f /usr/bin/ctr /usr/bin/containerd-shim /usr/bin/containerd-shim-runc-v1 /usr/bin/containerd-stress
cd "$LABS_VENV"/lib/python3*/site-packages
rm -rf awscli/examples "$LABS_VENV"/labs-install*.log
# The AWS CLI's descriptions of services, 120 MB: it reads them packed as well (botocore, `loaders.py`).
find awscli/botocore/data -mindepth 3 -name '*.json' -exec gzip -6 {} +
# The engine reads the base image compressed as well.
for archive in "$LABS_CACHE"/python-base-*.tar; do
  gzip -6 "$archive" && mv "$archive.gz" "$archive"
done
