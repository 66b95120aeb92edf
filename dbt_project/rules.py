"""The rules that a model was built by, as a hash: when they change, it has to be built anew.

A model's rules are its SQL, the macros that it uses, the settings that these read, the seeds and
the rules of the models before it. A description or a test is no rule.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256

from dbt.artifacts.resources.types import NodeType
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import ManifestNode

_SETTING = re.compile(r"""env_var\(\s*['"](\w+)['"]""")


def model_rules(manifest: Manifest, environment: Mapping[str, str]) -> dict[str, str]:
    """The hash of each incremental model's rules, by the model's name."""

    @cache
    def rules(unique_id: str) -> str:
        node = manifest.nodes[unique_id]
        parts = [_text(manifest, node, environment)]
        parts += [rules(parent) for parent in node.depends_on_nodes if parent in manifest.nodes]
        return sha256("\0".join(parts).encode()).hexdigest()

    return {
        node.name: rules(node.unique_id)
        for node in manifest.nodes.values()
        if node.resource_type is NodeType.Model and node.config.materialized == "incremental"
    }


def _text(manifest: Manifest, node: ManifestNode, environment: Mapping[str, str]) -> str:
    """All that a node itself says, with the values of the settings it names."""
    if node.resource_type is NodeType.Seed:
        return node.checksum.checksum
    code = "\0".join([node.raw_code, *_macros(manifest, node)])
    settings = sorted(set(_SETTING.findall(code)))
    return "\0".join([code, *(f"{name}={environment.get(name)}" for name in settings)])


def _macros(manifest: Manifest, node: ManifestNode) -> Iterator[str]:
    """The text of this project's macros that a node uses, directly or through others."""
    wanted, seen = list(node.depends_on.macros), set[str]()
    while wanted:
        name = wanted.pop()
        macro = manifest.macros.get(name)
        if macro is None or name in seen or macro.package_name != node.package_name:
            continue
        seen.add(name)
        wanted += macro.depends_on.macros
    yield from (manifest.macros[name].macro_sql for name in sorted(seen))
