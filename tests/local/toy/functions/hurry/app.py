"""Takes longer than its route lets it."""

import time


def lambda_handler(event, context):
    time.sleep(0.3)
    return {"statusCode": 200}
