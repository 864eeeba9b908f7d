"""scikit-learn's side of the evaluator's benchmark.

evaluator.py train FOLDER TREES DEPTH: trains on train.f32 and target.i32, exports forest.onnx and logistic.onnx, and
writes what scikit-learn answers for fresh.f32 as forest.f32 and logistic.f32. Prints the versions.
evaluator.py time FOLDER MODEL: times predict_proba on one thread. Prints microseconds a row, for single rows and for all
rows in one call; loading and warming up are not part of the measurement.
"""

import json
import platform
import statistics
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import sklearn
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SINGLE_ROWS = 20
BATCHES = 3


def matrix(path, columns):
    return np.fromfile(path, dtype="<f4").reshape(-1, columns)


def train(folder, trees, depth):
    import skl2onnx
    from skl2onnx.common.data_types import FloatTensorType

    target = np.fromfile(folder / "target.i32", dtype="<i4")
    columns = (folder / "train.f32").stat().st_size // 4 // len(target)
    seen, fresh = (matrix(folder / name, columns) for name in ("train.f32", "fresh.f32"))
    models = {
        "forest": RandomForestClassifier(trees, max_depth=depth, random_state=1, n_jobs=-1),
        "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
    }
    for name, model in models.items():
        model.fit(seen, target)
        inputs = [("X", FloatTensorType([None, columns]))]
        opsets = {"": 17, "ai.onnx.ml": 3}
        exported = skl2onnx.convert_sklearn(model, name, inputs, options={id(model): {"zipmap": False}}, target_opset=opsets)
        (folder / f"{name}.onnx").write_bytes(exported.SerializeToString())
        model.predict_proba(fresh).astype("<f4").tofile(folder / f"{name}.f32")
        joblib.dump(model, folder / f"{name}.joblib")
    versions = {"python": platform.python_version(), "scikit-learn": sklearn.__version__, "skl2onnx": skl2onnx.__version__}
    print(json.dumps({"versions": versions}))


def microseconds(calls):
    """The median of the calls' times."""
    times = []
    for call in calls:
        began = time.perf_counter()
        call()
        times.append(1e6 * (time.perf_counter() - began))
    return statistics.median(times)


def measure(folder, name):
    model = joblib.load(folder / f"{name}.joblib")
    if name == "forest":
        model.n_jobs = 1
    fresh = matrix(folder / "fresh.f32", model.n_features_in_)
    model.predict_proba(fresh[:1])
    single = microseconds([lambda row=row: model.predict_proba(fresh[row : row + 1]) for row in range(1, 1 + SINGLE_ROWS)])
    batch = microseconds([lambda: model.predict_proba(fresh)] * BATCHES)
    print(json.dumps({"single": single, "batch": batch / len(fresh)}))


if sys.argv[1] == "train":
    train(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
else:
    measure(Path(sys.argv[2]), sys.argv[3])
