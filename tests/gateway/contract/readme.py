"""The parts of the contract's README: those that are generated, and those that are run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.gateway.contract import answers, published

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = published.HERE / "README.md"
_PART = re.compile(r"^( *)<!-- ([a-z][^>]*?) -->\n(.*?)^ *<!-- end -->$", re.DOTALL | re.MULTILINE)
_FENCED = re.compile(r"```\w*\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


def code(name: str) -> str:
    """What stands in the fence of a part."""
    text = PATH.read_text(encoding="utf-8")
    [(indent, body)] = [(i, body) for i, found, body in _PART.findall(text) if found == name]
    [fenced] = _FENCED.findall(body)
    return "\n".join(line.removeprefix(indent) for line in fenced.splitlines()) + "\n"


def filled(text: str, examples: Mapping[str, object]) -> str:
    """The text with its generated parts as they have to be."""

    def part(match: re.Match[str]) -> str:
        name = match[2]
        if name == "answers":
            body = answers.markdown() + "\n"
        elif name.startswith("example "):
            body = f"```json\n{published.text(examples[name.removeprefix('example ')])}```\n"
        else:
            body = match[3]
        return f"{match[1]}<!-- {name} -->\n{body}{match[1]}<!-- end -->"

    return _PART.sub(part, text)


def links(text: str) -> set[str]:
    """The places in the text that it points to."""
    return set(re.findall(r"\]\(#([^)]+)\)", text))


def anchor(heading: str) -> str:
    """Where a link to a heading points."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
