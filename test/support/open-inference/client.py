"""Asks a server through Triton's client for the Open Inference Protocol, and prints what it understood as JSON."""

import json
import sys

import numpy as np
import tritonclient.http as http

address, token = sys.argv[1:]
headers = {"Authorization": f"Bearer {token}"}
client = http.InferenceServerClient(address)


def tensor(name: str, values: np.ndarray, datatype: str, binary: bool = False) -> http.InferInput:
    given = http.InferInput(name, list(values.shape), datatype)
    given.set_data_from_numpy(values, binary_data=binary)
    return given


def columns(binary: bool = False) -> list[http.InferInput]:
    return [
        tensor("wind", np.array([2, 0], dtype=np.float32), "FP32", binary),
        tensor("precipitation", np.array([1, 0.5], dtype=np.float64), "FP64", binary),
        tensor("holiday", np.array([True, False]), "BOOL", binary),
        tensor("station", np.array(["north", "south"], dtype=np.object_), "BYTES", binary),
    ]


def problem(model: str, inputs: list[http.InferInput]) -> dict:
    try:
        client.infer(model, inputs, headers=headers)
    except http.InferenceServerException as error:
        return {"status": error.status(), "message": error.message()}
    raise AssertionError("the server did not refuse")


def infer(model: str, inputs: list[http.InferInput], names: list[str], version: str = "") -> dict:
    outputs = [http.InferRequestedOutput(name, binary_data=False) for name in names]
    result = client.infer(model, inputs, version, outputs, request_id="asked", headers=headers)
    answer = result.get_response()
    return {
        "id": answer["id"],
        "version": answer["model_version"],
        "outputs": {name: result.as_numpy(name).tolist() for name in names},
    }


matrix = tensor("X", np.array([[2, 1, 1, 0], [0, 0.5, 0, 0]], dtype=np.float32), "FP32")
print(
    json.dumps(
        {
            "live": client.is_server_live(),
            "ready": client.is_server_ready(),
            "server": client.get_server_metadata(headers=headers)["name"],
            "modelReady": client.is_model_ready("temperature", headers=headers),
            "nobodyReady": client.is_model_ready("nobody", headers=headers),
            "inputs": [one["name"] for one in client.get_model_metadata("temperature", headers=headers)["inputs"]],
            "temperature": infer("temperature", columns(), ["predict"]),
            "versioned": infer("temperature", columns(), ["predict"], "1"),
            "matrix": infer("temperature", [matrix], ["predict"]),
            "weather": infer("weather", columns(), ["predict", "predict_proba"]),
            "unknown": problem("nobody", columns()),
            "binary": problem("temperature", columns(binary=True)),
        }
    )
)
