"""Marks by which the lab's own things and requests are told from others."""

from __future__ import annotations

KIT_MARK = "labs-kit"
"""Part of the `User-Agent` (RFC 9110, section 10.1.5) of what checks and pictures ask of registries and of AWS: what
only reads is never taken for the learner's work.
"""
TITLE_LABEL, APP = "org.opencontainers.image.title", "widget-server"
"""What widget-server's Dockerfile labels its images with (OCI image specification, "Pre-Defined Annotation Keys")."""
