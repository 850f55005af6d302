"""A class on a cluster: the pod that JupyterHub's own KubeSpawner makes of `deploy/kubernetes/values.yaml`.

No cluster is there. What the chart does with the values is repeated in `spawner`, after its `jupyterhub_config.py`;
what was tried with the chart itself, by hand, stands in docs/trust.md.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import kubernetes_validate
import pytest
import yaml
from kubernetes_asyncio.client import ApiClient
from kubespawner import KubeSpawner
from traitlets.config import Config

from labs.base.settings import CLONE
from labs.classroom import accounts, images
from labs.classroom.board import __main__ as board_module

DEPLOY = CLONE / "deploy"
VALUES: dict[str, Any] = yaml.safe_load((DEPLOY / "kubernetes" / "values.yaml").read_text("utf-8"))
SINGLEUSER, HUB = VALUES["singleuser"], VALUES["hub"]
VERSIONS = ("1.33", "1.34", "1.35", "1.36", "1.37")
"""From the first Kubernetes that has user namespaces by default to the newest whose schemas are there."""
CHART = {
    "uid": "uid",
    "fs_gid": "fsGid",
    "allow_privilege_escalation": "allowPrivilegeEscalation",
    "start_timeout": "startTimeout",
    "environment": "extraEnv",
    "extra_pod_config": "extraPodConfig",
    "mem_limit": "memory.limit",
    "mem_guarantee": "memory.guarantee",
    "cpu_limit": "cpu.limit",
    "cpu_guarantee": "cpu.guarantee",
    "storage_capacity": "storage.capacity",
    "cmd": "cmd",
}
"""KubeSpawner's traits, by the value below `singleuser` that the chart gives them where there is one."""


def value(path: str) -> Any:
    """What stands below `singleuser`, as `memory.limit`."""
    found: Any = SINGLEUSER
    for name in path.split("."):
        found = found[name]
    return found


def spawner(user: str) -> Any:
    """The spawner of a learner, with what the chart tells it."""
    image, home = SINGLEUSER["image"], SINGLEUSER["storage"]["homeMountPath"]
    settings = {trait: value(path) for trait, path in CHART.items() if value(path) is not None}
    settings |= {
        "image": f"{image['name']}:{image['tag']}",
        "storage_access_modes": ["ReadWriteOnce"],
        "volumes": {"home": {"name": "home", "persistentVolumeClaim": {"claimName": "{pvc_name}"}}},
        "volume_mounts": {"home": {"name": "home", "mountPath": home}},
        **HUB["config"]["KubeSpawner"],
    }
    person = SimpleNamespace(name=user, id=1, url=f"/user/{user}/", escaped_name=user, settings={}, server=None)
    with patch("kubespawner.spawner.load_config"), patch("kubespawner.spawner.shared_client"):  # no API is asked
        made = KubeSpawner(_mock=True, user=person, config=Config({"KubeSpawner": settings}))
    made.server = SimpleNamespace(base_url=f"/user/{user}/", bind_url="")
    assert not set(settings) - set(made.trait_names())
    return made


def as_sent(thing: Any) -> dict[str, Any]:
    """A manifest as it goes over the wire."""

    async def sent() -> Any:
        async with ApiClient() as client:
            return client.sanitize_for_serialization(thing)

    found: dict[str, Any] = asyncio.run(sent())
    return found


@pytest.fixture(scope="module")
def pod() -> dict[str, Any]:
    return as_sent(asyncio.run(spawner("ana").get_pod_manifest()))


@pytest.fixture(scope="module")
def container(pod: dict[str, Any]) -> dict[str, Any]:
    (only,) = pod["spec"]["containers"]
    found: dict[str, Any] = only
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_knows_every_field_of_the_pod_and_of_its_volume(version: str, pod: dict[str, Any]) -> None:
    for manifest in (pod, as_sent(spawner("ana").get_pvc_manifest())):
        assert kubernetes_validate.validate(manifest, version, strict=True).startswith(version)


def test_a_field_that_kubernetes_does_not_know_would_be_found(pod: dict[str, Any]) -> None:
    wrong = {**pod, "spec": {**pod["spec"], "hostUser": False}}
    with pytest.raises(kubernetes_validate.ValidationError, match="hostUser"):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_the_lab_is_root_of_its_own_pod_alone(pod: dict[str, Any], container: dict[str, Any]) -> None:
    """The two rights that a lab's container has with Compose, and nothing of the node's or of the cluster's."""
    spec, rights = pod["spec"], container["securityContext"]
    assert spec["hostUsers"] is False
    assert rights == {
        "runAsUser": 0,
        "allowPrivilegeEscalation": True,
        "capabilities": {"add": ["SYS_ADMIN", "NET_ADMIN"]},
        "seccompProfile": {"type": "Unconfined"},
        "appArmorProfile": {"type": "Unconfined"},
    }
    compose = yaml.safe_load((CLONE / "compose.yaml").read_text("utf-8"))["services"]["lab"]
    assert rights["capabilities"]["add"] == compose["cap_add"]
    assert spec["automountServiceAccountToken"] is False and "serviceAccountName" not in spec
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers", "securityContext"} & set(spec)
    assert "privileged" not in json.dumps(pod) and "hostPath" not in json.dumps(pod)


def test_the_work_is_on_a_volume_of_the_learners_own(pod: dict[str, Any], container: dict[str, Any]) -> None:
    (mount,), (volume,) = container["volumeMounts"], pod["spec"]["volumes"]
    dockerfile = (DEPLOY / "image" / "Dockerfile").read_text("utf-8")
    assert mount["mountPath"] == "/labs" and "VOLUME /labs" in dockerfile and "LABS_HOME=/labs" in dockerfile
    assert mount["name"] == volume["name"] and volume["persistentVolumeClaim"] == {"claimName": "claim-ana"}
    claims = [as_sent(spawner(name).get_pvc_manifest()) for name in ("ana", "bia")]
    assert [claim["metadata"]["name"] for claim in claims] == ["claim-ana", "claim-bia"]
    assert claims[0]["spec"]["resources"]["requests"] == {"storage": "5Gi"}


def test_a_pod_starts_as_the_image_does(container: dict[str, Any]) -> None:
    """Neither `command`, which would take the place of ENTRYPOINT (`entry.sh`), nor `args`, of CMD."""
    assert not {"command", "args", "workingDir"} & set(container)
    assert container["image"].endswith(f"/{images.CLASS}:1")
    assert f"image: {images.CLASS}\n" in (DEPLOY / "hub" / "compose.yaml").read_text("utf-8")


def test_a_command_would_be_the_arguments_of_the_entry() -> None:
    other = spawner("ana")
    other.cmd = ["python3", "-m", "labs", "start", "--no-browser"]
    (made,) = as_sent(asyncio.run(other.get_pod_manifest()))["spec"]["containers"]
    assert made["args"] == other.cmd and "command" not in made


def test_a_learner_gets_what_was_measured_and_no_more(container: dict[str, Any]) -> None:
    mebibyte = 1024**2
    assert container["resources"] == {
        "limits": {"cpu": 2.0, "memory": 1536 * mebibyte},
        "requests": {"cpu": 0.1, "memory": 300 * mebibyte},
    }
    compose = (DEPLOY / "hub" / "compose.yaml").read_text("utf-8")
    assert "LABS_CLASS_MEMORY:-1536M" in compose and "LABS_CLASS_CPUS:-2" in compose


def test_each_lab_knows_its_own_address(container: dict[str, Any]) -> None:
    """Kubernetes puts a variable in for $(NAME) where it was defined before."""
    names = [one["name"] for one in container["env"]]
    told = {one["name"]: one.get("value", "") for one in container["env"]}
    needed = re.findall(r"\$\((\w+)\)", told["LABS_ADDRESS"])
    assert needed == ["JUPYTERHUB_SERVICE_PREFIX"] and names.index(needed[0]) < names.index("LABS_ADDRESS")
    (host,) = VALUES["proxy"]["https"]["hosts"]
    assert told["LABS_ADDRESS"].startswith(f"https://{host}$(") and told["LABS_LISTEN"] == "127.0.0.1"


def test_hub_and_labs_are_in_the_classs_time_zone(container: dict[str, Any]) -> None:
    assert {"name": "TZ", "value": "America/Sao_Paulo"} in container["env"]
    assert HUB["extraEnv"]["TZ"] == "America/Sao_Paulo"


def test_learners_reach_the_hub_and_nobody_else() -> None:
    """The chart's own rules let only hub and proxy in; out, to hub, proxy and names, and to what is asked for here."""
    assert SINGLEUSER["networkPolicy"] == {"egressAllowRules": {"nonPrivateIPs": False}}
    (rule,) = HUB["networkPolicy"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"component": "proxy"}}}]
    assert rule["ports"] == [{"port": 10101}]


def test_login_board_and_rights_are_those_of_a_class_on_one_machine() -> None:
    config = HUB["config"]
    assert config["JupyterHub"]["authenticator_class"] == "labs.classroom.login.CodeAuthenticator"
    assert config["CodeAuthenticator"]["codes_file"] == HUB["extraFiles"]["codes"]["mountPath"]
    assert config["Authenticator"] == {"allow_all": True}
    one_machine = (DEPLOY / "hub" / "jupyterhub_config.py").read_text("utf-8")
    for name, role in HUB["loadRoles"].items():
        (scopes,) = re.findall(rf'"name": "{name}".*?"scopes": (\[.*?\])', one_machine, re.DOTALL)
        assert role["scopes"] == json.loads(scopes)
    assert HUB["loadRoles"]["teacher"]["users"] == [accounts.TEACHER]
    assert VALUES["cull"]["timeout"] == 3 * 3600


def test_the_board_is_added_to_the_hubs_services(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chart runs these lines in the hub's configuration, where `os`, `sys` and `c` are."""
    monkeypatch.setenv("POD_IP", "192.0.2.9")
    monkeypatch.setenv("TZ", HUB["extraEnv"]["TZ"])
    c = Config({"JupyterHub": {"services": [{"name": "jupyterhub-idle-culler"}]}})
    for lines in HUB["extraConfig"].values():
        exec(lines, {"os": os, "sys": sys, "c": c})
    _, board = c.JupyterHub.services
    assert board["name"] == "painel" and board["url"] == "http://192.0.2.9:10101"
    assert board["command"][1:] == ["-m", board_module.__name__.removesuffix(".__main__")]
    told, files = board["environment"], HUB["extraFiles"]
    assert told["LABS_CLASS_CODES"] == files["codes"]["mountPath"]
    assert told["LABS_CLASS_KEY"] == files["key"]["mountPath"]
    one_machine = (DEPLOY / "hub" / "jupyterhub_config.py").read_text("utf-8")
    service = one_machine[one_machine.rindex('"name": "painel"') :]
    assert set(told) == set(re.findall(r'"(LABS_CLASS_\w+|TZ)": ', service))
    assert HUB["extraEnv"]["POD_IP"] == {"valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}


def test_the_hubs_image_has_what_the_charts_configuration_imports() -> None:
    """yaml, kubernetes_asyncio, kubespawner and jupyterhub; pycurl, by tornado; the culler, as `python3 -m`."""
    lock = (DEPLOY / "hub" / "hub.txt").read_text("utf-8")
    for package in ("pyyaml", "kubernetes-asyncio", "jupyterhub-kubespawner", "jupyterhub", "pycurl"):
        assert re.search(rf"^{package}==", lock, re.MULTILINE), package
    assert re.search(r"^jupyterhub-idle-culler==", lock, re.MULTILINE)
    (version,) = re.findall(r"^jupyterhub==\S+", lock, re.MULTILINE)
    assert version in (DEPLOY / "hub" / "learner.txt").read_text("utf-8")
    assert HUB["extraEnv"]["HOME"] == "/srv/jupyterhub", "kubernetes_asyncio asks for a home when it is imported"
    assert HUB["extraEnv"]["PYTHONPATH"] in (DEPLOY / "image" / "Dockerfile").read_text("utf-8")
