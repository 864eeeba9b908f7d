"""scikit-learn's forest for the peers of the serving benchmark: python serving.py FOLDER TREES DEPTH FORMAT

Reads the set in FOLDER (see training/sets.ts), trains a forest on its first rows and writes it as FORMAT wants it: joblib,
mlserver (a model folder with settings) or mlflow. Writes the probabilities of the second class for all rows behind the
training rows to FOLDER/predictions.f32, and prints the versions. The forest predicts on one thread.
"""

import importlib
import json
import platform
import sys
from pathlib import Path

import joblib
import numpy as np
import sklearn
from sklearn.ensemble import RandomForestClassifier

PACKAGES = {"joblib": ["fastapi", "uvicorn"], "mlserver": ["mlserver"], "mlflow": ["mlflow"]}


def write_for_mlserver(model, folder):
    folder.mkdir()
    joblib.dump(model, folder / "model.joblib")
    described = {
        "name": "bench",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": "./model.joblib", "version": "1"},
    }
    (folder / "model-settings.json").write_text(json.dumps(described))


def write_for_mlflow(model, folder):
    import mlflow.sklearn

    mlflow.sklearn.save_model(model, folder, pyfunc_predict_fn="predict_proba", serialization_format="cloudpickle")


def main():
    folder, trees, depth, wanted = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    described = json.loads((folder / "set.json").read_text())
    columns, rows, train = described["columns"], described["rows"], described["trainRows"]
    features = np.ascontiguousarray(np.fromfile(folder / "features.f32", dtype="<f4").reshape(len(columns), rows).T)
    target = np.fromfile(folder / "target.f64", dtype="<f8").astype(int)
    model = RandomForestClassifier(trees, max_depth=depth, random_state=1, n_jobs=-1).fit(features[:train], target[:train])
    model.n_jobs = 1
    model.predict_proba(features[train:])[:, 1].astype("<f4").tofile(folder / "predictions.f32")
    if wanted == "joblib":
        joblib.dump(model, folder / "model.joblib")
    else:
        {"mlserver": write_for_mlserver, "mlflow": write_for_mlflow}[wanted](model, folder / wanted)
    versions = {"python": platform.python_version(), "scikit-learn": sklearn.__version__}
    for name in PACKAGES[wanted]:
        versions[name] = importlib.import_module(name).__version__
    print(json.dumps({"versions": versions}))


main()
