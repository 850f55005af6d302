"""The tunnel: the lab's registries on the loopback of an engine that has one of its own (Docker Desktop's VM, rootless
Docker, an engine in another namespace or on another machine).

The engine pushes and pulls by itself, so `127.0.0.1:PORT` of an image's name is the engine's loopback (moby#29608). A
small container in its host network listens there and hands every connection over its own stdin and stdout, which the
engine's API carries (`docker attach`), to a process on this machine, which connects to the gateway. Nothing listens
beyond loopback, no route and no setting of the engine is needed, and every name of the course stays as it is. That a
container of the host network is on the daemon's own loopback, in Docker Desktop too, is what minikube's handbook builds
on ("Registries", "Docker on macOS/Windows").

`mux` runs at both ends; `container` makes and removes the far one; `__main__` is the near one, a part of the sandbox.
"""
