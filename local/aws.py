"""Account, region and a session that reads nothing of the machine's own AWS set-up."""

import os
from typing import Final

import boto3
import botocore.session

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-west-1"

CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_SESSION_TOKEN": "local",
}
"""Accepted by moto, and by nobody else."""


def local_session() -> boto3.Session:
    """A session with the engine's credentials and region, blind to the user's profiles and files."""
    core = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    return boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=CREDENTIALS["AWS_SESSION_TOKEN"],
        region_name=REGION,
        botocore_session=core,
    )
