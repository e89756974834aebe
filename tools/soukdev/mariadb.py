"""MariaDB: one server, a schema and a user for each service."""

import os
import shutil
import socket
import stat
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soukdev import mariadb_template, secret_file
from soukdev.server import Server

# Durable as in production, because tests pull the plug. No name resolution: users come from
# 127.0.0.1, which is a different host name than localhost.
_CONFIG = """\
[mariadbd]
datadir={data}
tmpdir={tmp}
socket=mariadb.sock
pid-file=mariadbd.pid
init-file={init}

bind-address=127.0.0.1
port={port}
skip-name-resolve
max_connections=500
# Services x connections of each x statements of each connection at the most: 6 x 16 x 256 = 24576,
# and a second process of one of them.
max_prepared_stmt_count=32768

transaction-isolation=READ-COMMITTED
innodb_snapshot_isolation=ON
innodb_lock_wait_timeout=3
idle_transaction_timeout=30
sql_mode=ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION
character-set-server=utf8mb4
collation-server=utf8mb4_bin
default_time_zone='+00:00'
local_infile=ON

server_id=1
log_bin=binlog
binlog_format=ROW
binlog_expire_logs_seconds=86400
sync_binlog=1
innodb_flush_log_at_trx_commit=1

innodb_buffer_pool_size={buffer_pool_mb}M
innodb_log_file_size={redo_log_mb}M
innodb_buffer_pool_load_at_startup=OFF
innodb_buffer_pool_dump_at_shutdown=OFF
performance_schema=OFF
aria_pagecache_buffer_size=8M
key_buffer_size=1M
"""

_ADMIN = "souk_admin"
_XML = '<?xml version="1.0"?>'
_IS_NULL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


class SqlError(RuntimeError):
    """The server's words."""


@dataclass(frozen=True)
class Credentials:
    """How a service reaches its schema. The password is in a file that only we may read."""

    host: str
    port: int
    database: str
    user: str
    password_file: Path


class MariaDB(Server):
    """One server. As root it runs as mysql, where that user can reach the folder."""

    def __init__(
        self,
        folder: Path,
        *,
        dies_with_us: bool = True,
        buffer_pool_mb: int = 64,
        redo_log_mb: int = mariadb_template.REDO_LOG_MB,
        tls: tuple[str, str] | None = None,
    ) -> None:
        """With TLS for who asks for it, given the PEM texts of certificate and key."""
        super().__init__(folder, dies_with_us=dies_with_us)
        self.tls = tls
        self.buffer_pool_mb = buffer_pool_mb
        self.redo_log_mb = redo_log_mb

    def prepare(self) -> None:
        data, tmp, config = self.folder / "data", self.folder / "tmp", self._config
        tmp.mkdir(exist_ok=True)
        self._admin_options()
        if not data.exists():
            mariadb_template.copy(data, self.user())
        secret_file.write(self._init, self._init_sql(), self.user())
        if user := self.user():
            shutil.chown(tmp, user)
        config.write_text(
            self._tls_config()
            + _CONFIG.format(
                data=data,
                tmp=tmp,
                init=self._init,
                port=self.port,
                buffer_pool_mb=self.buffer_pool_mb,
                redo_log_mb=self.redo_log_mb,
            )
        )

    def argv(self) -> list[str]:
        # Debian keeps it where only root's PATH looks.
        mariadbd = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
        # It refuses to be root unless told so.
        as_root = ["--user=root"] if os.geteuid() == 0 and not self.user() else []
        return [mariadbd or "mariadbd", f"--defaults-file={self._config}", *as_root]

    def user(self) -> str | None:
        reachable = all(parent.stat().st_mode & stat.S_IXOTH for parent in self.folder.parents)
        return "mysql" if os.geteuid() == 0 and reachable else None

    def ready(self) -> bool:
        # It greets only when recovery is over and the init file has run.
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                return len(connection.recv(5)) == 5
        except OSError:
            return False

    def create_schema(self, name: str) -> Credentials:
        """A schema and a user of the same name that sees no other; both may exist already."""
        password_file = self._secrets / f"{name}.password"
        password = secret_file.password(password_file)
        # An underscore in a granted schema's name stands for any letter.
        pattern = name.replace("_", r"\_")
        self.sql(
            f"CREATE DATABASE IF NOT EXISTS `{name}`"
            " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;"
            f"CREATE USER IF NOT EXISTS '{name}'@'127.0.0.1';"
            f"ALTER USER '{name}'@'127.0.0.1' IDENTIFIED BY '{password}';"
            f"GRANT ALL ON `{pattern}`.* TO '{name}'@'127.0.0.1';"
        )
        return Credentials("127.0.0.1", self.port, name, name, password_file)

    def sql(self, text: str, database: str | None = None) -> list[dict[str, str | None]]:
        """Runs statements as administrator; answers the rows of the last one that has any.

        Values are text, binary ones 0x...; NULL is None. For set-up and quick looks;
        connect() has types and transactions.
        """
        command = [
            "mariadb",
            f"--defaults-file={self._admin_options()}",
            "--xml",
            "--binary-as-hex",
            *([database] if database else []),
        ]
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=60, check=False
        )
        if done.returncode:
            raise SqlError(done.stderr.decode().strip())
        result = done.stdout.decode().rpartition(_XML)[2].strip()
        return _rows(result) if result else []

    def connect(self, credentials: Credentials | None = None, **options: Any) -> Any:
        """A PyMySQL connection with rows as dicts, as administrator or with a service's rights."""
        import pymysql
        import pymysql.cursors

        if credentials:
            password = credentials.password_file.read_text()
            options = {"database": credentials.database, **options}
        else:
            password = self._admin_password()
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user=credentials.user if credentials else _ADMIN,
            password=password,
            cursorclass=pymysql.cursors.DictCursor,
            **options,
        )

    @property
    def _config(self) -> Path:
        return self.folder / "my.cnf"

    @property
    def _init(self) -> Path:
        return self.folder / "init.sql"

    @property
    def _secrets(self) -> Path:
        folder = self.folder / "secrets"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def _admin_password(self) -> str:
        return secret_file.password(self._secrets / "admin.password")

    def _admin_options(self) -> Path:
        file = self._secrets / "admin.cnf"
        text = (
            f"[client]\nhost=127.0.0.1\nport={self.port}\nuser={_ADMIN}\n"
            f"password={self._admin_password()}\ndefault-character-set=utf8mb4\n"
        )
        if not file.exists() or file.read_text() != text:
            secret_file.write(file, text)
        return file

    def _tls_config(self) -> str:
        if not self.tls:
            return ""
        lines = ["[mariadbd]"]
        for option, text in zip(("ssl_cert", "ssl_key"), self.tls, strict=True):
            file = self.folder / f"{option}.pem"
            secret_file.write(file, text, self.user())
            lines.append(f"{option}={file}")
        return "\n".join(lines) + "\n"

    def _init_sql(self) -> str:
        # One statement a line. The binary log would otherwise hold the password.
        return (
            "SET sql_log_bin = 0;\n"
            f"CREATE OR REPLACE USER '{_ADMIN}'@'127.0.0.1'"
            f" IDENTIFIED BY '{self._admin_password()}';\n"
            f"GRANT ALL ON *.* TO '{_ADMIN}'@'127.0.0.1' WITH GRANT OPTION;\n"
        )


def _rows(xml: str) -> list[dict[str, str | None]]:
    return [
        {
            field.attrib["name"]: None if field.get(_IS_NULL) == "true" else field.text or ""
            for field in row
        }
        for row in ET.fromstring(xml)
    ]
