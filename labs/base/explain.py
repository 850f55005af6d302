"""From a tool's own message to what it means in Portuguese and what to type next.

One ordered table: the first pattern that is found in the message wins. The messages are Docker's, the registries'
and AWS's own; the clinic of errors and the lessons' "Se der errado" teach the same ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    what: str = ""
    next_command: str = ""


_TABLE: tuple[tuple[str, str, str], ...] = (
    # First, since a registry wraps it in words of its own
    (
        r"no space left on device|[Dd]isk quota exceeded|cannot write to its disk",
        "O disco está cheio.",
        "df -h && docker system df",
    ),
    # Registries
    (
        r"no basic auth credentials",
        "O ECR não recebeu nenhum login: o Docker não tem credencial guardada para este endereço.",
        "aws ecr get-login-password --region us-east-2 | docker login --username AWS --password-stdin $ECR_REGISTRY",
    ),
    (
        r"login attempt to .* 400 Bad Request",
        "O ECR não aceita este token: ele é de outra região ou de outra conta, ou chegou incompleto.",
        "aws ecr get-login-password --region us-east-2 | docker login --username AWS --password-stdin $ECR_REGISTRY",
    ),
    (
        r"authorization token has expired|token.*expired",
        "O token do ECR venceu: ele vale 12 horas.",
        "aws ecr get-login-password --region us-east-2 | docker login --username AWS --password-stdin $ECR_REGISTRY",
    ),
    (
        r"repository with name '([^']+)' does not exist",
        "No ECR o repositório precisa existir antes do push.",
        r"aws ecr create-repository --repository-name \1",
    ),
    (
        r"cannot be overwritten because the",
        "O repositório tem tags imutáveis: uma tag enviada não muda mais de imagem.",
        "docker tag widget-server:v1 $ECR_REGISTRY/widget-server-prod:v1.0.1",
    ),
    (
        r"is not authorized to perform: (\S+)",
        "A política do seu usuário não permite esta ação.",
        "aws iam list-user-policies --user-name widget-dev --profile console",
    ),
    (
        r"pull access denied",
        "O repositório é privado ou não existe, e você não tem acesso a ele.",
        "docker login $HUB_REGISTRY",
    ),
    (
        r"toomanyrequests",
        "O limite de pulls do Docker Hub foi atingido. Com login o limite é maior.",
        "docker login $HUB_REGISTRY",
    ),
    (
        r"incorrect username or password|unauthorized: authentication required|401 Unauthorized",
        "O registry recusou o usuário ou a senha.",
        'docker login $HUB_REGISTRY --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"',
    ),
    (
        r"requested access to the resource is denied|^denied:| denied:",
        "O registry recusou: ou você ainda não fez login, ou o nome usa a conta de outra pessoa.",
        'docker login $HUB_REGISTRY --username $HUB_USER --password-stdin < "$HUB_TOKEN_FILE"',
    ),
    (r"manifest unknown|manifest for \S+ not found", "O registry não tem essa tag.", "docker image ls"),
    # Names
    (
        r"must be lowercase",
        "Nomes de repositório só aceitam letras minúsculas.",
        "docker tag widget-server:v1 widget-server:v1",
    ),
    (
        r"invalid reference format|invalid tag|is not a valid repository/tag",
        "O nome não tem a forma [registry/]conta/projeto[:tag]: sem espaços, minúsculas, e a tag depois de um só “:”.",
        "docker tag widget-server:v1 $HUB_REGISTRY/$HUB_USER/widget-server:v1",
    ),
    # Build
    (
        r"Cannot locate specified Dockerfile|Dockerfile.*no such file|Dockerfile path",
        "Não há Dockerfile na pasta indicada.",
        "ls -l Dockerfile",
    ),
    (
        r"[Dd]ockerfile parse error|unknown instruction|unknown flag|requires at least one argument",
        "O Dockerfile tem um erro de sintaxe na linha indicada.",
        "cat -n Dockerfile",
    ),
    (
        r"COPY failed|ADD failed|forbidden path outside",
        "O Dockerfile copia um arquivo que não está no build context.",
        "ls && cat .dockerignore",
    ),
    (
        r"returned a non-zero code",
        "Um comando RUN do Dockerfile falhou: as linhas acima mostram o erro dele.",
        "cat -n Dockerfile",
    ),
    (
        r"requires exactly 1 argument|requires 1 argument",
        "Falta o build context: o ponto no fim do comando.",
        "docker build -t widget-server:v1 .",
    ),
    (
        r"path .* not found|unable to prepare context",
        "O build context não existe: confira a pasta no fim do comando.",
        "pwd && ls",
    ),
    (
        r"pull.*(python-base|labs/)|base name .* should not be blank",
        "A imagem base do laboratório não está no engine.",
        "python3 -m labs up",
    ),
    # Containers
    (
        r":(\d+)(?: failed: port is already allocated|: bind: address already in use)",
        "A porta já está ocupada por outro container ou programa.",
        r"docker ps --filter publish=\1",
    ),
    (
        r"port is already allocated|address already in use|bind.*in use",
        "A porta já está ocupada por outro container ou programa.",
        "docker ps",
    ),
    (
        r"container name \"?/?([\w.-]+)\"? is already in use",
        "Já existe um container com esse nome. Veja qual é; `docker rm -f NOME` remove um de uma aula anterior.",
        r"docker ps -a --filter name=\1",
    ),
    (r"[Nn]o such container:? (\S+)", "Não há container com esse nome.", "docker ps -a"),
    (
        r"No such image|does not exist locally|tag does not exist|reference does not exist",
        "Essa imagem não existe no seu engine.",
        "docker image ls",
    ),
    # AWS
    (
        r"InvalidClientTokenId|UnrecognizedClientException|security token included in the request is invalid",
        "A AWS não aceita esta access key: ela não existe, foi desativada ou foi apagada.",
        "aws iam list-access-keys --user-name widget-dev --profile console",
    ),
    (
        r"SignatureDoesNotMatch",
        "A assinatura não confere: a secret key configurada não é a dessa access key.",
        "aws configure",
    ),
    (r"ExpiredToken", "As credenciais temporárias venceram.", "python3 -m labs.sso --profile sso"),
    (
        r"Unable to locate credentials|config profile \(.*\) could not be found",
        "Não há credenciais da AWS neste perfil.",
        "aws configure",
    ),
    (r"You must specify a region", "Falta a região no perfil.", "aws configure"),
    (r"AlreadyExists|DuplicateRecord", "Isso já existe: nada foi criado de novo.", ""),
    (
        r"LimitExceeded",
        "O usuário já tem o máximo de duas access keys.",
        "aws iam list-access-keys --user-name widget-dev --profile console",
    ),
    (r"NoSuchEntity|NotFoundException", "O recurso não existe na conta.", "aws iam list-users --profile console"),
    (r"Could not connect to the endpoint", "A API da AWS deste laboratório não responde.", "python3 -m labs up"),
    # Machine
    (
        r"[Pp]ermission denied.*docker\.sock",
        "Seu usuário não pode falar com o Docker Engine.",
        "sudo usermod -aG docker $USER",
    ),
    (
        r"Cannot connect to the Docker daemon|docker daemon is not running|error during connect|EOF$",
        "O Docker Engine não responde.",
        "python3 -m labs up",
    ),
    (
        r"lookup \d{12}\.dkr\.ecr\.",
        "O endereço do ECR no nome da imagem não existe neste laboratório: confira a conta e a região.",
        'echo "$ECR_REGISTRY"',
    ),
    (
        r"unexpected HTTP status: 5\d\d|50[0234] (?:Service Unavailable|Internal Server Error|Bad Gateway)"
        r"|ServerException|ServiceUnavailable|ServiceFailure",
        "Uma parte do laboratório não respondeu; ela volta sozinha em instantes.",
        "python3 -m labs up",
    ),
    (
        r"[Cc]onnection refused|no such host|network is unreachable|i/o timeout|server misbehaving",
        "O endereço não responde: o registry ou a rede está fora.",
        "python3 -m labs status",
    ),
    (r"command not found", "O programa não está no PATH deste terminal.", 'eval "$(python3 -m labs env)"'),
)


def explain(observed: str) -> Explanation:
    """What a message means; an empty explanation where the table does not know it."""
    for pattern, what, next_command in _TABLE:
        found = re.search(pattern, observed, re.MULTILINE)
        if found:
            return Explanation(what, found.expand(next_command) if "\\" in next_command else next_command)
    return Explanation()
