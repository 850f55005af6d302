"""A class's names, codes and slips, and its command where there is no Docker; `tests/image/test_class.py` runs one."""

from __future__ import annotations

import asyncio
import json
import re
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest

import labs.pages
from labs.base.errors import CommandError, LabError, MissingDependency, StateError
from labs.base.settings import CLONE
from labs.classroom import accounts, engine, handout, images, room, subnets, zone
from labs.classroom.login import CodeAuthenticator
from labs.cli import classroom
from labs.cli.main import main
from labs.pages import statement

HUB = CLONE / "deploy" / "hub"


def test_codes_are_read_from_paper_however_they_are_typed() -> None:
    codes = accounts.with_codes(accounts.numbered(3), {"aluno02": "abcd-2345"})
    assert set(codes) == {"prof", "aluno01", "aluno02", "aluno03"} and codes["aluno02"] == "abcd-2345"
    assert next(iter(codes)) == "prof" and len(set(codes.values())) == 4
    assert not set("01ilo") & set("".join(codes.values()))
    for typed in ("abcd-2345", "ABCD 2345", " abcd2345 "):
        assert accounts.accepts(codes, "aluno02", typed)
    for name, typed in (("aluno02", "abcd-2346"), ("aluno02", ""), ("aluno01", "abcd-2345"), ("ninguem", "abcd-2345")):
        assert not accounts.accepts(codes, name, typed)


def test_a_class_of_more_than_99_sorts_by_number() -> None:
    names = accounts.numbered(120)
    assert names[0] == "aluno001" and names == sorted(names)


def test_a_list_of_names_may_have_comments_and_says_what_is_no_name() -> None:
    assert accounts.named("ana\n\n# turma da tarde\n Bia  # a do fundo\n") == ["ana", "bia"]
    for wrong in ("joão", "ana maria", "prof", "a", "1ana", "../x"):
        with pytest.raises(LabError, match="não servem de login"):
            accounts.named(wrong)
    with pytest.raises(LabError, match="não servem de login") as every:
        accounts.named("ana\n\njosé\nMaria Clara\n")
    assert every.value.observed == "josé (linha 3), maria clara (linha 4)"
    with pytest.raises(LabError, match="nomes repetidos") as told:
        accounts.named("ana\nbia\nANA\n")
    assert told.value.observed == "ana"


def test_a_class_has_room_for_all_that_it_gets_codes_for() -> None:
    """Each of them, and the teacher, has a network of their own among the hub's, and is on the board's one page."""
    pool = re.findall(r"LABS_CLASS_SUBNETS:-([\d./]+)\}", (HUB / "compose.yaml").read_text("utf-8"))
    page = re.findall(r"api_page_max_limit = (\d+)", (HUB / "jupyterhub_config.py").read_text("utf-8"))
    assert len(subnets.cut(pool[0])) > accounts.MOST and int(page[0]) > accounts.MOST


@pytest.mark.parametrize("verb", ["up", "codes"])
def test_a_class_that_would_be_too_large_is_told_before_anything_is_written(
    verb: str, no_docker: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a list alone, and by a list beside those who have codes."""
    docker_that('echo "$@" >> $0.said', no_docker)
    listed, here = no_docker / "turma.txt", room.Room(room.default_folder())
    listed.write_text("\n".join(f"pessoa{number}" for number in range(201)))
    assert main(["class", verb, "--names", str(listed)]) == 1
    assert "Observado: 0 já têm código, e 201 seriam novas: 201\n" in capsys.readouterr().err
    assert not here.folder.exists()
    known = accounts.with_codes(accounts.numbered(199), {})
    accounts.write(here.codes_file, known)
    listed.write_text("aluno001\nana\nbia\n")
    assert main(["class", verb, "--names", str(listed)]) == 1
    told = capsys.readouterr().err
    assert "Uma turma tem no máximo 200 pessoas.\nObservado: 199 já têm código, e 2 seriam novas: 201\n" in told
    assert "python3 -m labs class down" in told and not (no_docker / "docker.said").exists()
    assert accounts.read(here.codes_file) == known and here.files == [here.codes_file]


def test_a_network_is_the_first_that_nobody_has() -> None:
    """By an id alone, the 257th person of a hub had the first one's."""
    pool = "10.199.0.0/27"
    assert str(subnets.free(pool, [])) == "10.199.0.0/28"
    assert str(subnets.free(pool, ["10.199.0.0/28", "172.18.0.0/16", "fd00::/64"])) == "10.199.0.16/28"
    assert str(subnets.free(pool, ["10.199.0.20/30"])) == "10.199.0.0/28"
    with pytest.raises(LabError, match="redes da turma acabaram") as told:
        subnets.free(pool, ["10.199.0.0/28", "10.199.0.20/30"])
    assert told.value.next_command.startswith("python3 -m labs class down --keep")


def test_the_networks_of_an_engines_answer_are_read() -> None:
    answer: list[dict[str, Any]] = [
        {"IPAM": {"Config": [{"Subnet": "10.199.0.0/28", "Gateway": "10.199.0.1"}]}},
        {"IPAM": {"Config": None}},
        {"IPAM": {"Config": [{}]}},
    ]
    assert subnets.taken(answer) == ["10.199.0.0/28"]


def test_codes_are_kept_for_the_teacher_alone(tmp_path: Path) -> None:
    path = tmp_path / "class" / "codes.json"
    assert accounts.read(path) == {}
    accounts.write(path, {"prof": "abcd-2345"})
    assert accounts.read(path) == {"prof": "abcd-2345"} and stat.S_IMODE(path.stat().st_mode) == 0o600
    for damaged in ("{", "[]", '{"ana": 1}'):
        path.write_text(damaged)
        with pytest.raises(StateError, match="códigos da turma está danificada"):
            accounts.read(path)


def test_the_slips_have_no_code_of_the_teachers() -> None:
    page = handout.page("http://192.0.2.7:8000/", {"prof": "aaaa-2222", "ana": "bbbb-3333"})
    assert "bbbb-3333" in page and "ana" in page and "http://192.0.2.7:8000/" in page and "aaaa-2222" not in page
    assert "<script>" not in handout.page("<script>", {"ana": "x"})


@pytest.fixture
def no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(room.FOLDER, str(tmp_path / "class"))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def docker_that(does: str, folder: Path) -> None:
    (folder / "docker").write_text(f"#!/bin/sh\n{does}\n")
    (folder / "docker").chmod(0o700)


def test_without_docker_a_class_says_what_it_needs(no_docker: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["up", "--learners", "3"], ["down"]):
        assert main(["class", *words]) == 1
        assert "A turma precisa do Docker nesta máquina." in capsys.readouterr().err
    with pytest.raises(MissingDependency):
        room.Things.found()


def test_what_docker_says_is_shown(no_docker: Path) -> None:
    docker_that("echo nada vai bem >&2; exit 1", no_docker)
    with pytest.raises(CommandError, match="O Docker recusou um pedido da turma") as told:
        room.Things.found()
    assert told.value.observed == "nada vai bem"


def test_nobodys_work_is_deleted_unasked(no_docker: Path, capsys: pytest.CaptureFixture[str]) -> None:
    volumes = "registry-labs-class-ana registry-labs-class_state"
    docker_that(f'case "$1 $2" in "volume ls") echo {volumes};; esac; echo "$@" >> $0.said', no_docker)
    assert main(["class", "down"]) == 1
    told = capsys.readouterr()
    assert "volumes, com o trabalho das pessoas:\n  registry-labs-class-ana\n" in told.out
    assert "trabalho das pessoas:\n  registry-labs-class_state\n" in told.out  # the hub's goes with it, and is not it
    assert "class down --keep" in told.err and "Observado: registry-labs-class-ana\n" in told.err
    assert main(["class", "down", "--keep"]) == 0
    assert "o trabalho das pessoas está guardado" in capsys.readouterr().out
    assert (
        "volume rm" not in (no_docker / "docker.said").read_text()
        and "--volumes" not in (no_docker / "docker.said").read_text()
    )
    assert main(["class", "down", "--yes"]) == 0
    assert f"volume rm --force {volumes}" in (no_docker / "docker.said").read_text()


def test_labs_are_stopped_before_they_are_removed(no_docker: Path) -> None:
    """Killed, a lab's engine may lose what it has said that it has; one that stopped removes itself meanwhile."""
    labs = no_docker / "labs"
    labs.write_text("registry-labs-class-ana registry-labs-class-bia")
    docker_that(
        f"""echo "$@" >> $0.said
        case "$1 $2" in
          "container ls") /bin/cat {labs};;
          "container stop") exit 1;;
          "container rm") echo > {labs}; echo removal of container ana is already in progress >&2; exit 1;;
        esac""",
        no_docker,
    )
    assert main(["class", "down", "--keep"]) == 0
    said = (no_docker / "docker.said").read_text().splitlines()
    stop = "container stop -t 60 registry-labs-class-ana registry-labs-class-bia"
    order = [
        next(i for i, line in enumerate(said) if line.startswith(one)) for one in ("compose down", stop, "container rm")
    ]
    assert order == sorted(order) and "container rm --force registry-labs-class-ana registry-labs-class-bia" in said


def test_a_container_that_stays_is_told_with_dockers_words(no_docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "GONE_SECONDS", 0.3)
    docker_that(
        'case "$1 $2" in "container ls") echo ana;; "container rm") echo is stuck >&2; exit 1;; esac', no_docker
    )
    with pytest.raises(LabError, match="os containers da turma saírem") as told:
        room.down(room.Room(no_docker), lambda _: None, work_too=False)
    assert "is stuck" in told.value.observed and told.value.next_command.startswith("docker container ls --all ")


def test_a_lab_has_the_same_time_to_end_everywhere() -> None:
    """The hub's own stop names no time, so the container's counts."""
    assert '"stop_timeout": STOP_SECONDS' in (HUB / "jupyterhub_config.py").read_text("utf-8")
    assert "stop_grace_period: 1m\n" in (CLONE / "compose.yaml").read_text("utf-8") and room.STOP_SECONDS == 60
    values = (CLONE / "deploy" / "kubernetes" / "values.yaml").read_text("utf-8")
    assert f"delete_grace_period: {room.STOP_SECONDS} " in values


def test_the_key_goes_with_the_work_alone_and_is_listed_before(
    no_docker: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docker_that('case "$1 $2" in "volume ls") echo registry-labs-class-ana;; esac', no_docker)
    here = room.Room(room.default_folder())
    here.save()
    fingerprint = statement.kept_fingerprint(here.key_file)
    assert main(["class", "down"]) == 1
    assert f"que saem só com o trabalho das pessoas:\n  {here.key_file}\n" in capsys.readouterr().out
    assert main(["class", "down", "--keep"]) == 0
    assert str(here.key_file) not in capsys.readouterr().out
    assert statement.kept_fingerprint(here.key_file) == fingerprint
    assert main(["class", "down", "--yes"]) == 0
    assert str(here.key_file) in capsys.readouterr().out and here.files == []


def test_a_class_has_a_key_once_and_a_damaged_one_is_told_before_anything_is_built(
    no_docker: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docker_that('echo "$@" >> $0.said; exit 1', no_docker)
    here = room.Room(room.default_folder())
    for _ in range(2):
        assert main(["class", "up", "--learners", "1"]) == 1
        assert "O Docker recusou" in capsys.readouterr().err
        assert stat.S_IMODE(here.key_file.stat().st_mode) == 0o600 and here.key_file.parent == here.codes_file.parent
    (no_docker / "docker.said").unlink()
    here.key_file.write_text("x")
    assert main(["class", "up", "--learners", "1"]) == 1
    assert "A chave que assina os certificados está danificada." in capsys.readouterr().err
    assert here.key_file.read_text() == "x" and not (no_docker / "docker.said").exists()


def test_an_engine_whose_containers_have_the_machines_root_is_refused(
    no_docker: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docker_that("""echo "$@" >> $0.said; echo '["name=seccomp,profile=builtin"]'""", no_docker)
    assert main(["class", "up", "--learners", "1"]) == 1
    told = capsys.readouterr().err
    assert "seria root aqui" in told and "userns-remap" in told and "--trust-learners" in told
    assert (no_docker / "docker.said").read_text().startswith("info ")
    assert "build" not in (no_docker / "docker.said").read_text()


@pytest.mark.parametrize("option", ["name=userns", "name=rootless"])
def test_an_engine_that_maps_users_serves(option: str, no_docker: Path) -> None:
    docker_that(f"""echo '["name=seccomp,profile=builtin","{option}"]'""", no_docker)
    engine.require_mapped_users()


def test_a_class_for_which_linux_grants_too_little_is_told_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All learners' containers have one mapped root: what it may have is shared by them."""
    monkeypatch.setattr(engine, "SYSTEM", tmp_path)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    engine.require_room(200)  # a system without such limits
    for name, granted in (("kernel/keys/maxkeys", 200), ("fs/inotify/max_user_instances", 128)):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(f"{granted}\n")
    engine.require_room(30)
    with pytest.raises(LabError, match="menos do que 40 laboratórios usam") as told:
        engine.require_room(40)
    assert told.value.observed == "kernel.keys.maxkeys é 200"
    assert told.value.next_command.startswith("sudo sysctl -w kernel.keys.maxkeys=480 (")
    monkeypatch.setenv("DOCKER_HOST", "ssh://turma")
    engine.require_room(40)  # another machine's limits are not this one's


def test_the_first_day_is_lived_once_for_an_image(no_docker: Path) -> None:
    """Again where the image is another; a container that an interruption left goes first."""
    docker_that(
        """echo "$@" >> $0.said
        case "$1 $2" in
          "image inspect") echo sha256:new;;
          "image ls") /bin/cat $0.seeded 2>/dev/null || true;;
          "container ls") echo left;;
        esac""",
        no_docker,
    )
    said: list[tuple[str, ...]] = []

    def compose(*words: str, seconds: float, environment: Mapping[str, str] | None = None) -> str:
        said.append((*words, (environment or {}).get("LABS_CLASS_SEEDED_FROM", "")))
        return ""

    told: list[str] = []
    images.build(compose, told.append)
    assert [words[-2] for words in said] == [*images.BUILT, "seed", "class"] and said[-1][-1] == "sha256:new"
    asked = (no_docker / "docker.said").read_text().splitlines()
    assert asked.index(f"container rm --force --volumes {images.SEED}") < asked.index(
        next(line for line in asked if line.startswith(f"cp {images.SEED}:/opt/seed.tar "))
    )
    assert asked[-1] == f"container rm --force --volumes {images.SEED}" and "primeiro dia" in told[-1]
    (no_docker / "docker.seeded").write_text("c3f137e812ec")
    said.clear()
    images.build(compose, told.append)
    assert [words[-2] for words in said] == list(images.BUILT)


def test_where_there_is_no_class_it_says_so(no_docker: Path, capsys: pytest.CaptureFixture[str]) -> None:
    docker_that("true", no_docker)
    assert main(["class", "down"]) == 0 and "Não há turma nesta máquina." in capsys.readouterr().out
    assert main(["class", "codes"]) == 1 and "python3 -m labs class up" in capsys.readouterr().err


def test_a_class_is_told_again(no_docker: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = room.Room(room.default_folder(), "127.0.0.1", 8123, "http://127.0.0.1:8123/")
    here.save()
    accounts.write(here.codes_file, {"prof": "aaaa-2222", "ana": "bbbb-3333"})
    assert main(["class", "codes"]) == 0
    told = capsys.readouterr().out
    assert "http://127.0.0.1:8123/" in told and "bbbb-3333" in told and str(here.handout_file) in told
    assert f"anote esta impressão digital, {statement.kept_fingerprint(here.key_file)}\n" in told


def test_bare_python_asks_the_hub_for_the_fingerprint(no_docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "labs.pages.statement", None)
    monkeypatch.delattr(labs.pages, "statement")
    docker_that('case "$1 $2" in "exec registry-labs-class-hub-1") echo 3f2a-91c0;; *) exit 1;; esac', no_docker)
    assert "anote esta impressão digital, 3f2a-91c0\n" in room.told(room.Room(no_docker))
    docker_that("exit 1", no_docker)  # codes for a cluster: no hub runs here
    assert "Certificados da turma: anote a que o painel mostra\n" in room.told(room.Room(no_docker))


def test_codes_for_a_cluster_start_nothing(no_docker: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (no_docker / "turma.txt").write_text("ana\nbia\n")
    words = ["class", "codes", "--names", str(no_docker / "turma.txt"), "--address", "https://turma.example.org/"]
    assert main(words) == 0
    told, here = capsys.readouterr().out, room.Room.load(room.default_folder())
    codes = accounts.read(here.codes_file)
    assert list(codes) == ["prof", "ana", "bia"] and codes["bia"] in told and str(here.codes_file) in told
    assert "https://turma.example.org/services/painel/" in told and codes["ana"] in here.handout_file.read_text("utf-8")
    assert main(["class", "codes", "--learners", "2"]) == 0
    after = accounts.read(here.codes_file)
    assert after.keys() == {"prof", "ana", "bia", "aluno01", "aluno02"} and after["ana"] == codes["ana"]
    assert room.Room.load(here.folder) == here, "more names change nobody's address"
    assert "https://turma.example.org/" in here.handout_file.read_text("utf-8")


def test_a_class_that_starts_again_has_the_people_that_it_had(no_docker: Path) -> None:
    here = room.Room(room.default_folder())
    accounts.write(here.codes_file, {"prof": "aaaa-2222", "ana": "bbbb-3333"})
    docker_that("exit 1", no_docker)
    assert main(["class", "up"]) == 1
    assert accounts.read(here.codes_file) == {"prof": "aaaa-2222", "ana": "bbbb-3333"}


def started(capsys: pytest.CaptureFixture[str], *words: str) -> room.Room:
    """What is kept of a class whose start came as far as Docker, which refused."""
    assert main(["class", "up", *words]) == 1 and "O Docker recusou" in capsys.readouterr().err
    return room.Room.load(room.default_folder())


def test_a_class_that_starts_again_is_where_it_was(
    no_docker: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was said holds until something else is said; an address that was found is another in another network."""
    monkeypatch.setattr(classroom, "_reached_at", lambda listen: "192.0.2.7" if listen == room.EVERYWHERE else listen)
    docker_that("exit 1", no_docker)
    here = started(capsys)
    assert (here.listen, here.port, here.address) == (room.EVERYWHERE, 8000, "http://192.0.2.7:8000/")
    assert started(capsys, "--port", "9000").address == "http://192.0.2.7:9000/"
    monkeypatch.setattr(
        classroom, "_reached_at", lambda listen: "198.51.100.3" if listen == room.EVERYWHERE else listen
    )
    assert started(capsys).address == "http://198.51.100.3:9000/"
    here = started(capsys, "--address", "http://turma.local/", "--listen", "127.0.0.1")
    assert started(capsys) == here == room.Room(here.folder, "127.0.0.1", 9000, "http://turma.local/", given=True)
    assert started(capsys, "--address", "").address == "http://127.0.0.1:9000/"
    assert started(capsys, "--listen", room.EVERYWHERE).address == "http://198.51.100.3:9000/"


def test_codes_for_a_cluster_choose_no_address_for_a_class_here(
    no_docker: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(classroom, "_reached_at", lambda listen: "192.0.2.7" if listen == room.EVERYWHERE else listen)
    docker_that("exit 1", no_docker)
    assert main(["class", "codes", "--learners", "2"]) == 0
    assert started(capsys).address == "http://192.0.2.7:8000/"
    assert main(["class", "codes", "--learners", "2", "--address", "https://turma.example.org/"]) == 0
    capsys.readouterr()
    assert started(capsys).address == "https://turma.example.org/"


@pytest.mark.parametrize("verb", ["up", "codes"])
def test_a_damaged_address_is_told(verb: str, no_docker: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = room.default_folder() / "room.json"
    kept.parent.mkdir(parents=True)
    for damaged in ("{", "[]", '{"port": 1, "door": 2}'):
        kept.write_text(damaged)
        assert main(["class", verb]) == 1
        told = capsys.readouterr().err
        assert "O arquivo com o endereço da turma está danificado" in told and f"mv '{kept}' " in told


def test_what_an_earlier_kit_kept_is_read(tmp_path: Path) -> None:
    (tmp_path / "room.json").write_text('{"listen": "0.0.0.0", "port": 9000, "address": "http://192.0.2.7:9000/"}')
    assert room.Room.load(tmp_path) == room.Room(tmp_path, "0.0.0.0", 9000, "http://192.0.2.7:9000/", given=False)


def test_the_images_alone_need_no_names(no_docker: Path, capsys: pytest.CaptureFixture[str]) -> None:
    docker_that('echo "$@" >> $0.said; case "$1 $2" in "image ls") echo seeded;; esac', no_docker)
    assert main(["class", "images"]) == 0
    assert "registry-labs-class" in capsys.readouterr().out and not room.default_folder().exists()
    assert (no_docker / "docker.said").read_text().count("compose --profile images build") == 3


def test_a_list_that_cannot_be_read_is_told(no_docker: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["class", "up", "--names", str(no_docker / "turma.txt")]) == 1
    assert "A lista de nomes não pode ser lida." in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_list_that_windows_wrote_is_read(encoding: str, no_docker: Path) -> None:
    listed = no_docker / "turma.txt"
    listed.write_bytes("ana\r\nbia  # a irmã\r\n".encode(encoding))
    assert main(["class", "codes", "--names", str(listed)]) == 0
    assert list(accounts.read(room.Room(room.default_folder()).codes_file)) == ["prof", "ana", "bia"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_a_list_in_another_encoding_is_told_how_it_is_saved(
    encoding: str, no_docker: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = no_docker / "turma.txt"
    listed.write_bytes("ana  # a irmã\n".encode(encoding))
    assert main(["class", "codes", "--names", str(listed)]) == 1
    told = capsys.readouterr().err
    assert "A lista de nomes não está em UTF-8." in told and f"Observado: {listed}: " in told
    assert "salve a lista de novo com a codificação UTF-8" in told and not room.default_folder().exists()


@pytest.mark.parametrize(("words", "said"), [(["--learners", "0"], "de 1 a 200"), (["--port", "0"], "de 1 a 65535")])
def test_a_number_that_makes_no_sense_is_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["class", "up", *words])
    assert said in capsys.readouterr().err


def test_compose_gets_the_engine_that_the_teacher_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = room.Room(tmp_path, "0.0.0.0", 8000, "http://192.0.2.7:8000/")
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/user/1000/docker.sock")
    assert room._environment(here)["LABS_CLASS_SOCKET"] == "/run/user/1000/docker.sock"
    monkeypatch.delenv("DOCKER_HOST")
    told = room._environment(here)
    assert "LABS_CLASS_SOCKET" not in told and told["COMPOSE_FILE"] == str(HUB / "compose.yaml")
    asked = set(told) - {"COMPOSE_FILE"}
    assert asked <= {name for name in asked if f"${{{name}" in (HUB / "compose.yaml").read_text("utf-8")}


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(zone, "ETC", tmp_path)
    monkeypatch.delenv("TZ", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("America/Sao_Paulo", "America/Sao_Paulo"),
        (":America/Manaus", "America/Manaus"),
        ("/usr/share/zoneinfo/America/Belem", "America/Belem"),
        ("<-03>3", "<-03>3"),
        (":/etc/localtime", "America/Recife"),
        ("", "America/Recife"),
    ],
)
def test_a_zone_that_was_said_counts_before_the_machines(
    told: str, name: str, etc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (etc / "localtime").symlink_to("/nowhere/zoneinfo/America/Recife")
    monkeypatch.setenv("TZ", told)
    assert zone.of_this_machine() == name


def test_a_machines_zone_is_found_or_utc(etc: Path) -> None:
    assert zone.of_this_machine() == "UTC"
    (etc / "localtime").write_bytes(b"TZif")
    assert zone.of_this_machine() == "UTC"
    (etc / "timezone").write_text("America/Bahia\n")
    assert zone.of_this_machine() == "America/Bahia"
    (etc / "localtime").unlink()
    (etc / "localtime").symlink_to("/nowhere/zoneinfo/America/Recife")
    assert zone.of_this_machine() == "America/Recife", "what glibc reads counts first"


def test_hub_and_labs_get_the_machines_zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In UTC a certificate of an evening in São Paulo bore the next day's date."""
    monkeypatch.setenv("TZ", "America/Noronha")
    assert room._environment(room.Room(tmp_path))["TZ"] == "America/Noronha"
    assert "      TZ: ${TZ:-UTC}" in (HUB / "compose.yaml").read_text("utf-8")
    assert '    "TZ": os.environ["TZ"],' in (HUB / "jupyterhub_config.py").read_text("utf-8")


def test_the_hub_gets_no_more_than_the_labs_image_says() -> None:
    """The same rights as compose.yaml of one lab gives, and the same proxy as its lock."""
    config = (HUB / "jupyterhub_config.py").read_text("utf-8")
    assert '"cap_add": ["SYS_ADMIN", "NET_ADMIN"]' in config and "privileged" not in config
    locked = json.loads((HUB / "package-lock.json").read_text("utf-8"))["packages"]
    wanted = json.loads((HUB / "package.json").read_text("utf-8"))["dependencies"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted


PAGES = sorted(path.name for path in (HUB / "pages").glob("*.html") if path.name != "class.html")


GIVEN: dict[str, Any] = {
    "announcement_login": "No papel.",
    "authenticator_login_url": "/hub/login?next=",
    "base_url": "/hub/",
    "custom_html": "",
    "failed": True,
    "login_error": "<b>",
    "login_service": "",
    "login_url": "/hub/login",
    "logout_url": "/hub/logout",
    "parsed_scopes": {"admin-ui": {}},
    "services": [SimpleNamespace(host="http://painel--service.turma.test:8000", prefix="/services/painel/")],
    "prefix": "/",
    "progress_url": "/hub/api/users/ana/server/progress?_xsrf=1",
    "spawn_url": "/hub/spawn/ana",
    "status_code": 500,
    "user": SimpleNamespace(name="ana<"),
    "username": "ana<",
    "xsrf": "1",
}
"""What JupyterHub gives its own templates of these names; a name that is none would be an error."""


def hub_page(name: str, **other: Any) -> str:
    loader = jinja2.FileSystemLoader(HUB / "pages")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.get_template(name).render(GIVEN | other)


@pytest.mark.parametrize("name", PAGES)
def test_the_hubs_pages_are_whole_and_in_portuguese(name: str) -> None:
    page = hub_page(name)
    assert '<html lang="pt-BR">' in page and "<h1>" in page and "ana<" not in page
    if name == "login.html":
        assert 'name="_xsrf" value="1"' in page and "não combinam" in page


XSRF = "XSRF cookie does not match POST argument"
EXPIRED = "Login form invalid or expired. Try again."
ERRORS: list[tuple[dict[str, Any], str]] = [
    ({"status_code": 403}, "Esta página não é sua"),
    ({"status_code": 403, "message": "", "exception": None}, "Esta página não é sua"),
    ({"status_code": 403, "message": XSRF}, "O formulário venceu</h1>"),
    ({"status_code": 403, "message": "'_xsrf' argument missing from POST"}, "Recarregue e entre de novo."),
    ({"status_code": 403, "message": EXPIRED}, 'href="/hub/login">Entrar de novo'),
    ({"status_code": 404}, "Esta página não existe"),
    ({"status_code": 429, "exception": SimpleNamespace(headers={"Retry-After": 40})}, "sozinha em 40 segundos"),
    ({"status_code": 429, "exception": SimpleNamespace(headers={"Retry-After": 40})}, "location.reload(), 40000)"),
    ({"status_code": 429, "exception": ValueError()}, "sozinha em 60 segundos"),
    ({"status_code": 429, "exception": None}, "Há muita gente iniciando agora"),
    ({"status_code": 503, "message_html": "<a>"}, "O laboratório ou o painel não responde"),
    ({"status_code": 424}, "Ele parou, ou ainda está iniciando."),
    ({"status_code": 500, "message": EXPIRED}, "O hub não conseguiu responder"),
]
"""What JupyterHub 5's `write_error` gives, and its page for the proxy's errors, which knows the status alone."""


@pytest.mark.parametrize(("given", "words"), ERRORS, ids=lambda one: str(one)[:50])
def test_an_error_of_the_hub_is_told_for_what_it_is(given: dict[str, Any], words: str) -> None:
    page = hub_page("error.html", **given)
    assert words in page and page.count("<h1>") == 1
    assert ("Esta página não é sua" in page) == (words == "Esta página não é sua")


def test_a_login_form_that_was_open_too_long_is_not_a_wrong_code() -> None:
    """JupyterHub shows the form again, with these words for `login_error`."""
    page = hub_page("login.html", login_error=EXPIRED)
    assert "O formulário venceu" in page and "não combinam" not in page


def test_an_address_of_the_room_is_found_or_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    assert classroom._reached_at("192.0.2.7") == "192.0.2.7"
    assert classroom._reached_at("0.0.0.0").count(".") == 3


def test_a_name_for_each_learner_asks_for_a_name_of_the_class(
    no_docker: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docker_that("exit 1", no_docker)
    asked: list[str] = []

    def known(name: str, _: None) -> list[None]:
        asked.append(name)
        if name.endswith("escola.test"):
            raise OSError("sem nome")
        return []

    monkeypatch.setattr("labs.classroom.origins.socket.getaddrinfo", known)
    for address, said in (
        ("http://192.0.2.7:8000/", "de um nome na rede"),
        ("http://turma.escola.test:8000/", "falta nele um curinga, *.turma.escola.test"),
        ("http://turma.escola.example:8000/", "O Docker recusou um pedido"),
        ("http://turma.localhost:8000/", "O Docker recusou um pedido"),
    ):
        assert main(["class", "up", "--learners", "1", "--subdomains", "--address", address]) == 1
        assert said in capsys.readouterr().err
    assert asked == ["painel--service.turma.escola.test", "painel--service.turma.escola.example"]
    kept = room.Room.load(room.default_folder())
    assert kept.subdomains and kept.board == "http://painel--service.turma.localhost:8000/services/painel/"
    assert room._environment(kept)["LABS_CLASS_SUBDOMAINS"] == "1"
    assert main(["class", "up", "--no-subdomains"]) == 1
    kept = room.Room.load(room.default_folder())
    assert not kept.subdomains and kept.board == "http://turma.localhost:8000/services/painel/"
    assert room._environment(kept)["LABS_CLASS_SUBDOMAINS"] == ""


def test_a_class_that_was_refused_can_be_taken_down(no_docker: Path, capsys: pytest.CaptureFixture[str]) -> None:
    docker_that("exit 1", no_docker)
    assert main(["class", "up", "--learners", "1"]) == 1
    docker_that("true", no_docker)
    here = room.Room(room.default_folder())
    assert len(here.files) == 4
    assert main(["class", "down"]) == 1 and "Sem terminal" in capsys.readouterr().err and len(here.files) == 4
    assert main(["class", "down", "--yes"]) == 0 and here.files == []
    assert "codes.json" in capsys.readouterr().out


@pytest.mark.parametrize("address", ["turma.escola.example:8000", "ftp://turma/", "http://", "//turma"])
def test_an_address_that_no_browser_takes_is_refused(
    address: str, no_docker: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["up"], ["codes", "--learners", "1"]):
        assert main(["class", *words, "--address", address]) == 1
        assert "começa com http:// ou https://" in capsys.readouterr().err
    assert not room.default_folder().exists()


def test_a_hub_that_cannot_read_the_codes_is_told(no_docker: Path) -> None:
    here = room.Room(no_docker)
    docker_that('echo "$@" > $0.said', no_docker)
    room._require_readable(here)
    assert (no_docker / "docker.said").read_text() == "exec registry-labs-class-hub-1 test -r /run/class/codes.json\n"
    docker_that("exit 1", no_docker)
    with pytest.raises(LabError, match="não consegue ler os códigos da turma"):
        room._require_readable(here)


def test_who_left_the_list_logs_in_anew_and_nobody_is_an_administrator(tmp_path: Path) -> None:
    codes = tmp_path / "codes.json"
    made = CodeAuthenticator(codes_file=str(codes))
    accounts.write(codes, {"prof": "aaaa-2222"})

    def asked(name: str) -> Any:
        return asyncio.run(made.refresh_user(SimpleNamespace(name=name)))

    assert asked("prof") == {"name": "prof", "admin": False} and asked("ana") is False
    logged_in = made.authenticate(None, {"username": " Próf ", "password": "AAAA2222"})
    assert asyncio.run(logged_in) == {"name": "prof", "admin": False}
    codes.write_text("{")
    assert asked("ana") is True


def test_no_learners_container_has_the_name_of_the_first_days() -> None:
    assert not accounts.NAME_RULE.fullmatch(images.SEED.removeprefix(f"{room.PREFIX}-"))
    assert images.SEED.startswith(room.PREFIX)
