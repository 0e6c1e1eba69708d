"""The table and the chart."""

import json
from pathlib import Path
from typing import Any

ROWS = (
    ("Accuracy, held-out questions", ("quality", "held_out", "accuracy"), "share"),
    ("Macro F1, held-out questions", ("quality", "held_out", "macro_f1"), "share"),
    ("Accuracy under noise, held-out", ("quality", "noise", "accuracy"), "share"),
    (
        "Out-of-scope recall at 5 %, held-out",
        ("quality", "held_out", "outside_recall_at_5"),
        "share",
    ),
    ("Calibration error, held-out", ("quality", "held_out", "calibration_error"), "share"),
    ("Topic accuracy, real questions", ("quality", "real", "topic_accuracy"), "share"),
    ("Macro F1, real questions", ("quality", "real", "macro_f1"), "share"),
    ("Out-of-scope recall at 5 %, real", ("quality", "real", "outside_recall_at_5"), "share"),
    ("Out-of-scope declined as shipped, real", ("quality", "real", "outside_declined"), "share"),
    ("Topic questions declined as shipped, real", ("quality", "real", "topic_declined"), "share"),
    ("Calibration error, real questions", ("quality", "real", "calibration_error"), "share"),
    ("CLINC150 10-shot accuracy", ("clinc", "accuracy"), "share"),
    ("CLINC150 out-of-scope AUROC", ("clinc", "auroc"), "number"),
    ("Training, s", ("train_seconds",), "number"),
    ("Parse p50, ms", ("parse_p50_ms",), "number"),
    ("Parse p95, ms", ("parse_p95_ms",), "number"),
    ("REST turn p50, ms", ("server", "turn_p50_ms"), "number"),
    ("REST turn p95, ms", ("server", "turn_p95_ms"), "number"),
    ("Requests/s, 16 users", ("server", "requests_per_second"), "number"),
    ("Memory, MiB", ("server", "memory_mib"), "number"),
    ("Start to first answer, s", ("server", "start_seconds"), "number"),
)


def value(result: dict[str, Any], keys: tuple[str, ...]) -> float | None:
    """Return a figure of a result, or None where it was not measured."""
    for key in keys:
        result = (result or {}).get(key)  # type: ignore[assignment]
    return result  # type: ignore[return-value]


def table(results: dict[str, Any]) -> str:
    """Return the results as a Markdown table, one column for each bot."""
    names = list(results)
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for title, keys, kind in ROWS:
        figures = [value(results[name], keys) for name in names]
        if any(figure is not None for figure in figures):
            cells = ["-" if f is None else _shown(f, kind) for f in figures]
            lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _shown(figure: float, kind: str) -> str:
    if kind == "share":
        return f"{figure * 100:.1f} %"
    return f"{figure:.3f}" if figure < 1 else f"{figure:,.1f}"


def chart(results: dict[str, Any], path: Path) -> None:
    """Draw quality and speed of all bots side by side."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(13, 5))
    quality = [row for row in ROWS if row[2] == "share" and "error" not in row[0]]
    quality = [r for r in quality if all(value(b, r[1]) is not None for b in results.values())]
    speed = [row for row in ROWS if row[2] == "number" and row[1][0] != "clinc"]
    speed = [r for r in speed if all(value(b, r[1]) for b in results.values())]
    height = 0.8 / len(results)
    for number, (name, result) in enumerate(results.items()):
        places = [i + number * height for i in range(len(quality))]
        left.barh(places, [100 * value(result, r[1]) for r in quality], height, label=name)
        places = [i + number * height for i in range(len(speed))]
        right.barh(places, [value(result, r[1]) for r in speed], height, label=name)
    for axes, rows, title in ((left, quality, "Quality, %"), (right, speed, "Speed and size, log")):
        axes.set_yticks([i + height * (len(results) - 1) / 2 for i in range(len(rows))])
        axes.set_yticklabels([row[0] for row in rows])
        axes.invert_yaxis()
        axes.set_title(title)
    right.set_xscale("log")
    left.legend(loc="lower right")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def write(results: dict[str, Any], about: dict[str, Any], folder: Path) -> str:
    """Write numbers (JSON), table (Markdown) and chart (PNG); return the table."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"about": about, "results": results}
    (folder / "benchmark.json").write_text(json.dumps(content, indent=2) + "\n")
    (folder / "benchmark.md").write_text(table(results) + "\n")
    chart(results, folder / "benchmark.png")
    return table(results)
