"""One module per outside system: the engine, the registries, the AWS API, the gateway's own socket."""
