"""The arguments of `key`: read before anything is installed, so nothing is imported for them."""

from __future__ import annotations

import argparse

#: Fields of `shared.tenants.TenantSettings` that are set along with a key.
TENANT_FLAGS = (
    *("weight", "most_running", "most_waiting", "most_streams", "rate_per_minute"),
    "retention_days",
)


def add_command(parser: argparse.ArgumentParser) -> None:
    """The arguments of `key`."""
    parser.set_defaults(command="key")
    parser.add_argument("action", choices=("create", "list", "revoke"))
    parser.add_argument("id", nargs="?", default="", help="of the key to revoke")
    parser.add_argument("--tenant", default="local", help="whose key it is")
    parser.add_argument("--name", default="", help="what it is for")
    parser.add_argument("--roles", default="submit,read", help="of submit, read, admin")
    parser.add_argument("--days", type=int, default=0, help="days it is good for; 0: no end")
    parser.add_argument("--priorities", help="classes the tenant may ask for, with commas")
    for name in TENANT_FLAGS:
        flag = "--tenant-" + name.replace("_", "-")
        parser.add_argument(flag, dest=name, type=float, help=f"set {name} of the tenant")
