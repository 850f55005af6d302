"""What is wrong in the cases of names, builds, secrets in images, and containers."""

from __future__ import annotations

from collections.abc import Mapping

from labs.base.things import HUB, IMAGE, Thing
from labs.base.verdict import Verdict, failed, passed
from labs.base.wait import Look, until
from labs.checks.container import container_exited
from labs.checks.image import history_contains
from labs.clinic import belongings
from labs.clinic.ingredients import Fault, Ingredients
from labs.clinic.witness import file_in_layers
from labs.seams.engine import Container
from labs.seams.world import World

PORT = 3005
"""Host port of the clinic's containers; the lessons use 3000 to 3003."""
OTHER_PORT = 3004
SECRET_FILE = "credenciais-aws"
TOKEN = "token-falso-da-clinica"


def _container(world: World, name: str) -> Container | None:
    return next((one for one in world.engine.containers() if one.name == name), None)


# Names and builds -------------------------------------------------------------------------------


def _upper_case(ingredients: Ingredients) -> None:
    ingredients.patient()
    # What the repaired script makes stands in no step's own words.
    ingredients.note(
        Thing(IMAGE, f"{ingredients.hub}/clinica:v1"), Thing(HUB, f"{ingredients.settings.hub_user}/clinica")
    )
    ingredients.log_in_to_hub()


def _upper_case_present(world: World) -> Verdict:
    script = belongings.folder(world.settings) / "maiusculas" / "publicar.sh"
    if "/Clinica:" not in script.read_text("utf-8"):
        return failed("O script já usa um nome em minúsculas.")
    return passed("O script de publicação está na pasta, e ele falha.")


def _no_context(ingredients: Ingredients) -> None:
    """The files are laid out already: the script lacks the build context."""
    ingredients.note(Thing(IMAGE, "clinica:contexto"))


def _no_context_present(world: World) -> Verdict:
    script = belongings.folder(world.settings) / "sem-contexto" / "construir.sh"
    if not script.read_text("utf-8").rstrip().endswith("clinica:contexto"):
        return failed("O script já tem um build context.")
    return passed("O script de build está na pasta, e ele falha.")


# Secrets in images ------------------------------------------------------------------------------


def _secret_in_layer(ingredients: Ingredients) -> None:
    ingredients.user()
    stored = ingredients.world.cloud.profile(belongings.PROFILE)
    names = ("aws_access_key_id", "aws_secret_access_key")
    lines = ["[default]", *(f"{name} = {stored[name]}" for name in names)]
    context = ingredients.folder / "segredo-na-layer"
    context.chmod(0o700)
    secret = context / SECRET_FILE
    secret.touch(mode=0o600)
    secret.write_text("\n".join(lines) + "\n", "utf-8")
    ingredients.build("clinica-segredo:v1", "segredo-na-layer")


def _secret_in_layer_present(world: World) -> Verdict:
    verdict = file_in_layers(world, "clinica-segredo:v1", f"app/{SECRET_FILE}")
    return passed("A imagem está pronta, e a auditoria achou uma chave nela.") if verdict.passed else verdict


def _secret_in_arg(ingredients: Ingredients) -> None:
    ingredients.build("clinica-arg:v1", "segredo-no-arg", {"TOKEN": TOKEN})


def _secret_in_arg_present(world: World) -> Verdict:
    verdict = history_contains(world, "clinica-arg:v1", TOKEN)
    return passed("A imagem está pronta, e a auditoria reclama dela.") if verdict.passed else verdict


# Containers -------------------------------------------------------------------------------------


def _port_taken(ingredients: Ingredients) -> None:
    ingredients.web("clinica-web:v1")
    values = ("--env-file", "exemplos/homologacao.env")
    port = ingredients.settings.course_port(PORT)
    ingredients.run("-p", f"{port}:3333", *values, "--name", "clinica-esquecido", "clinica-web:v1")


def _port_taken_present(world: World) -> Verdict:
    holder = _container(world, "clinica-esquecido")
    port = world.settings.course_port(PORT)
    if holder is None or holder.exit_code is not None or port not in holder.ports:
        return failed(f"O container deste caso não ocupa a porta {port}.")
    return passed("A imagem está pronta, e o container novo não sobe.")


def _missing_variable(ingredients: Ingredients) -> None:
    ingredients.web("clinica-web:v1")
    port = ingredients.settings.course_port(PORT)
    ingredients.run("-p", f"{port}:3333", "-e", "KEY_1=valor", "--name", "clinica-web", "clinica-web:v1")

    def ended() -> Look:
        found = _container(ingredients.world, "clinica-web")
        return Look(found is not None and found.exit_code is not None)

    until("o container do caso sair", ended, 20, next_command="python3 -m labs.drill --undo")


def _missing_variable_present(world: World) -> Verdict:
    verdict = container_exited(world, "clinica-web", "KEY_2")
    return passed("O docker run deu certo, e a página não responde.") if verdict.passed else verdict


def _moved_tag(ingredients: Ingredients) -> None:
    """Homologação runs the approved image; then another build was pushed under the same tag, and produção runs that."""
    name, approved = (f"{ingredients.hub}/clinica-web:{tag}" for tag in ("v1", "aprovada"))
    ingredients.log_in_to_hub()
    for container, port, version in (("homologacao", OTHER_PORT, "clinica-1"), ("producao", PORT, "clinica-2")):
        ingredients.web("clinica-web:v1", version)
        names = (name, approved) if container == "homologacao" else (name,)
        for one in names:
            ingredients.docker("tag", "clinica-web:v1", one)
            ingredients.push(one)
        values = ("--env-file", f"exemplos/{container}.env")
        published = f"{ingredients.settings.course_port(port)}:3333"
        ingredients.run("-p", published, *values, "--name", f"clinica-{container}", name)


def _moved_tag_present(world: World) -> Verdict:
    found = [_container(world, f"clinica-{name}") for name in ("homologacao", "producao")]
    running = [one for one in found if one and one.exit_code is None]
    if len(running) < 2 or len({one.image_id for one in running}) < 2:
        return failed("Homologação e produção não estão rodando imagens diferentes.")
    return passed("Os dois ambientes dizem rodar clinica-web:v1, e não se comportam igual.")


FAULTS: Mapping[str, Fault] = {
    "maiusculas": Fault(_upper_case, _upper_case_present, "O script de publicação falha. Rode-o."),
    "sem-contexto": Fault(_no_context, _no_context_present, "O script de build falha. Rode-o."),
    "segredo-na-layer": Fault(_secret_in_layer, _secret_in_layer_present, "A imagem clinica-segredo:v1 está pronta."),
    "segredo-no-arg": Fault(_secret_in_arg, _secret_in_arg_present, "A imagem clinica-arg:v1 está pronta."),
    "porta-ocupada": Fault(_port_taken, _port_taken_present, "A imagem está pronta. Suba o container."),
    "variavel-faltando": Fault(_missing_variable, _missing_variable_present, "O container subiu. Ou não?"),
    "tag-trocada": Fault(_moved_tag, _moved_tag_present, "Homologação aprovada, produção estranha. Compare as duas."),
}
