"""Functions small enough to see through."""

from pathlib import Path

from local.cloudformation.provision.site import Function

TINY_ROLE = "tiny"


def function(code: str, *, folder: Path, timeout_s: int = 10, memory_mb: int = 256) -> Function:
    """Return a function whose handler.py is `code`, with a layer that has the module `layered`."""
    task, layer = folder / "function", folder / "layer"
    task.mkdir()
    layer.mkdir()
    (task / "handler.py").write_text(code, encoding="utf-8")
    (layer / "layered.py").write_text("NAME = 'layered'\n", encoding="utf-8")
    return Function(
        name="ringvault-local-Tiny",
        arn="arn:aws:lambda:us-east-1:123456789012:function:ringvault-local-Tiny",
        handler="handler.lambda_handler",
        code_folder=task,
        layer_folders=(layer,),
        environment={"CATALOGUE_TABLE": "catalogue"},
        timeout_s=timeout_s,
        memory_mb=memory_mb,
        role_arn=f"arn:aws:iam::123456789012:role/{TINY_ROLE}",
        log_group="tiny-logs",
    )
