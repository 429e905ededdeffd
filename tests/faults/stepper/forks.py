"""Lives are forked from a process that has read everything and never opened anything."""

from __future__ import annotations

import os
from multiprocessing import forkserver, get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from tests.faults.stepper.life import Order, live
from tests.faults.stepper.points import ROOT

_CONTEXT = get_context("forkserver")


def preload() -> None:
    """Have that process; again is harmless. It ends with us."""
    _CONTEXT.set_forkserver_preload(["tests.faults.stepper.life"])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(ROOT)
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def fork(order: Order) -> tuple[BaseProcess, Connection]:
    """Begin a life; its process, and the line on which it is asked."""
    line, there = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=live, args=(order, there), daemon=True)
    process.start()
    there.close()
    return process, line
