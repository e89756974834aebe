#!/usr/bin/env python3
"""Rows a second into MariaDB: see bulk.c."""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))

from soukdev import paths
from soukdev.mariadb import MariaDB
from soukdev.run_folder import run_folder


def main() -> None:
    with MariaDB(run_folder("bench") / "mariadb", buffer_pool_mb=256) as server:
        schema = server.create_schema("bulk")
        subprocess.run(
            [paths.BUILD / "bench" / "bulk"],
            check=True,
            env={
                **os.environ,
                "SOUK_TEST_DB_HOST": schema.host,
                "SOUK_TEST_DB_PORT": str(schema.port),
                "SOUK_TEST_DB_NAME": schema.database,
                "SOUK_TEST_DB_USER": schema.user,
                "SOUK_TEST_DB_PASSWORD": schema.password_file.read_text(),
            },
        )


if __name__ == "__main__":
    main()
