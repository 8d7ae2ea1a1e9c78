"""Does what a function should not, on request."""

import datetime
import os
import sys
import time

from rostersync import clock
from rostersync.errors import InvalidInput, StorageUnavailable

invocations = 0


def lambda_handler(event, context):
    global invocations
    invocations += 1
    match event.get("misbehaviour"):
        case "refuse":
            raise InvalidInput('the field "tenantId" is missing')
        case "fail twice":
            if invocations <= 2:
                raise StorageUnavailable("no room")
        case "loop":
            time.sleep(60)
        case "exit":
            sys.exit(3)
        case "no json":
            return datetime.date(2026, 1, 1)
        case "more than a state holds":
            return "x" * (300 * 1024)
        case "too much":
            return "x" * (6 * 1024 * 1024)
        case "talk":
            sys.stdout.write(f"said {event['text']}\n")
            sys.stderr.write("said aloud\n")
    return {
        "invocations": invocations,
        "environment": sorted(os.environ),
        "where": os.environ["TABLE_NAME"],
        "time": clock.now().isoformat(),
        "pid": os.getpid(),
        "requestId": context.aws_request_id,
        "milliseconds": context.get_remaining_time_in_millis(),
    }
