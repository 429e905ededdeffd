"""What `tanggap run` starts, counting its statements: each SIGUSR1 writes the counts to a file.

python -m bench.counted FILE
"""

from __future__ import annotations

import json
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.cli import app


def main() -> None:
    """Run until told to stop."""
    counts: Counter[str] = Counter()
    path = Path(sys.argv[1])

    def said(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "SET ")):
            counts["statements"] += 1
            counts[" ".join(statement.split())[:60]] += 1

    def begun(_connection: Any) -> None:
        counts["transactions"] += 1

    event.listen(Engine, "before_cursor_execute", said)
    event.listen(Engine, "begin", begun)
    signal.signal(signal.SIGUSR1, lambda *_: path.write_text(json.dumps(counts)))
    app(["run"], prog_name="tanggap")


if __name__ == "__main__":
    main()
