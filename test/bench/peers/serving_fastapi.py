"""A forest behind FastAPI as its documentation has it: types in and out, the model loaded once. MODEL is a joblib file."""

import os

import joblib
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel, create_model

model = joblib.load(os.environ["MODEL"])
columns = os.environ["COLUMNS"].split(",")

Row = create_model("Row", **{name: (float, ...) for name in columns})


class Request(BaseModel):
    rows: list[Row]


class Prediction(BaseModel):
    value: str
    probabilities: dict[str, float]


class Answer(BaseModel):
    predictions: list[Prediction]


app = FastAPI()


@app.post("/predict")
async def predict(request: Request) -> Answer:
    matrix = np.array([[getattr(row, name) for name in columns] for row in request.rows], dtype=np.float32)
    probabilities = model.predict_proba(matrix).tolist()
    return Answer(
        predictions=[
            Prediction(value="1" if one > zero else "0", probabilities={"0": zero, "1": one})
            for zero, one in probabilities
        ]
    )
