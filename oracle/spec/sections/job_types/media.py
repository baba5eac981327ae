"""A `media_transcode`."""

from __future__ import annotations

from oracle.spec.fields import Section, Text, documented
from oracle.spec.sections.job_types.job_kind import JobKind


class Media(Section):
    """A transcoding."""

    input: Text = documented("The file or URI to transcode.", example="./talk.mov")
    profile: Text = documented("The name of the output profile.", example="h264-1080p")


KIND = JobKind(
    "media_transcode", "media", "media_checks", ("file/1",), "media: {input: ./talk.mov, profile: h264-1080p}"
)
