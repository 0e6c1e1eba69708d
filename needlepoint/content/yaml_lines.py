"""Read YAML and remember on which line each value stands."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Key = tuple[str | int, ...]
# The loader in C, where PyYAML has it, reads ten times as fast.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class BrokenFileError(ValueError):
    """A file that is no valid YAML; ``line`` is where reading stopped, ``str()`` the reason."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.line = line


class DataError(ValueError):
    """Data that cannot be used; ``str()`` begins with its file and line.

    Attributes:
        path: of the file
        line: from 1
        reason: what is wrong with it
    """

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")
        self.path, self.line, self.reason = path, line, reason


@dataclass
class YamlFile:
    """The content of a YAML file.

    Attributes:
        path: of the file
        data: its content as plain data
        lines: the line, from 1, of each value, by its keys and positions from the top
    """

    path: Path
    data: Any
    lines: dict[Key, int] = field(default_factory=dict)

    def line(self, *key: str | int) -> int:
        """Return the line of the value at ``key``, or of the nearest thing around it."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)

    def error(self, reason: str, *key: str | int) -> DataError:
        """Return the error that the value at ``key`` cannot be used."""
        return DataError(self.path, self.line(*key), reason)


def read_yaml(path: Path) -> YamlFile:
    """Read one file.

    Raises:
        BrokenFileError: it is no valid YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
        loader = LOADER(text)
        root = loader.get_single_node()
        file = YamlFile(path, None)
        if root is not None:
            _note_lines(root, (), file.lines)
            file.data = loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = error.problem or error.context or "it cannot be read"
        raise BrokenFileError(f"not valid YAML: {reason}", mark.line + 1 if mark else 1) from None
    except (yaml.YAMLError, ValueError) as error:  # control characters, odd bytes, a 13th month
        reason = " ".join(str(error).split())
        raise BrokenFileError(f"not valid YAML: {reason}", 1) from None
    return file


def read_mapping(path: Path) -> YamlFile:
    """Read a file that must have keys at the top.

    Raises:
        DataError: it is missing, no valid YAML, or has none.
    """
    try:
        file = read_yaml(path)
    except FileNotFoundError:
        raise DataError(path, 1, "is missing") from None
    except BrokenFileError as error:
        raise DataError(path, error.line, str(error)) from None
    if not isinstance(file.data, dict):
        raise DataError(path, 1, "has no keys at the top")
    return file


def _note_lines(node: yaml.Node, key: Key, lines: dict[Key, int]) -> None:
    lines.setdefault(key, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            child = (*key, name.value)
            lines[child] = name.start_mark.line + 1
            _note_lines(value, child, lines)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            _note_lines(value, (*key, position), lines)
