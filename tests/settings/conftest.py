from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.settings.instances import Instances

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def instances(tmp_path: Path) -> Instances:
    return Instances(tmp_path)
