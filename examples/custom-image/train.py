"""Trains a model of scikit-learn on what Boucle gives a training script, and leaves it as model.onnx.

Started as `train`, below a root that is /opt/ml on SageMaker:
  input/config/hyperparameters.json            `seed` and what the training was started with, as texts
  input/data/spec/training.json                what is to be learned: task, target, features, classes
  input/data/training/training.parquet         rows to train on
  input/data/validation/validation.parquet     rows to validate on; Boucle keeps a third part for itself
  model/model.onnx                             what comes out
  output/failure                               why nothing does
"""

import argparse
import json
import sys
import traceback
from pathlib import Path

import pandas
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

FAILURE_LENGTH = 1024


def read_rows(path, spec):
    """The features, text without gaps and numbers as the graph will get them, and the target."""
    rows = pandas.read_parquet(path)
    features = pandas.DataFrame(
        {
            feature["name"]: rows[feature["name"]].fillna("").astype(str)
            if feature["type"] == "STRING"
            else rows[feature["name"]].astype("float32")
            for feature in spec["features"]
        }
    )
    return features, rows[spec["target"]]


def build(spec, trees, seed):
    texts = [feature["name"] for feature in spec["features"] if feature["type"] == "STRING"]
    numbers = [feature["name"] for feature in spec["features"] if feature["type"] != "STRING"]
    columns = ColumnTransformer(
        [
            ("texts", OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts),
            ("numbers", SimpleImputer(strategy="median"), numbers),
        ]
    )
    forest = RandomForestClassifier if spec["task"] == "CLASSIFICATION" else RandomForestRegressor
    model = forest(n_estimators=trees, min_samples_leaf=3, random_state=seed, n_jobs=-1)
    return Pipeline([("columns", columns), ("model", model)])


def quality(model, features, target, task):
    if task == "CLASSIFICATION":
        return "logLoss", log_loss(target, model.predict_proba(features), labels=model.classes_)
    return "rmse", root_mean_squared_error(target, model.predict(features))


def export(model, spec):
    """One input [None, 1] a feature, named like it; without ZipMap, which is no tensor."""
    inputs = [
        (feature["name"], (StringTensorType if feature["type"] == "STRING" else FloatTensorType)([None, 1]))
        for feature in spec["features"]
    ]
    options = {"zipmap": False} if spec["task"] == "CLASSIFICATION" else None
    return to_onnx(model, initial_types=inputs, options=options).SerializeToString()


def train(root):
    settings = json.loads((root / "input/config/hyperparameters.json").read_text())
    spec = json.loads((root / "input/data/spec/training.json").read_text())
    model = build(spec, trees=int(settings.get("trees", "100")), seed=int(settings["seed"]))
    model.fit(*read_rows(root / "input/data/training/training.parquet", spec))
    validation = read_rows(root / "input/data/validation/validation.parquet", spec)
    name, value = quality(model, *validation, spec["task"])
    print(f"validation:{name}={value};", flush=True)
    (root / "model").mkdir(parents=True, exist_ok=True)
    (root / "model/model.onnx").write_bytes(export(model, spec))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["train"])
    parser.add_argument("--root", type=Path, default=Path("/opt/ml"))
    root = parser.parse_args().root
    try:
        train(root)
    except Exception as error:
        traceback.print_exc()
        (root / "output").mkdir(parents=True, exist_ok=True)
        (root / "output/failure").write_text(f"{type(error).__name__}: {error}"[:FAILURE_LENGTH])
        sys.exit(1)


if __name__ == "__main__":
    main()
