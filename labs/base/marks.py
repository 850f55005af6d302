"""Marks by which the lab's own things and requests are told from others."""

from __future__ import annotations

KIT_MARK = "labs-kit"
"""Part of the `User-Agent` (RFC 9110, section 10.1.5) of what checks and pictures ask of registries and of AWS: what
only reads is never taken for the learner's work.
"""
REACH_NAME = "labs-alcance"
"""The repository that an engine is asked to pull from, so that it proves that it gets to the gateway, which notes the
name and answers that there is nothing: no account of the Hub can have it (a Docker ID has no hyphen).
"""
TITLE_LABEL, APP = "org.opencontainers.image.title", "widget-server"
"""What widget-server's Dockerfile labels its images with (OCI image specification, "Pre-Defined Annotation Keys")."""
TUNNEL_LABEL = "dev.registry-labs.tunnel"
"""Label of the container that brings the registries to an engine with a loopback of its own (`labs/sandbox/tunnel/`);
its value is the lab's folder. It is the kit's: nothing that lists containers counts it.
"""
PROOF_LABEL = "dev.registry-labs.proof"
"""Label of the container that proves that containers run (`labs/sandbox/proof.py`)."""
KIT_LABELS = (TUNNEL_LABEL, PROOF_LABEL)
"""Labels of containers that are the kit's and no work of the learner's."""
