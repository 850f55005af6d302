"""Pictures of what exists: pure functions from data to text (a notebook's stored output), a drawing, and a table.

One module per picture. The text is complete by itself and says the same as the drawing. Its columns are never padded:
what varies from run to run (sizes, digests) must not move what stands beside it. All data is escaped; no state is read
here: `labs/notebook/gallery.py` reads it.

picture.py         what a picture is
drawing.py         boxes, words and lines as SVG, with the theme's colours
anatomy.py         name
route.py           where a push goes
stack.py           layers of images
push.py            what a push will send
registry_pages.py  a registry's page
names.py           all names of one image
git.py             registry beside Git host
token.py           the ECR token's clock
iam.py             access keys, and SSO
cost.py            a month's cost against the budget
budget_page.py     the console's page of budgets
root_page.py       the root user's credentials, and AWS's warning
timeline.py        build and run
environments.py    homologação and produção
release.py         the release as a map
course_map.py      the course's map
lab_parts.py       what runs where
"""

from __future__ import annotations

from labs.pictures.anatomy import name
from labs.pictures.budget_page import Told, budgets_page
from labs.pictures.cost import Budget, cost
from labs.pictures.course_map import course_map
from labs.pictures.environments import environments
from labs.pictures.git import beside_git
from labs.pictures.iam import Credential, keys, keys_and_sso
from labs.pictures.lab_parts import Running, parts
from labs.pictures.names import ImageName, names
from labs.pictures.picture import Picture, message
from labs.pictures.push import Fate, push_preview
from labs.pictures.registry_pages import Blob, Registry, Repository, Tag, registry
from labs.pictures.release import Station, release
from labs.pictures.root_page import root_page
from labs.pictures.route import route
from labs.pictures.stack import Stack, layers
from labs.pictures.timeline import Origin, timeline
from labs.pictures.token import Token, token_clock

__all__ = [
    "Blob",
    "Budget",
    "Credential",
    "Fate",
    "ImageName",
    "Origin",
    "Picture",
    "Registry",
    "Repository",
    "Running",
    "Stack",
    "Station",
    "Tag",
    "Token",
    "Told",
    "beside_git",
    "budgets_page",
    "cost",
    "course_map",
    "environments",
    "keys",
    "keys_and_sso",
    "layers",
    "message",
    "name",
    "names",
    "parts",
    "push_preview",
    "registry",
    "release",
    "root_page",
    "route",
    "timeline",
    "token_clock",
]
