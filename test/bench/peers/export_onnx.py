"""Trains small models with scikit-learn, LightGBM and XGBoost and exports them: python export_onnx.py FOLDER

Writes into FOLDER one .onnx file a model, customers.csv with the data they were trained on, and models.json: for each
file the columns it was made for, some rows, and what the source library itself answers for them.
Run with Python 3.11 and the packages of requirements-export.txt. The result is test/fixtures/foreign-onnx.

All numbers are multiples of 1/64, which float32 holds exactly: no library can see other values than another.
"""

import csv
import json
import sys
from pathlib import Path

import lightgbm
import numpy as np
import onnx
import onnxmltools
import skl2onnx
import sklearn
import xgboost
from onnx import TensorProto, helper, numpy_helper
from onnxmltools.convert.common.data_types import FloatTensorType as MltoolsFloat
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

ROWS = 900
SHOWN = 12
NUMBERS = ["age", "income", "visits", "balance"]
TEXTS = ["city", "device"]
OPSETS = {"": 17, "ai.onnx.ml": 3}


def customers():
    """Columns by name; `income` has gaps."""
    random = np.random.default_rng(20240611)
    exact = lambda values, step: np.round(values / step) * step
    age = exact(random.uniform(18, 80, ROWS), 1)
    income = exact(random.gamma(4, 900, ROWS), 0.25)
    visits = exact(random.poisson(6, ROWS).astype(float), 1)
    balance = exact(random.normal(0, 300, ROWS), 1 / 64)
    city = random.choice(["Lisbon", "Porto", "Braga", "Faro"], ROWS, p=[0.4, 0.3, 0.2, 0.1])
    device = random.choice(["phone", "laptop", "tablet"], ROWS, p=[0.6, 0.3, 0.1])
    gap = random.random(ROWS) < 0.06
    pull = (age - 45) / 15 + (visits - 6) / 2 - balance / 300 + (city == "Porto") - 2 * (device == "tablet")
    churned = np.where(pull + random.normal(0, 1.2, ROWS) > 0, "yes", "no")
    level = income / 1500 + visits / 4 + random.normal(0, 0.6, ROWS)
    tier = np.select([level < 3, level < 4.5], ["basic", "plus"], "prime")
    spend = exact(0.02 * income + 12 * visits + 0.1 * np.abs(balance) + random.normal(0, 15, ROWS), 1 / 64)
    income[gap] = np.nan
    return {
        "age": age, "income": income, "visits": visits, "balance": balance, "city": city, "device": device,
        "churned": churned, "tier": tier, "spend": spend,
    }  # fmt: skip


class Export:
    def __init__(self, folder):
        self.folder, self.data, self.models = folder, customers(), []
        self.numbers = np.column_stack([self.data[name] for name in NUMBERS])

    def add(self, name, library, onnx_model, target, features, expected, classes=None):
        """`expected`: rows of scores as the library computes them, for the first rows of the data."""
        (self.folder / f"{name}.onnx").write_bytes(onnx_model.SerializeToString(deterministic=True))
        task = "REGRESSION" if classes is None else "CLASSIFICATION"
        entry = {"name": name, "library": library, "task": task, "target": target, "features": features}
        if classes is not None:
            entry["classes"] = [str(label) for label in classes]
        rows = [{feature: self.cell(feature, row) for feature in features} for row in range(SHOWN)]
        scores = np.asarray(expected, dtype=float).reshape(SHOWN, -1)
        self.models.append({**entry, "rows": rows, "expected": scores.tolist()})

    def cell(self, column, row):
        value = self.data[column][row]
        if isinstance(value, str):
            return str(value)
        return None if np.isnan(value) else float(value)

    def write(self):
        with (self.folder / "customers.csv").open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(self.data)
            for row in range(ROWS):
                cells = [self.cell(column, row) for column in self.data]
                writer.writerow(["" if cell is None else f"{cell:.10g}" if isinstance(cell, float) else cell for cell in cells])
        packages = [lightgbm, np, onnx, onnxmltools, sklearn, skl2onnx, xgboost]
        versions = {package.__name__: package.__version__ for package in packages}
        (self.folder / "models.json").write_text(json.dumps({"versions": versions, "models": self.models}, indent=1) + "\n")


def mixed_pipeline(model):
    numbers = Pipeline([("fill", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    texts = OneHotEncoder(handle_unknown="ignore")
    return Pipeline([("columns", ColumnTransformer([("numbers", numbers, NUMBERS), ("texts", texts, TEXTS)])), ("model", model)])


def scikit_learn_columns(export, name, model, target, zipmap=False):
    """One input a column, as for a pipeline that was fitted on a data frame."""
    import pandas

    features = NUMBERS + TEXTS
    frame = pandas.DataFrame({column: export.data[column] for column in features})
    pipeline = mixed_pipeline(model).fit(frame, export.data[target])
    inputs = [(column, FloatTensorType([None, 1])) for column in NUMBERS]
    inputs += [(column, StringTensorType([None, 1])) for column in TEXTS]
    is_classifier = hasattr(model, "predict_proba")
    options = {id(pipeline): {"zipmap": zipmap}} if is_classifier and not zipmap else None
    exported = skl2onnx.convert_sklearn(pipeline, name, inputs, options=options, target_opset=OPSETS)
    expected = (pipeline.predict_proba if is_classifier else pipeline.predict)(frame[:SHOWN])
    classes = list(model.classes_) if is_classifier else None
    export.add(name, "scikit-learn", exported, target, features, expected, classes)


def scikit_learn_matrix(export, name, model, target):
    """One input [N, 4] for all columns, as for a pipeline that was fitted on an array."""
    pipeline = Pipeline([("fill", SimpleImputer(strategy="median")), ("model", model)]).fit(export.numbers, export.data[target])
    is_classifier = hasattr(model, "predict_proba")
    options = {id(pipeline): {"zipmap": False}} if is_classifier else None
    inputs = [("X", FloatTensorType([None, len(NUMBERS)]))]
    exported = skl2onnx.convert_sklearn(pipeline, name, inputs, options=options, target_opset=OPSETS)
    expected = (pipeline.predict_proba if is_classifier else pipeline.predict)(export.numbers[:SHOWN])
    export.add(name, "scikit-learn", exported, target, NUMBERS, expected, list(model.classes_) if is_classifier else None)


def lightgbm_models(export):
    settings = {"n_estimators": 25, "num_leaves": 12, "random_state": 7, "n_jobs": 1, "verbose": -1, "deterministic": True}
    inputs = [("input", MltoolsFloat([None, len(NUMBERS)]))]
    classifier = lightgbm.LGBMClassifier(**settings).fit(export.numbers, export.data["churned"])
    exported = onnxmltools.convert_lightgbm(classifier, "lightgbm-classifier", inputs, target_opset=15, zipmap=False)
    expected = classifier.predict_proba(export.numbers[:SHOWN])
    export.add("lightgbm-classifier", "LightGBM", exported, "churned", NUMBERS, expected, classifier.classes_)
    regressor = lightgbm.LGBMRegressor(**settings).fit(export.numbers, export.data["spend"])
    exported = onnxmltools.convert_lightgbm(regressor, "lightgbm-regressor", inputs, target_opset=15)
    export.add("lightgbm-regressor", "LightGBM", exported, "spend", NUMBERS, regressor.predict(export.numbers[:SHOWN]))


def xgboost_models(export):
    """XGBoost knows classes by number only: 0, 1, 2 stand for the tiers in alphabetical order."""
    settings = {"n_estimators": 20, "max_depth": 4, "tree_method": "hist", "random_state": 7, "n_jobs": 1}
    inputs = [("input", MltoolsFloat([None, len(NUMBERS)]))]
    tiers, codes = np.unique(export.data["tier"], return_inverse=True)
    classifier = xgboost.XGBClassifier(**settings).fit(export.numbers, codes)
    exported = onnxmltools.convert_xgboost(classifier, "xgboost-classifier", inputs, target_opset=15)
    expected = classifier.predict_proba(export.numbers[:SHOWN])
    export.add("xgboost-classifier", "XGBoost", exported, "tier", NUMBERS, expected, tiers)
    regressor = xgboost.XGBRegressor(**settings).fit(export.numbers, export.data["spend"])
    exported = onnxmltools.convert_xgboost(regressor, "xgboost-regressor", inputs, target_opset=15)
    export.add("xgboost-regressor", "XGBoost", exported, "spend", NUMBERS, regressor.predict(export.numbers[:SHOWN]))


def neural_network(export):
    """A graph as PyTorch's exporter writes it: (x − mean) / scale, then Gemm and Relu, then Softmax. No label, no classes."""
    features = ["age", "visits", "balance"]
    x = np.column_stack([export.data[name] for name in features])
    scaler = StandardScaler().fit(x)
    network = MLPClassifier((12, 6), activation="relu", max_iter=400, random_state=7).fit(scaler.transform(x), export.data["tier"])
    constants, nodes = {"mean": scaler.mean_, "scale": scaler.scale_}, []
    nodes.append(helper.make_node("Sub", ["input", "mean"], ["centred"]))
    nodes.append(helper.make_node("Div", ["centred", "scale"], ["/0/input"]))
    last = len(network.coefs_) - 1
    for layer, (weight, bias) in enumerate(zip(network.coefs_, network.intercepts_)):
        constants[f"{layer}.weight"], constants[f"{layer}.bias"] = weight.T, bias
        names = [f"/{layer}/input", f"{layer}.weight", f"{layer}.bias"]
        nodes.append(helper.make_node("Gemm", names, [f"/{layer}/output"], transB=1))
        operator, output = ("Softmax", "output") if layer == last else ("Relu", f"/{layer + 1}/input")
        nodes.append(helper.make_node(operator, [f"/{layer}/output"], [output]))
    initializers = [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in constants.items()]
    graph = helper.make_graph(
        nodes,
        "main_graph",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", len(features)])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", len(network.classes_)])],
        initializers,
    )
    model = helper.make_model(graph, producer_name="onnx.helper", opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    expected = network.predict_proba(scaler.transform(x[:SHOWN]))
    export.add("neural-network", "onnx.helper", model, "tier", features, expected, network.classes_)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    export = Export(folder)
    scikit_learn_columns(export, "sklearn-logistic", LogisticRegression(max_iter=500), "churned")
    scikit_learn_columns(export, "sklearn-multinomial", LogisticRegression(max_iter=500), "tier")
    scikit_learn_columns(export, "sklearn-linear", LinearRegression(), "spend")
    scikit_learn_columns(export, "sklearn-zipmap", LogisticRegression(max_iter=500), "churned", zipmap=True)
    forest = {"n_estimators": 12, "max_depth": 6, "random_state": 7}
    scikit_learn_matrix(export, "sklearn-forest-classifier", RandomForestClassifier(**forest), "churned")
    scikit_learn_matrix(export, "sklearn-forest-multiclass", RandomForestClassifier(**forest), "tier")
    scikit_learn_matrix(export, "sklearn-forest-regressor", RandomForestRegressor(**forest), "spend")
    boosting = GradientBoostingRegressor(n_estimators=25, max_depth=3, random_state=7)
    scikit_learn_matrix(export, "sklearn-boosting-regressor", boosting, "spend")
    lightgbm_models(export)
    xgboost_models(export)
    neural_network(export)
    export.write()


main()
