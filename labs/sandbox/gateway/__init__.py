"""The gateway: one process in front of both registries, with Docker Hub's and ECR's rules, and AWS's API from moto.

```
app ─┬─ registries/ ─┬─ hub, hub_api ─┐                      memory/state ─┬─ clock, access_log, tokens
     │               └─ ecr ──────────┴─ store ─ upstream                  ├─ images, hub_accounts
     ├─ aws/ ─┬─ front_door ─┬─ signature, shapes, actions                 ├─ billing, sso_sessions
     │        │              └─ ecr_api, budgets                           ├─ moto_door (moto, its corrections)
     │        └─ sso, sso_page                                             └─ journal ─ entries
     └─ control (administration socket)
```
Everything that changes goes through `state.record` or `state.call`: written to the journal first (`memory/entries.py`
says how), answered afterwards. Who signed a request stands in `identity`, what went wrong in `errors`.
"""
