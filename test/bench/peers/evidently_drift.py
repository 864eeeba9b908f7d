"""Times Evidently's data-drift preset: python evidently_drift.py FOLDER RUNS

FOLDER holds reference/ and current/ with a file for each column (number_*: float64, kind_*: one byte a category), and
categories.json. Prints JSON. Reading the files and declaring the columns is not part of the measurement.
"""

import json
import platform
import sys
import time
from pathlib import Path

import evidently
import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset


def read(folder: Path, categories: list[str]) -> pd.DataFrame:
    columns = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith("number_"):
            columns[path.name] = np.fromfile(path, dtype="<f8")
        else:
            columns[path.name] = np.array(categories, dtype=object)[np.fromfile(path, dtype="u1")]
    return pd.DataFrame(columns)


def main() -> None:
    folder, runs = Path(sys.argv[1]), int(sys.argv[2])
    categories = json.loads((folder / "categories.json").read_text())
    frames = {side: read(folder / side, categories) for side in ("reference", "current")}
    definition = DataDefinition(
        numerical_columns=[name for name in frames["current"] if name.startswith("number_")],
        categorical_columns=[name for name in frames["current"] if name.startswith("kind_")],
    )
    reference, current = (Dataset.from_pandas(frames[side], definition) for side in ("reference", "current"))
    milliseconds = []
    for _ in range(runs):
        began = time.perf_counter()
        snapshot = Report([DataDriftPreset()]).run(current, reference)
        milliseconds.append((time.perf_counter() - began) * 1000)
    scores = {
        metric["config"]["column"]: (float(metric["value"]), metric["config"]["threshold"])
        for metric in snapshot.dict()["metrics"]
        if "column" in metric["config"]
    }
    print(
        json.dumps(
            {
                "versions": {
                    "python": platform.python_version(),
                    "evidently": evidently.__version__,
                    "pandas": pd.__version__,
                    "numpy": np.__version__,
                },
                "rows": len(frames["current"]),
                "drifted": sorted(name for name, (score, threshold) in scores.items() if score >= threshold),
                "milliseconds": milliseconds,
            }
        )
    )


main()
