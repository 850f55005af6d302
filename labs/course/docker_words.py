"""A `docker` command as its client reads it: which verb, which options, what it creates, removes and touches.

The client's rule for options is pflag's (github.com/spf13/pflag, "Command line flag syntax"): an option takes a value
unless it is one of the few below, so an option that the course has never used costs no name. The table is what
`docker VERB --help` shows without a type (docs.docker.com/reference/cli/docker, version 28.2; for `build` also that of
docs.docker.com/reference/cli/docker/buildx/build); `tests/unit/test_docker_words.py` compares it with the client here.
`docker compose` is left unread: what it makes stands in a file of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from labs.base.reference import parse, with_tag
from labs.base.things import CONTAINER, HUB, IMAGE, NETWORK, VOLUME, Thing, alias
from labs.course.shell_words import Word

_RUN = (
    "-d --detach --disable-content-trust --help --init -i --interactive --no-healthcheck --oom-kill-disable"
    " --privileged -P --publish-all -q --quiet --read-only --rm --sig-proxy -t --tty --use-api-socket"
)
WITHOUT_VALUE: Mapping[str, frozenset[str]] = {
    verb: frozenset(options.split())
    for verb, options in {
        "": "-D --debug --help --tls --tlsverify -v --version",
        "build": "--check --compress -D --debug --disable-content-trust --force-rm --help --load --no-cache --pull"
        " --push -q --quiet --rm --squash",
        "commit": "--help -p --pause",
        "create": _RUN,
        "exec": "-d --detach --help -i --interactive --privileged -t --tty",
        "history": "--help -H --human --no-trunc -q --quiet",
        "import": "--help",
        "kill": "--help",
        "login": "--help --password-stdin",
        "logout": "--help",
        "logs": "--details -f --follow --help -t --timestamps",
        "manifest inspect": "--help --insecure -v --verbose",
        "network create": "--attachable --config-only --help --ingress --internal --ipv4 --ipv6",
        "network rm": "-f --force --help",
        "pull": "-a --all-tags --disable-content-trust --help -q --quiet",
        "push": "-a --all-tags --disable-content-trust --help -q --quiet",
        "restart": "--help",
        "rm": "-f --force --help -l --link -v --volumes",
        "rmi": "-f --force --help --no-prune",
        "run": _RUN,
        "save": "--help",
        "start": "-a --attach --help -i --interactive",
        "stop": "--help",
        "tag": "--help",
        "volume create": "--help",
        "volume rm": "-f --force --help",
    }.items()
}
"""Per verb, the options that take no value; "" are those before the verb."""
LONG = {
    "build": {"-t": "--tag", "-f": "--file"},
    "create": {"-p": "--publish", "-v": "--volume"},
    "login": {"-u": "--username"},
    "run": {"-p": "--publish", "-v": "--volume"},
}
"""The short options whose value is asked for."""
_MANY_CONTAINERS, _ONE_CONTAINER = ("kill", "restart", "start", "stop"), ("commit", "exec", "logs")
_STOPS_AT_ARGUMENT = ("", "create", "exec", "run")
_SPELLINGS = {
    ("builder", "build"): "build",
    ("buildx", "b"): "build",
    ("buildx", "build"): "build",
    ("container", "remove"): "rm",
    ("image", "remove"): "rmi",
    ("image", "rm"): "rmi",
    **{("container", verb): verb for verb in (*_MANY_CONTAINERS, *_ONE_CONTAINER, "create", "rm", "run")},
    **{("image", verb): verb for verb in ("build", "history", "import", "pull", "push", "save", "tag")},
    **{(kind, verb): f"{kind} rm" for kind in (NETWORK, VOLUME) for verb in ("rm", "remove")},
    **{(kind, "create"): f"{kind} create" for kind in (NETWORK, VOLUME)},
    ("manifest", "inspect"): "manifest inspect",
}
_GROUPS = frozenset(group for group, _ in _SPELLINGS)
_REMOVES = {"rm": CONTAINER, "rmi": IMAGE, "network rm": NETWORK, "volume rm": VOLUME}
_ONE_IMAGE = ("create", "history", "push", "run", "tag")
TO_REGISTRY = ("login", "logout", "manifest inspect", "pull", "push")
"""Verbs that ask a registry: Docker Hub, where no other is named."""


@dataclass(frozen=True)
class DockerWords:
    """What stands behind `docker`.

    Attributes:
        verb: in its short spelling (`build` for `docker buildx build`); empty where this kit does not know it.
        options: as long names where there is one to ask for, with their values ("" of none), in order.
        arguments: what is no option.
        elsewhere: an option before the verb may have chosen another engine or another folder of logins.
    """

    verb: str = ""
    options: tuple[tuple[str, Word], ...] = ()
    arguments: tuple[Word, ...] = ()
    elsewhere: bool = False

    def values(self, option: str) -> tuple[Word, ...]:
        """All values of an option, by its long name."""
        return tuple(value for name, value in self.options if name == option)

    def is_set(self, flag: str) -> bool:
        """Whether an option without a value stands there; the last one counts, and `--rm=false` takes it back."""
        values = self.values(flag)
        return bool(values) and values[-1].text.lower() not in ("false", "f", "0")

    def creates(self, variables: Mapping[str, str]) -> Iterator[Thing]:
        """What it makes under names that can be told beforehand."""
        names = [name for word in self.arguments if (name := word.resolved(variables)) is not None]
        whole = len(names) == len(self.arguments)
        if self.verb == "build":
            for tag in _resolved(self.values("--tag"), variables):
                yield Thing(IMAGE, with_tag(tag))
                yield from _pushed(tag, variables) if self.is_set("--push") else ()
        elif self.verb in ("commit", "import", "tag") and whole and len(names) == 2:
            yield Thing(IMAGE, with_tag(names[1]))
        elif self.verb == "pull" and whole and len(names) == 1 and not self.is_set("--all-tags"):
            yield Thing(IMAGE, with_tag(names[0]))
        elif self.verb == "push" and whole and len(names) == 1:
            yield from _pushed(names[0], variables)
        elif self.verb in ("create", "run"):
            yield from self._container(variables)
        elif self.verb in ("network create", "volume create") and whole and len(names) == 1:
            yield Thing(self.verb.partition(" ")[0], names[0])

    def removes(self, variables: Mapping[str, str]) -> Iterator[Thing]:
        """What it removes by name."""
        kind = _REMOVES.get(self.verb, "")
        for name in _resolved(self.arguments, variables) if kind else ():
            yield Thing(kind, name)

    def touches(self, variables: Mapping[str, str]) -> Iterator[Thing]:
        """The containers and images that it names and neither makes nor removes."""
        used = self.arguments if self.verb in (*_MANY_CONTAINERS, "save") else self.arguments[:1]
        if self.verb in (*_MANY_CONTAINERS, *_ONE_CONTAINER):
            yield from (Thing(CONTAINER, name) for name in _resolved(used, variables))
        elif self.verb in (*_ONE_IMAGE, "save"):
            yield from (Thing(IMAGE, with_tag(name)) for name in _resolved(used, variables))

    def _container(self, variables: Mapping[str, str]) -> Iterator[Thing]:
        yield from (Thing(VOLUME, name) for name in self._named_volumes(variables))
        if self.is_set("--rm") or not self.arguments:
            return
        names = self.values("--name")
        image = self.arguments[0].resolved(variables)
        if names:
            yield from (Thing(CONTAINER, name) for name in _resolved(names[-1:], variables))
        elif image is not None:
            published = _resolved(self.values("--publish"), variables)
            yield Thing(CONTAINER, alias(image, [port for one in published for port in _host_ports(one)]))

    def publishes(self, variables: Mapping[str, str]) -> Iterator[int]:
        """The host ports that it publishes."""
        if self.verb in ("run", "create"):
            yield from (port for one in _resolved(self.values("--publish"), variables) for port in _host_ports(one))

    def _named_volumes(self, variables: Mapping[str, str]) -> Iterator[str]:
        """Volumes that the engine makes by itself under the name given (docs.docker.com/engine/storage/volumes)."""
        for volume in _resolved(self.values("--volume"), variables):
            source, colon, _ = volume.partition(":")
            if colon and not source.startswith(("/", ".", "~")):
                yield source
        for mount in _resolved(self.values("--mount"), variables):
            fields = dict(pair.partition("=")[::2] for pair in mount.split(","))
            source = fields.get("source", fields.get("src", ""))
            if source and fields.get("type", "volume") == "volume":
                yield source


def docker_words(words: Sequence[Word]) -> DockerWords:
    """Read what stands behind `docker`."""
    before, rest = _options("", words)
    names = [word.text for word in rest[:1]]
    elsewhere = bool(before)
    if names and names[0] in _GROUPS:
        more, rest = _options("", rest[1:])
        elsewhere = elsewhere or bool(more)
        names += [word.text for word in rest[:1]]
        verb = _SPELLINGS.get((names[0], names[-1]), "") if len(names) == 2 else ""
    else:
        verb = names[0] if names and names[0] in WITHOUT_VALUE else ""
    if not verb:
        return DockerWords("", (), tuple(rest[1:]), elsewhere)
    options, arguments = _options(verb, rest[1:])
    return DockerWords(verb, tuple(options), tuple(arguments), elsewhere)


def _options(verb: str, words: Sequence[Word]) -> tuple[list[tuple[str, Word]], list[Word]]:
    """Options and arguments, by pflag's rule."""
    options: list[tuple[str, Word]] = []
    arguments: list[Word] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.text == "--":
            return options, arguments + rest
        if len(word.text) > 1 and word.text.startswith("-"):
            options += _option(verb, word, rest)
        elif verb in _STOPS_AT_ARGUMENT:
            return options, [word, *rest]
        else:
            arguments.append(word)
    return options, arguments


def _option(verb: str, word: Word, rest: list[Word]) -> Iterator[tuple[str, Word]]:
    """The options of one word (`-itd` are three); a value that stands in the next word is taken from `rest`."""
    flags, long = WITHOUT_VALUE[verb], LONG.get(verb, {})
    if word.text.startswith("--"):
        name, equals, value = word.text.partition("=")
        if equals:
            yield name, Word(value, word.needs_shell)
        else:
            yield name, Word("") if name in flags or not rest else rest.pop(0)
        return
    letters = word.text[1:]
    while letters:
        name, letters = f"-{letters[0]}", letters[1:]
        if letters.startswith("="):
            yield long.get(name, name), Word(letters[1:], word.needs_shell)
            return
        if name in flags:
            yield name, Word("")
        elif letters:
            yield long.get(name, name), Word(letters, word.needs_shell)
            return
        else:
            yield long.get(name, name), rest.pop(0) if rest else Word("")


def _resolved(words: Sequence[Word], variables: Mapping[str, str]) -> Iterator[str]:
    return (text for word in words if (text := word.resolved(variables)))


def _pushed(reference: str, variables: Mapping[str, str]) -> Iterator[Thing]:
    """A push to the learner's account of Docker Hub makes the repository there; ECR's are made by a command first."""
    try:
        name = parse(reference)
    except ValueError:
        return
    if name.registry == variables.get("HUB_REGISTRY") and name.namespace == variables.get("HUB_USER"):
        yield Thing(HUB, name.repository)


def _host_ports(publish: str) -> Iterator[int]:
    """The ports of the machine that `--publish` names: `[ADDRESS:]HOST:CONTAINER[/PROTOCOL]`, also as ranges and as
    `published=HOST,target=CONTAINER` (docs.docker.com/engine/network/port-publishing).
    """
    if "=" in publish:
        host = dict(pair.partition("=")[::2] for pair in publish.split(",")).get("published", "")
    else:
        host = publish.rpartition(":")[0].rpartition(":")[2]
    first, dash, last = host.partition("-")
    if first.isdigit() and (last.isdigit() if dash else True):
        yield from range(int(first), int(last or first) + 1)
