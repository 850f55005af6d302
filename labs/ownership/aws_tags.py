"""The tag on what the course makes in AWS, so that a person sees in the console what is the course's.

It is for people: what may be removed the ledger alone decides (`labs/ownership/ledger.py`), since anybody can copy a
tag.
Images carry the labels of their Dockerfile, and containers inherit them; access keys and repositories of Docker Hub
have none.
"""

from __future__ import annotations

from labs.base.things import BUDGET, ECR, USER, Thing
from labs.seams.world import World

COURSE_TAG = {"Key": "curso", "Value": "widget-server"}
TEXT = f"{COURSE_TAG['Key']}={COURSE_TAG['Value']}"
TAGGABLE = (ECR, USER, BUDGET)
"""Kinds of things that AWS lets carry a tag."""


def put(world: World, thing: Thing) -> None:
    """Tag something that exists in the account. Putting the same tag again changes nothing.

    ECR API reference, TagResource; IAM API reference, TagUser; AWS Budgets API reference, TagResource.

    Raises:
        CloudError: AWS refused, or does not answer.
    """
    settings = world.settings
    if thing.kind == ECR:
        arn = f"arn:aws:ecr:{settings.region}:{settings.account}:repository/{thing.name}"
        world.cloud.read("ecr", "tag_resource", resourceArn=arn, tags=[COURSE_TAG])
    elif thing.kind == USER:
        world.cloud.read("iam", "tag_user", UserName=thing.name, Tags=[COURSE_TAG])
    elif thing.kind == BUDGET:
        arn = f"arn:aws:budgets::{settings.account}:budget/{thing.name}"
        world.cloud.read("budgets", "tag_resource", ResourceARN=arn, ResourceTags=[COURSE_TAG])
