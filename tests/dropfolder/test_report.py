from __future__ import annotations

from agent.dropfolder.report import MOST_NAMED, Report
from agent.dropfolder.rows import Bad, Line
from agent.model.inbox import Taken
from agent.model.update import Code, Refusal

BAD = Bad(3, "quantity", "must be a whole number")
TOO_LATE = Refusal(Code.EXPIRED, "expires_at has passed")


def line(number: int, *ids: str) -> Line:
    return Line(number, tuple({"id": name} for name in ids))


def test_it_counts_lines_and_updates_and_names_every_fault() -> None:
    report = Report("a.csv")
    report.add([line(2, "a", "b"), BAD], Taken(frozenset({"a"}), {}))
    report.add([line(4, "c", "d")], Taken(refused={"d": TOO_LATE}))
    assert report.document() == {
        "file": "a.csv",
        "lines": 3,
        "updates_taken": 2,
        "updates_known_before": 1,
        "lines_refused": 2,
        "refused": [
            {"line": 3, "column": "quantity", "reason": "must be a whole number"},
            {"line": 4, "column": None, "reason": "expired: expires_at has passed"},
        ],
        "cut": 0,
    }
    assert not report.is_rejected


def test_a_file_without_a_good_line_is_rejected_and_one_without_lines_is_not() -> None:
    report = Report("a.csv")
    assert not report.is_rejected
    report.add([BAD, line(4, "c")], Taken(refused={"c": TOO_LATE}))
    assert report.is_rejected
    report.add([line(5, "known")], Taken(frozenset({"known"})))
    assert not report.is_rejected


def test_of_items_with_one_id_the_first_counts() -> None:
    report = Report("a.csv")
    first, again = line(2, "a"), line(3, "a")
    assert report.add([first, again], Taken()) == [*first.items]
    assert (report.taken, report.known, report.refused) == (1, 1, 0)


def test_of_many_faults_some_are_named_and_the_others_counted() -> None:
    report = Report("a.csv")
    for _ in range(3):
        report.add([BAD] * (MOST_NAMED // 2), Taken())
    told = report.document()
    assert (len(told["refused"]), told["cut"]) == (MOST_NAMED, MOST_NAMED // 2)
    assert told["lines_refused"] == 3 * (MOST_NAMED // 2)
