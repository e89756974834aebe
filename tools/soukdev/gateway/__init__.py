"""The gateway's configuration: Envoy's, built from the contracts.

Envoy takes JSON for YAML and has neither variables nor merge keys, so a program writes what would
otherwise be repeated for every method. `render()` is the entry; each module holds one concern.
"""

from soukdev.gateway.config import Gateway, render

__all__ = ["Gateway", "render"]
