"""One training of a peer: python training.py FOLDER CONTEST LIBRARY THREADS

Reads the set in FOLDER (see training/sets.ts), writes predictions of its test rows to FOLDER/predictions.f32, and prints
JSON. Reading, one-hot encoding and standardising are not part of the measurement.
"""

import importlib
import json
import platform
import sys
import time
from pathlib import Path

import numpy as np

PACKAGES = {"scikit-learn": "sklearn", "xgboost": "xgboost", "lightgbm": "lightgbm"}


def forest(task, library, threads):
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    settings = dict(n_estimators=100, max_depth=14, min_samples_leaf=5, n_jobs=threads, random_state=1)
    if task == "REGRESSION":
        return RandomForestRegressor(max_features=1 / 3, **settings)
    return RandomForestClassifier(max_features="sqrt", **settings)


def logistic(task, library, threads):
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=1, tol=1e-6, max_iter=1000)


def boosting(task, library, threads):
    regression = task == "REGRESSION"
    if library == "scikit-learn":
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        estimator = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
        return estimator(
            max_iter=100, learning_rate=0.1, max_leaf_nodes=31, min_samples_leaf=20, l2_regularization=1, max_bins=255,
            early_stopping=False, random_state=1,
        )
    if library == "xgboost":
        import xgboost

        estimator = xgboost.XGBRegressor if regression else xgboost.XGBClassifier
        return estimator(
            n_estimators=100, learning_rate=0.1, max_leaves=31, max_depth=0, grow_policy="lossguide", max_bin=255,
            min_child_weight=1e-3, reg_lambda=1, tree_method="hist", n_jobs=threads, random_state=1,
        )
    import lightgbm

    estimator = lightgbm.LGBMRegressor if regression else lightgbm.LGBMClassifier
    return estimator(
        n_estimators=100, learning_rate=0.1, num_leaves=31, min_child_samples=20, reg_lambda=1, max_bin=255,
        n_jobs=threads, random_state=1, verbose=-1,
    )


class Design:
    """Standardised numbers, then a column for each category: what a linear model is fitted on."""

    def __init__(self, columns, features):
        self.columns = columns
        self.numbers = [i for i, column in enumerate(columns) if "categories" not in column]
        self.mean = features[:, self.numbers].mean(axis=0, dtype=float)
        self.deviation = features[:, self.numbers].std(axis=0, dtype=float)

    def of(self, features):
        parts = [(features[:, self.numbers] - self.mean) / self.deviation]
        for i, column in enumerate(self.columns):
            if "categories" in column:
                parts.append(features[:, i, None] == np.arange(column["categories"]))
        return np.hstack(parts).astype(float)

    def coefficients(self, fitted):
        return fitted[: len(self.numbers)] / self.deviation


def kilobytes(name):
    if platform.system() != "Linux":
        return None
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def main():
    folder, contest, library, threads = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    package = importlib.import_module(PACKAGES[library])
    described = json.loads((folder / "set.json").read_text())
    columns, rows, train = described["columns"], described["rows"], described["trainRows"]
    features = np.ascontiguousarray(np.fromfile(folder / "features.f32", dtype="<f4").reshape(len(columns), rows).T)
    target = np.fromfile(folder / "target.f64", dtype="<f8")
    if described["task"] == "CLASSIFICATION":
        target = target.astype(int)
    design = None
    seen, unseen = features[:train], features[train:]
    if contest == "logistic":
        design = Design(columns, seen)
        seen, unseen = design.of(seen), design.of(unseen)
    model = {"forest": forest, "logistic": logistic, "boosting": boosting}[contest](described["task"], library, threads)

    before = kilobytes("VmRSS")
    if before is not None:
        Path("/proc/self/clear_refs").write_text("5")
    began = time.perf_counter()
    model.fit(seen, target[:train])
    seconds = time.perf_counter() - began
    measured = {
        "versions": {"python": platform.python_version(), "numpy": np.__version__, library: package.__version__},
        "seconds": seconds,
    }
    if before is not None:
        measured["peakBytes"] = 1024 * (kilobytes("VmHWM") - before)
    if design is not None:
        measured["coefficients"] = design.coefficients(model.coef_[0]).tolist()
    predicted = model.predict(unseen) if described["task"] == "REGRESSION" else model.predict_proba(unseen)[:, 1]
    predicted.astype("<f4").tofile(folder / "predictions.f32")
    print(json.dumps(measured))


main()
