"""The sections of a job spec, each good by itself; whether they agree is for `oracle.spec.validation` to say."""
