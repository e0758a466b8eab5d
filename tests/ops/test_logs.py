from __future__ import annotations

import json
import logging

import pytest

from agent import tracing
from agent.ops import logs
from agent.settings import LogSettings

pytestmark = pytest.mark.usefixtures("root_logger")


def test_json_is_one_object_a_line_with_the_fault_in_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure(LogSettings(format="auto"))  # stderr is no terminal here
    logger = logging.getLogger("agent.test")
    try:
        raise ZeroDivisionError("division by zero")
    except ZeroDivisionError:
        logger.exception("it broke\nin two %s", "lines")
    [line] = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert (entry["level"], entry["logger"]) == ("error", "agent.test")
    assert entry["message"] == "it broke\nin two lines"
    assert "ZeroDivisionError: division by zero" in entry["error"]
    assert entry["time"].endswith("Z")


def test_text_is_for_people_and_what_is_below_the_level_is_not_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure(LogSettings(format="text", level="warning"))
    logging.getLogger("agent.test").info("small talk")
    logging.getLogger("agent.test").warning("look here")
    logging.getLogger("asyncio").info("a slow step")
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("WARNING look here")


def test_secrets_that_oauthlib_would_log_stay_unsaid_even_when_debugging(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure(LogSettings(format="json", level="debug"))
    logging.getLogger("oauthlib.oauth1").debug("signing key: cs_secret")
    logging.getLogger("agent").debug("said")
    assert len(capsys.readouterr().err.splitlines()) == 1


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_line_says_which_unit_of_work_it_belongs_to(capsys: pytest.CaptureFixture[str]) -> None:
    said = logging.getLogger("agent.test").warning
    for format_ in ("json", "text"):
        logs.configure(LogSettings.model_validate({"format": format_}))
        said("before")
        with tracing.working("order/1022", TRACE):
            said("within")
        with tracing.working("u-7"):
            said("without a trace")
    *lines, plain, whole, short = capsys.readouterr().err.splitlines()
    before, within, traceless = map(json.loads, lines)
    assert not before.keys() & {"correlation_id", "traceparent"}
    assert (within["correlation_id"], within["traceparent"]) == ("order/1022", TRACE)
    assert traceless["correlation_id"] == "u-7"
    assert plain.endswith(" before")
    assert whole.endswith(" within [order/1022 0af7651916cd43dd8448eb211c80319c]")
    assert short.endswith(" without a trace [u-7]")
