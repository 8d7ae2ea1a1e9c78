"""Stages a list and says where it is."""

import json
import os

import boto3


def lambda_handler(event, context):
    boto3.client("s3").put_object(
        Bucket=os.environ["BUCKET"], Key="items.json", Body=json.dumps(event["items"])
    )
    return {"key": "items.json"}
