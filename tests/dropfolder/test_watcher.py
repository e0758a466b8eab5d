"""Real files in a real folder: each is read when it is complete, once, and ends with a report."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agent import errors
from agent.dropfolder import watcher
from agent.dropfolder.watcher import QUIET_S, SCAN_EVERY_S, Watcher
from agent.model.inbox import Taken
from agent.model.update import Code, Refusal
from tests.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

GOOD = "sku,quantity\nMUG-1,5\n"
MANY = "sku,quantity\n" + "".join(f"SKU-{n},{n}\n" for n in range(1200))  # three pieces


class Drop:
    """A drop folder, its watcher, and a door that keeps what it takes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = FakeClock()
        self.taken: dict[str, Mapping[str, Any]] = {}
        self.refused: dict[str, Refusal] = {}  # by SKU
        self.before_piece: Callable[[int], None] = lambda n: None
        self.pieces = 0
        self.start()

    def start(self) -> None:
        """As after a restart: all that a watcher kept in memory is gone."""
        self.watcher = Watcher(self.path, self.take, clock=self.clock)

    async def take(self, items: Sequence[Mapping[str, Any]]) -> Taken:
        self.pieces += 1
        self.before_piece(self.pieces)
        ids = [item["id"] for item in items]
        known = frozenset(ids).intersection(self.taken)
        refused = {i["id"]: self.refused[i["sku"]] for i in items if i["sku"] in self.refused}
        self.taken |= {item["id"]: item for item in items if item["id"] not in refused}
        return Taken(known, refused)

    def put(self, name: str, text: str = GOOD) -> Path:
        path = self.path / name
        path.write_text(text)
        return path

    async def settle(self) -> float:
        """Everything that is there becomes complete, and is taken."""
        await self.watcher.run_once()
        self.clock.advance(QUIET_S)
        return await self.watcher.run_once()

    def names(self, room: str = "") -> set[str]:
        return {path.name for path in (self.path / room).iterdir()}

    def report(self, name: str, room: str = "done") -> Any:
        return json.loads((self.path / room / f"{name}.report.json").read_text())

    def quantities(self) -> list[int]:
        return [item["quantity"] for item in self.taken.values()]


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    folder = tmp_path / "drop"
    folder.mkdir()
    return Drop(folder)


async def test_a_file_is_taken_when_it_is_complete_and_ends_with_a_report(drop: Drop) -> None:
    drop.put("stock.csv")
    assert await drop.watcher.run_once() == QUIET_S
    drop.clock.advance(QUIET_S / 2)
    assert await drop.watcher.run_once() == QUIET_S / 2
    assert (drop.taken, drop.names()) == ({}, {"stock.csv", "claimed", "done", "rejected"})
    drop.clock.advance(QUIET_S / 2)
    assert await drop.watcher.run_once() == SCAN_EVERY_S
    assert drop.quantities() == [5]
    assert drop.names("done") == {"stock.csv", "stock.csv.report.json"}
    assert drop.names() == {"claimed", "done", "rejected"}
    assert drop.report("stock.csv") == {
        "file": "stock.csv",
        "lines": 1,
        "updates_taken": 1,
        "updates_known_before": 0,
        "lines_refused": 0,
        "refused": [],
        "cut": 0,
    }


async def test_a_file_that_somebody_still_writes_to_is_left_alone(drop: Drop) -> None:
    path = drop.put("stock.csv", "sku,quantity\n")
    os.utime(path, (0, 0))  # its times say nothing: a copy may keep those of the original
    for n in range(5):
        assert await drop.watcher.run_once() == QUIET_S
        drop.clock.advance(QUIET_S)
        with path.open("a") as file:
            file.write(f"MUG-1,{n}\n")
        if n % 2:
            os.utime(path, (0, 0))
    assert not drop.taken
    other = drop.put("stock.tmp", GOOD)
    other.rename(path)  # and one that is put in its place is another file
    os.utime(path, (0, 0))
    assert await drop.watcher.run_once() == QUIET_S
    drop.clock.advance(QUIET_S)
    await drop.watcher.run_once()
    assert drop.quantities() == [5]


async def test_only_files_that_are_meant_for_it_are_touched(drop: Drop) -> None:
    names = {".stock.csv", "stock.csv.tmp", "stock.csv.part", "stock.xlsx", "README"}
    for name in names:
        drop.put(name)
    (drop.path / "folder.csv").mkdir()
    (drop.path / "link.csv").symlink_to(drop.path / "README")
    os.mkfifo(drop.path / "pipe.csv")
    await drop.settle()
    await drop.settle()
    rooms = {"claimed", "done", "rejected"}
    assert drop.names() == names | rooms | {"folder.csv", "link.csv", "pipe.csv"}
    assert not drop.taken


async def test_one_bad_line_does_not_stop_the_good_ones(drop: Drop) -> None:
    drop.put("prices.csv", "sku;regular_price\nA;15.75\nB;15,75\nC;9\n")
    await drop.settle()
    assert [item["sku"] for item in drop.taken.values()] == ["A", "C"]
    assert drop.report("prices.csv")["refused"] == [
        {
            "line": 3,
            "column": "regular_price",
            "reason": 'must be a decimal text with a point, such as "15.75"',
        }
    ]


@pytest.mark.parametrize("text", ["sku,quantity\nA,x\n", "", "\0", "sku,quantity\nDOOR,5\n"])
async def test_a_file_without_a_good_line_is_rejected(drop: Drop, text: str) -> None:
    drop.refused["DOOR"] = Refusal(Code.UNVERSIONED, "it has versions")
    drop.put("stock.csv", text)
    await drop.settle()
    assert drop.names("rejected") == {"stock.csv", "stock.csv.report.json"}
    assert drop.names("done") == set()
    assert drop.report("stock.csv", "rejected")["lines_refused"] == 1


async def test_what_the_door_refuses_stands_in_the_report(drop: Drop) -> None:
    drop.refused["DOOR"] = Refusal(Code.UNVERSIONED, "it has versions")
    drop.put("stock.csv", GOOD + "DOOR,5\n")
    await drop.settle()
    told = drop.report("stock.csv")
    assert told["refused"] == [
        {"line": 3, "column": None, "reason": "unversioned: it has versions"}
    ]


class Crash(BaseException):
    """The end of the process."""


def crashes(at: int) -> Callable[[int], None]:
    def before(piece: int) -> None:
        if piece == at:
            raise Crash

    return before


async def test_after_a_crash_in_the_middle_it_goes_on_without_doubling(drop: Drop) -> None:
    drop.put("stock.csv", MANY)
    drop.before_piece = crashes(at=3)
    with pytest.raises(Crash):
        await drop.settle()
    assert len(drop.taken) == 1000
    drop.start()
    await drop.watcher.run_once()
    assert sorted(drop.quantities()) == [*range(1200)]
    told = drop.report("stock.csv")
    assert (told["updates_known_before"], told["updates_taken"]) == (1000, 200)
    assert drop.names("claimed") == set()


async def test_after_a_crash_before_the_last_rename_report_and_file_are_made_again(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop.put("stock.csv")
    rename = Path.rename

    def crash(self: Path, target: Path) -> Path:
        if target.parent.name == "done":
            raise Crash
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", crash)
    with pytest.raises(Crash):
        await drop.settle()
    monkeypatch.undo()
    drop.start()
    await drop.watcher.run_once()
    assert drop.names("done") == {"stock.csv", "stock.csv.report.json"}
    assert drop.report("stock.csv")["updates_known_before"] == 1
    assert drop.quantities() == [5]


async def test_the_same_content_again_counts_and_nothing_is_written_over(drop: Drop) -> None:
    for _ in range(3):
        drop.put("stock.csv")
        await drop.settle()
        drop.clock.advance(1)
    assert drop.quantities() == [5, 5, 5]
    assert len(drop.names("done")) == 6
    stamped = drop.names("done") - {"stock.csv", "stock.csv.report.json"}
    assert all(name.startswith("20261124T0800") and "-stock.csv" in name for name in stamped)


async def test_files_are_taken_in_the_order_in_which_they_were_written(drop: Drop) -> None:
    for n, name in enumerate(["b.csv", "c.csv", "a.csv"]):
        path = drop.put(name, f"sku,quantity\nMUG-1,{n}\n")
        os.utime(path, ns=(n, n))
    await drop.settle()
    assert drop.quantities() == [0, 1, 2]


async def test_a_stock_figure_is_of_the_time_the_file_was_written_but_not_of_the_future(
    drop: Drop,
) -> None:
    for name, at in (("old.csv", 1_700_000_000), ("tomorrow.csv", 10**11)):
        os.utime(drop.put(name), (at, at))
    await drop.settle()
    old, tomorrow = (item["as_of"] for item in drop.taken.values())
    assert old == "2023-11-14T22:13:20Z"
    assert tomorrow == "2026-11-24T08:00:02Z"


async def test_one_that_is_written_to_while_it_is_read_is_read_again(drop: Drop) -> None:
    with drop.put("stock.csv").open("a") as writer:

        def write(piece: int) -> None:
            if piece == 1:
                writer.write("MUG-2,6\n")
                writer.flush()

        drop.before_piece = write
        await drop.settle()
    await drop.watcher.run_once()
    assert drop.quantities() == [5, 6]
    assert drop.report("stock.csv")["lines"] == 2


async def test_when_asked_to_stop_it_leaves_the_rest_of_a_file_for_later(drop: Drop) -> None:
    drop.put("stock.csv", MANY)
    stop = asyncio.Event()
    drop.before_piece = lambda piece: stop.set() if piece == 2 else None
    running = asyncio.create_task(drop.watcher.run(stop))
    await drop.clock.sleeping()
    while not stop.is_set():
        drop.clock.advance(QUIET_S)
        await asyncio.sleep(0)
    await running
    assert len(drop.taken) == 1000
    assert len(drop.names("claimed")) == 1
    drop.start()
    await drop.watcher.run_once()
    assert sorted(drop.quantities()) == [*range(1200)]


async def test_a_database_that_can_not_be_written_costs_nothing(drop: Drop) -> None:
    drop.put("stock.csv", MANY)

    def full(piece: int) -> None:
        if piece == 2:
            raise errors.StorageError("the disk is full", hint="df")

    drop.before_piece = full
    with pytest.raises(errors.StorageError):
        await drop.settle()
    await drop.watcher.run_once()
    assert sorted(drop.quantities()) == [*range(1200)]


async def test_a_folder_that_is_not_there_is_told_once_and_looked_for_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drop = Drop(tmp_path / "later")
    for _ in range(3):
        assert await drop.watcher.run_once() == SCAN_EVERY_S
    assert "can't be used: No such file or directory" in drop.watcher.trouble
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    drop.path.mkdir()
    drop.put("stock.csv")
    with caplog.at_level(logging.INFO):
        await drop.settle()
    assert (drop.watcher.trouble, drop.quantities()) == ("", [5])
    assert "the drop folder can be used again" in caplog.text


async def test_a_folder_that_can_not_be_written_is_told_and_nothing_is_lost(drop: Drop) -> None:
    blocked = drop.put("done", "a file where a folder should be")
    drop.put("stock.csv")
    await drop.settle()
    assert "can't be used" in drop.watcher.trouble
    assert drop.names() >= {"stock.csv"}
    blocked.unlink()
    await drop.settle()
    assert (drop.watcher.trouble, drop.quantities()) == ("", [5])


async def test_one_file_that_can_not_be_moved_does_not_keep_the_others(drop: Drop) -> None:
    await drop.watcher.run_once()
    drop.put("a.csv")
    drop.put("b.csv", "sku,quantity\nMUG-2,6\n")
    await drop.watcher.run_once()
    drop.clock.advance(QUIET_S)
    stamp = f"{drop.clock.now():%Y%m%dT%H%M%S.%fZ}"
    (drop.path / "claimed" / f"{stamp}-a.csv").mkdir()  # its place is taken
    await drop.watcher.run_once()
    assert drop.quantities() == [6]
    assert "is there already" in drop.watcher.trouble


async def test_a_file_that_may_not_be_read_is_rejected_with_the_reason(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """root may read anything, so the operating system's answer is made up."""
    drop.put("stock.csv")
    opened = Path.open

    def forbidden(self: Path, *args: Any, **more: Any) -> Any:
        if "claimed" in self.parts:
            raise PermissionError(13, "Permission denied")
        return opened(self, *args, **more)

    monkeypatch.setattr(Path, "open", forbidden)
    await drop.settle()
    told = drop.report("stock.csv", "rejected")
    assert told["refused"][0]["reason"] == "can't be read: Permission denied"


@pytest.mark.parametrize("name", [b"\xff\xfe\n.csv", b"x" * 251 + b".csv", "ü-ö.csv".encode()])
async def test_any_name_that_a_disk_takes_will_do(drop: Drop, name: bytes) -> None:
    drop.put(os.fsdecode(name))
    await drop.settle()
    assert drop.quantities() == [5]
    assert len(drop.names("done")) == 2
    assert drop.watcher.trouble == ""


async def test_who_may_write_here_may_read_the_reports(drop: Drop) -> None:
    before = os.umask(0o077)
    try:
        drop.path.chmod(0o2775)
        drop.put("stock.csv").chmod(0o640)
        await drop.settle()
    finally:
        os.umask(before)
    mode = {path: stat.S_IMODE(path.stat().st_mode) for path in drop.path.rglob("*")}
    assert {mode[drop.path / room] for room in ("claimed", "done", "rejected")} == {0o2775}
    assert mode[drop.path / "done" / "stock.csv.report.json"] == 0o640


async def test_what_somebody_put_among_the_claimed_files_is_taken_too(drop: Drop) -> None:
    await drop.watcher.run_once()
    drop.put("claimed/back.csv")
    drop.put("claimed/notes.txt")
    await drop.watcher.run_once()
    assert (drop.quantities(), drop.names("claimed")) == ([5], {"notes.txt"})


async def test_a_file_that_is_dropped_is_seen_at_once(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock stands still: only the folder itself can have told."""
    monkeypatch.setattr(watcher, "QUIET_S", 0.0)
    taken, stop = asyncio.Event(), asyncio.Event()
    drop.before_piece = lambda piece: taken.set()
    running = asyncio.create_task(drop.watcher.run(stop))
    await drop.clock.sleeping()
    drop.put("stock.tmp").rename(drop.path / "stock.csv")
    await taken.wait()
    stop.set()
    await running
    assert drop.quantities() == [5]
