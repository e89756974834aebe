"""Tasks in gdb, of a running process or a core file.

    (gdb) source tools/gdb/souk.py
    (gdb) souk tasks            every task, what it waits for, for which request
    (gdb) souk bt NAME|ADDRESS  the stack of one: all of that name, or the one at the address

A task that does not run has left its registers on its own stack (libcommon/run/coro_switch.S). For
the time of a backtrace an unwinder tells gdb that the frame below the present one is the task's.
"""

from collections.abc import Iterator
from typing import Any

import gdb
import gdb.unwinder

# Offsets from the saved stack pointer: where coro_switch pushed what, and where the stack pointer
# is after it has popped.
LAYOUTS = {
    "i386:x86-64": {
        "slots": {"r15": 0, "r14": 8, "r13": 16, "r12": 24, "rbx": 32, "rbp": 40, "rip": 48},
        "size": 56,
        "sp": "rsp",
    },
    "aarch64": {
        "slots": {
            **{f"x{19 + i}": 8 * i for i in range(10)},
            "x29": 80,
            "x30": 88,
            "pc": 88,
        },
        "size": 160,
        "sp": "sp",
    },
}

LONG = gdb.lookup_type("long")


def system() -> gdb.Value:
    return gdb.parse_and_eval("task_sys")


def tasks() -> Iterator[gdb.Value]:
    task = system()["all"]
    while task:
        yield task
        task = task["next"]


def text(pointer: gdb.Value) -> str:
    return pointer.string(errors="replace") if pointer else ""


def state(task: gdb.Value) -> str:
    if task == system()["running"]:
        return "runs"
    words = "waits for " + text(task["waits_for"]) if task["waits_for"] else "ready"
    if task["cancelled"]:
        words += ", cancelled"
    request = text(task["trace"]["request_id"])
    return words + (f", request {request}" if request else "")


class FrameId:
    """What gdb knows a frame by."""

    def __init__(self, sp: gdb.Value, pc: gdb.Value) -> None:
        self.sp = sp
        self.pc = pc


class TaskUnwinder(gdb.unwinder.Unwinder):
    """Sends gdb from the innermost frame to where a task was left."""

    def __init__(self) -> None:
        super().__init__("souk tasks")
        self.task: gdb.Value | None = None

    def __call__(self, pending_frame: Any) -> Any:
        if self.task is None or pending_frame.level() != 0:
            return None
        layout = LAYOUTS[pending_frame.architecture().name()]
        sp = int(self.task["sp"])
        pc = pending_frame.read_register("pc")
        info = pending_frame.create_unwind_info(FrameId(gdb.Value(sp), pc))
        for register, offset in layout["slots"].items():
            value = gdb.Value(sp + offset).cast(LONG.pointer()).dereference()
            info.add_saved_register(register, value)
        info.add_saved_register(layout["sp"], gdb.Value(sp + layout["size"]))
        return info


UNWINDER = TaskUnwinder()


def show_stack(task: gdb.Value) -> None:
    if task == system()["running"]:
        gdb.execute("backtrace")
        return
    UNWINDER.task = task
    gdb.invalidate_cached_frames()
    try:
        lines = gdb.execute("backtrace", to_string=True).splitlines()
    finally:
        UNWINDER.task = None
        gdb.invalidate_cached_frames()
    first = next((i for i, line in enumerate(lines) if line.startswith("#1 ")), len(lines))
    print("\n".join(lines[first:]))


class Souk(gdb.Command):
    """What a Souk process does: souk tasks, souk bt NAME|ADDRESS."""

    def __init__(self) -> None:
        super().__init__("souk", gdb.COMMAND_STACK, prefix=True)


class SoukTasks(gdb.Command):
    """Every task, what it waits for, for which request."""

    def __init__(self) -> None:
        super().__init__("souk tasks", gdb.COMMAND_STACK)

    def invoke(self, argument: str, from_tty: bool) -> None:
        for task in tasks():
            print(f"{int(task):#x} {text(task['name'])}: {state(task)}")


class SoukBt(gdb.Command):
    """The stack of a task: souk bt NAME|ADDRESS."""

    def __init__(self) -> None:
        super().__init__("souk bt", gdb.COMMAND_STACK)

    def invoke(self, argument: str, from_tty: bool) -> None:
        wanted = [t for t in tasks() if argument in (text(t["name"]), f"{int(t):#x}")]
        if not wanted:
            raise gdb.GdbError(f"no task {argument}; souk tasks lists them")
        for task in wanted:
            print(f"{int(task):#x} {text(task['name'])}: {state(task)}")
            show_stack(task)


gdb.unwinder.register_unwinder(None, UNWINDER, replace=True)
Souk()
SoukTasks()
SoukBt()
