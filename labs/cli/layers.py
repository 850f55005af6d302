"""`python3 -m labs layers IMAGEM`: the files in each layer of an image, as its archive has them."""

from __future__ import annotations

import argparse

from labs.base.settings import Settings

EXAMPLES = """\
python3 -m labs layers widget-server:v1                  todos os arquivos, da layer mais antiga à mais nova
python3 -m labs layers widget-server:v1 | grep app/      só os que têm app/ no caminho"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", metavar="IMAGEM", help="nome, digest ou id, como em docker image ls")


def run(chosen: argparse.Namespace) -> int:
    """Print a line for each file: its layer's number, and its path.

    `docker save` packs the layers in one image store and not in another, so no plain search reads both.

    Raises:
        CommandError: the engine has no such image, or a layer cannot be read.
    """
    from labs.seams import image_layers

    layers = image_layers.paths(image_layers.read(Settings.load(), [chosen.image])[0])
    for number, layer in enumerate(layers, 1):
        for path in sorted(layer):
            print(f"layer {number} de {len(layers)}: {path}")
    return 0
