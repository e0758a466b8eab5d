"""A file on the command line: the same door, with the daemon up or down."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from agent import errors
from tests import processes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Past


@pytest.fixture
def stock(tmp_path: Path) -> Path:
    """Two good lines, one with a bad price, one the door refuses: its SKU has versions."""
    path = tmp_path / "stock.csv"
    path.write_text(
        "sku,quantity,regular_price,sale_price\n"
        'NEW-1,5,,\nNEW-2,6,9.90,null\nNEW-3,,"15,75",\nMUG-1,7,,\n'
    )
    return path


def submitted(past: Past) -> list[dict[str, Any]]:
    rows = past.json("updates", "list")
    return [row for row in rows if row["id"].startswith("file-")]


def test_good_lines_are_taken_and_bad_ones_named(fork: Past, stock: Path) -> None:
    done = fork.run("updates", "submit", str(stock))
    assert done.exit_code == 1
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        'line 4, regular_price: must be a decimal text with a point, such as "15.75"',
        "line 5: unversioned: stock of MUG-1 has versions (the newest is 1): give one,"
        ' or set updates.unversioned = "accept"',
        "3 updates taken, 0 were taken before, 2 of 4 lines refused",
    ]
    rows = [(row["sku"], row["kind"], row["state"], row["code"]) for row in submitted(fork)]
    assert sorted(rows) == [
        ("MUG-1", "stock", "rejected", "unversioned"),
        ("NEW-1", "stock", "pending", None),
        ("NEW-2", "price", "pending", None),
        ("NEW-2", "stock", "pending", None),
    ]


def test_who_did_it_is_kept(fork: Past, stock: Path) -> None:
    fork.run("updates", "submit", str(stock), environ={"SUDO_USER": "zoe"})
    [row] = fork.json("audit", "list")
    assert (row["who"], row["action"], row["target"]) == ("zoe", "submit", str(stock))


def test_the_same_file_again_does_nothing_and_one_that_was_written_anew_counts(
    fork: Past, stock: Path
) -> None:
    stock.write_text("sku,quantity\nNEW-1,5\n")
    assert fork.run("updates", "submit", str(stock)).exit_code == 0
    again = fork.json("updates", "submit", str(stock))
    assert (again["updates_taken"], again["updates_known_before"]) == (0, 1)
    os.utime(stock, (1, 1))
    assert fork.json("updates", "submit", str(stock))["updates_taken"] == 1
    assert len(submitted(fork)) == 2


def test_a_trial_says_what_would_be_taken_and_writes_nothing(fork: Past, stock: Path) -> None:
    before = fork.json("updates", "list")
    tried = fork.run("updates", "submit", str(stock), "--dry-run", "--json")
    told = json.loads(tried.stdout)
    assert tried.exit_code == 1
    assert told["dry_run"] is True
    assert [(row["sku"], row["kind"], row["sets"]) for row in told["would_take"]] == [
        ("NEW-1", "stock", {"quantity": 5}),
        ("NEW-2", "stock", {"quantity": 6}),
        ("NEW-2", "price", {"regular_price": "9.90", "sale_price": None}),
    ]
    assert [bad["line"] for bad in told["refused"]] == [4, 5]
    text = fork.run("updates", "submit", str(stock), "--dry-run").stdout
    assert "regular_price 9.90, sale_price -" in text
    assert text.endswith(
        "3 updates would be taken, 0 were taken before, 2 of 4 lines would be refused\n"
    )
    assert fork.json("updates", "list") == before
    assert fork.json("audit", "list") == []


def test_a_trial_of_a_long_file_counts_what_it_does_not_show(fork: Past, stock: Path) -> None:
    lines = "".join(f"u-{n % 1300},SKU-{n},{n}\n" for n in range(1400))
    stock.write_text("id,sku,quantity\n" + lines)
    told = fork.json("updates", "submit", str(stock), "--dry-run")
    assert (len(told["would_take"]), told["updates_taken"]) == (1000, 1300)
    assert told["updates_known_before"] == 100  # ids that stood further up
    assert "and 300 more" in fork.run("updates", "submit", str(stock), "--dry-run").stdout


@pytest.mark.parametrize("name", ["stock.xlsx", "stock.csv.part", "stock"])
def test_a_file_of_another_kind_is_wrong_usage(past: Past, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("sku,quantity\n")
    with pytest.raises(errors.UsageError, match=r"is none of \.csv, \.json, \.ndjson"):
        past.run("updates", "submit", str(tmp_path / name))


def test_a_file_that_is_not_there_is_wrong_usage(past: Past, tmp_path: Path) -> None:
    with pytest.raises(errors.UsageError, match="can't be read: No such file"):
        past.run("updates", "submit", str(tmp_path / "stock.csv"))


@pytest.fixture
def long(stock: Path) -> Path:
    stock.write_text("sku,quantity\n" + "".join(f"SKU-{n},{n}\n" for n in range(700)))
    return stock


async def test_it_works_beside_a_running_daemon(tmp_path: Path, long: Path) -> None:
    config = processes.write_config(tmp_path)
    async with processes.running(config):
        done = await processes.run("updates", "submit", str(long), "--config", str(config))
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "700 updates taken, 0 were taken before, 0 of 700 lines refused\n"


def test_a_terminal_sees_how_far_it_is(fork: Past, stock: Path) -> None:
    stock.write_text("sku,quantity\nNEW-1,5\n")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "agent", "updates", "submit", str(stock)]
    done = subprocess.run(
        [*command, "--config", str(fork.config)],
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
    )
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert "stock.csv" in shown
    assert "100%" in shown
    assert done.stdout.startswith(b"1 updates taken")
