"""``python -m needlepoint.content``: print each problem with file and line; exit 1 if any."""

import sys
from pathlib import Path

from needlepoint.content.lint import lint

problems = lint(Path())
for problem in problems:
    print(problem)
if problems:
    sys.exit(f"{len(problems)} problems in the content.")
print("The content is in order.")
