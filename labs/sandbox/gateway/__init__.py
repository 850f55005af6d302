"""The gateway: one process in front of both registries, with Docker Hub's and ECR's rules, and AWS's API from moto.

```
app ─┬─ hub, hub_api ─┐                      ┌─ clock
     ├─ ecr ──────────┼─ proxy ─ registries  ├─ events
     ├─ aws ─┬─ sigv4 │                      ├─ images, accounts, billing, sessions
     │       ├─ policy│        state ────────┤
     │       └─ ecr_api                      ├─ cloud (moto)
     ├─ sso                                  └─ journal
     └─ control (admin socket)
```
Everything that changes goes through `state.record`: written to the journal first, answered afterwards.
"""
