"""An `inference`."""

from __future__ import annotations

from oracle.spec.fields import Section, Text, documented
from oracle.spec.sections.job_types.job_kind import JobKind


class Inference(Section):
    """A model applied to inputs."""

    model: Text = documented("The model, best with its digest.", example="./models/classifier.onnx")
    input: Text = documented("The file or URI with the inputs.", example="./batch.json")


KIND = JobKind(
    "inference",
    "inference",
    "label_agreement",
    ("file/1",),
    "inference: {model: ./models/classifier.onnx, input: ./batch.json}",
)
