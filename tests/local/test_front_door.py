"""The toy template's HTTP API, called over HTTP."""

import base64
import json
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from local.engine import LocalEngine
from local.errors import LocalEngineError, UnsupportedTemplateError
from local.front_door import BODY_LIMIT
from local.http_api import Route, Throttling, read_http_api
from local.http_routes import match_route
from local.template import load_template
from local.throttle import TokenBucket

TOY = Path(__file__).with_name("toy") / "template.yaml"
PORTAL = "https://portal.example"
POLICY = "default-src 'none'; script-src 'self'"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A folder to be served, with something beside it that must not be."""
    root = tmp_path_factory.mktemp("page")
    folder = root / "portal"
    (folder / "parts").mkdir(parents=True)
    (folder / "index.html").write_text("<p>é</p>", "utf-8")
    (folder / "parts" / "tab.js").write_text("export {}")
    (folder / "parts" / "data.unknown").write_bytes(b"\x00\x01")
    (root / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(root / "secret.txt")
    return folder


@pytest.fixture(scope="module")
def url(engine, page):
    return engine.serve_api(static={"/portal/": page}, content_security_policy=POLICY)


@pytest.fixture
def bearer(issuer):
    return {"Authorization": f"Bearer {issuer.token('toy')}"}


def call(method, url, **options):
    return requests.request(method, url, timeout=10, **options)


def event_of(method, url, **options):
    response = call(method, url, **options)
    assert response.status_code == 200, response.text
    return response.json()


def answer_of(url, answer):
    return call("POST", f"{url}/open/x", json={"answer": answer})


def answered(engine):
    """How often the function has answered; one that nobody waits for any more is another."""
    return [invocation.function for invocation in engine.invocations].count("answer")


def raw(url, target, method="GET"):
    """The status of a request whose target is sent as it is written."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        return int(connection.makefile("rb").readline().split()[1])


# -- Events ----------------------------------------------------------------------------------------------


def test_an_event_has_all_that_a_request_has_in_payload_format_2(engine, url, issuer):
    time = datetime(2026, 9, 1, 8, 5, 7, tzinfo=UTC)
    engine.clock.set(time)
    token = issuer.token("toy", {"roles": ["reader", "admin"], "level": 3, "active": True})
    event = event_of(
        "GET",
        f"{url}/runs/7?a=1&b=x%20y&a=2&c",
        headers={"Authorization": f"Bearer {token}", "Cookie": "k=v; l=w", "User-Agent": "test/1"},
    )
    engine.clock.set(None)
    api = engine.template.physical_names["Api"]
    context = event["requestContext"]
    assert context.pop("requestId")
    claims = context.pop("authorizer")["jwt"]["claims"]
    assert (claims["roles"], claims["level"], claims["active"]) == ("[reader admin]", "3", "true")
    assert context == {
        "accountId": "123456789012",
        "apiId": api,
        "domainName": f"{api}.execute-api.eu-west-1.amazonaws.com",
        "domainPrefix": api,
        "http": {
            "method": "GET",
            "path": "/runs/7",
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "test/1",
        },
        "routeKey": "GET /runs/{id}",
        "stage": "$default",
        "time": "01/Sep/2026:08:05:07 +0000",
        "timeEpoch": int(time.timestamp() * 1000),
    }
    headers = event.pop("headers")
    del event["requestContext"]
    assert event == {
        "version": "2.0",
        "routeKey": "GET /runs/{id}",
        "rawPath": "/runs/7",
        "rawQueryString": "a=1&b=x%20y&a=2&c",
        "cookies": ["k=v", "l=w"],
        "queryStringParameters": {"a": "1,2", "b": "x y", "c": ""},
        "pathParameters": {"id": "7"},
        "isBase64Encoded": False,
    }
    assert headers["authorization"] == f"Bearer {token}"
    assert headers["host"] == f"{api}.execute-api.eu-west-1.amazonaws.com"
    assert (headers["x-forwarded-proto"], headers["content-length"]) == ("https", "0")
    assert "cookie" not in headers


def test_what_is_not_in_a_request_is_not_in_its_event(url):
    event = event_of("GET", f"{url}/open/x")
    assert event["rawQueryString"] == ""
    assert event.keys().isdisjoint({"cookies", "queryStringParameters", "stageVariables", "body"})
    assert "authorizer" not in event["requestContext"]


def test_header_names_are_in_lower_case_and_repeated_ones_are_joined(url):
    event = event_of("GET", f"{url}/open/x", headers={"X-One": "1", "X-Forwarded-For": "10.0.0.1"})
    assert event["headers"]["x-one"] == "1"
    assert event["headers"]["x-forwarded-for"] == "10.0.0.1, 127.0.0.1"
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET /open/x HTTP/1.0\r\nHost: x\r\nX-Two: 1\r\nx-two: 2\r\n\r\n")
        body = connection.makefile("rb").read().partition(b"\r\n\r\n")[2]
    assert json.loads(body)["headers"]["x-two"] == "1,2"


def test_paths_and_their_variables_are_decoded(url, bearer):
    event = event_of("GET", f"{url}/runs/a%20b%C3%A9%2540", headers=bearer)
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/runs/a bé%40"
    assert event["pathParameters"] == {"id": "a bé%40"}


def test_an_encoded_question_mark_ends_a_path(url):
    event = event_of("GET", f"{url}/open/a%3Fadmin=1")
    assert (event["rawPath"], event["rawQueryString"]) == ("/open/a", "")


@pytest.mark.parametrize(
    ("content_type", "is_text"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("text/csv", True),
        ("application/xml", True),
        ("application/javascript", True),
        ("application/problem+json", False),
        ("application/x-www-form-urlencoded", False),
        ("application/octet-stream", False),
        (None, False),
    ],
)
def test_a_body_whose_type_is_not_text_comes_in_base64(url, content_type, is_text):
    event = event_of("POST", f"{url}/open/x", data="é".encode(), headers={"Content-Type": content_type})
    assert event["isBase64Encoded"] is not is_text
    assert event["body"] == ("é" if is_text else base64.b64encode("é".encode()).decode())


# -- Routes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/pets/dog/1", "GET /pets/dog/1", {}),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("POST", "/pets/dog/1", "ANY /pets/dog/1", {}),
        ("POST", "/test/5", "ANY /{proxy+}", {"proxy": "test/5"}),
        ("GET", "/pets/dog/", "GET /pets/{proxy+}", {"proxy": "dog/"}),
        ("GET", "/", "$default", {}),
    ],
)
def test_the_most_specific_route_is_taken(method, path, key, parameters):
    keys = [
        "ANY /{proxy+}", "GET /pets/{proxy+}", "GET /pets/dog/{id}", "ANY /pets/dog/1", "GET /pets/dog/1",
    ]  # fmt: skip
    routes = [
        Route(method=route.split()[0], path=route.split()[1], function_arn="")
        for route in ["ANY $default", *keys]
    ]
    match = match_route(routes, method, path)
    assert (match.route.key, dict(match.path_parameters)) == (key, parameters)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nobody"), ("DELETE", "/runs/7"), ("GET", "/runs/"), ("GET", "/runs/7/8")]
)
def test_a_route_that_is_not_there_is_not_found(url, bearer, method, path):
    response = call(method, url + path, headers=bearer)
    assert (response.status_code, response.json()) == (404, {"message": "Not Found"})


@pytest.mark.parametrize(
    "target", ["//runs//7", "/runs/../../x", "http://else.example/runs/7", "/%00", "/%ff"]
)
def test_a_strange_target_is_an_ordinary_request(url, target):
    assert raw(url, target) in {401, 404}


# -- Answers ---------------------------------------------------------------------------------------------


def test_a_functions_answer_arrives_as_it_is(url):
    answer = {
        "statusCode": 201,
        "headers": {"X-Case": "Kept", "Content-Type": "application/problem+json", "x-number": 7},
        "cookies": ["a=1; Secure", "b=2"],
        "body": "{}",
    }
    response = answer_of(url, answer)
    assert (response.status_code, response.text) == (201, "{}")
    assert "X-Case" in list(response.headers)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-number"] == "7"
    assert response.raw.headers.getlist("set-cookie") == ["a=1; Secure", "b=2"]
    assert response.headers["apigw-requestid"]


def test_a_body_in_base64_arrives_decoded(url):
    body = base64.b64encode(b"\x00\xff").decode()
    assert answer_of(url, {"statusCode": 200, "body": body, "isBase64Encoded": True}).content == b"\x00\xff"


def test_an_answer_without_a_status_is_the_body_itself(url):
    for payload, text in [({"a": 1}, '{"a":1}'), ("hello", "hello"), ([1], "[1]")]:
        response = answer_of(url, payload)
        assert (response.status_code, response.text) == (200, text)
        assert response.headers["content-type"] == "application/json"


def test_an_answer_without_a_type_is_plain_text(url):
    response = answer_of(url, {"statusCode": 200, "body": "x"})
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "answer",
    [
        {"statusCode": "fine"},
        {"statusCode": 99},
        {"statusCode": True},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": "?", "isBase64Encoded": True},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": ["b"]}},
        {"statusCode": 200, "headers": {"a": "b\r\nc: d"}},
        {"statusCode": 200, "headers": {"a b": "c"}},
    ],
)
def test_what_is_no_answer_is_an_error_of_the_server(url, answer):
    response = answer_of(url, answer)
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})


def test_a_functions_error_tells_the_client_nothing(url):
    response = call("POST", f"{url}/open/x", json={"error": "a secret"})
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})


def test_a_function_that_takes_longer_than_its_integration_may_is_not_waited_for(url):
    response = call("GET", f"{url}/hurried")
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})


def test_an_integration_may_take_30_seconds_when_the_template_says_nothing(engine):
    timeouts = {route.key: route.timeout for route in read_http_api(engine.template).routes}
    assert (timeouts["GET /runs/{id}"], timeouts["GET /hurried"]) == (30, 0.05)


@pytest.mark.parametrize("size", [BODY_LIMIT + 1, 5 * 1024 * 1024])
def test_a_body_over_the_limit_of_the_api_or_of_lambda_is_refused(url, size):
    response = call("POST", f"{url}/open/x", data=b"\x00" * size)
    assert (response.status_code, response.json()) == (413, {"message": "Request Entity Too Large"})


def test_a_body_in_chunks_is_a_body(url):
    event = event_of("POST", f"{url}/open/x", data=iter([b"a", b"b"]), headers={"Content-Type": "text/plain"})
    assert (event["body"], event["headers"]["content-length"]) == ("ab", "2")


# -- Authorizer ------------------------------------------------------------------------------------------


def test_who_brings_no_token_or_a_bad_one_does_not_reach_the_function(engine, url, issuer):
    before = answered(engine)
    bad = issuer.bad_tokens("toy")
    answers = [call("GET", f"{url}/runs/7", headers={"Authorization": token}) for token in bad.values()]
    answers.append(call("GET", f"{url}/runs/7"))
    assert {(answer.status_code, answer.text) for answer in answers} == {(401, '{"message":"Unauthorized"}')}
    assert all(answer.headers["www-authenticate"].startswith("Bearer") for answer in answers)
    assert answered(engine) == before


def test_a_route_that_asks_for_scopes_forbids_who_has_none_of_them(url, issuer, bearer):
    response = call("POST", f"{url}/runs", headers=bearer)
    assert (response.status_code, response.json()) == (403, {"message": "Forbidden"})
    token = issuer.token("toy", scope="toy.read toy.write")
    event = event_of("POST", f"{url}/runs", headers={"Authorization": token})
    jwt = event["requestContext"]["authorizer"]["jwt"]
    assert (jwt["scopes"], jwt["claims"]["scope"]) == (["toy.write"], "toy.read toy.write")


# -- CORS ------------------------------------------------------------------------------------------------


def preflight(url, origin=PORTAL):
    return call("OPTIONS", url, headers={"Origin": origin, "Access-Control-Request-Method": "POST"})


def cors_of(response):
    return {name.lower(): value for name, value in response.headers.items() if "-Allow-" in name.title()}


@pytest.mark.parametrize("path", ["/runs/7", "/open/x", "/nobody"])
def test_a_preflight_is_answered_by_the_api_itself_without_a_token(engine, url, path):
    before = answered(engine)
    response = preflight(url + path)
    assert (response.status_code, response.content) == (204, b"")
    assert cors_of(response) == {
        "access-control-allow-origin": PORTAL,
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "authorization,content-type",
        "access-control-allow-credentials": "true",
    }
    assert response.headers["access-control-max-age"] == "600"
    assert answered(engine) == before


def test_a_preflight_of_another_origin_allows_nothing(url):
    response = preflight(f"{url}/runs/7", "https://portal.example.evil.example")
    assert (response.status_code, cors_of(response)) == (204, {})


def test_a_preflight_of_a_route_for_any_method_meets_its_authorizer_as_on_aws(url):
    assert preflight(f"{url}/guarded/x").status_code == 401


def test_an_answer_to_an_allowed_origin_has_the_apis_cors_headers_and_not_the_functions(url):
    own = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*", "Access-Control-Max-Age": "1"}}
    for origin, allowed in [(PORTAL, PORTAL), ("https://other.example", "https://other.example")]:
        response = call("POST", f"{url}/open/x", json={"answer": own}, headers={"Origin": origin})
        assert cors_of(response) == {
            "access-control-allow-origin": allowed,
            "access-control-allow-credentials": "true",
        }
        assert "access-control-max-age" not in response.headers
    response = call("POST", f"{url}/open/x", json={"answer": own}, headers={"Origin": "https://evil.example"})
    assert cors_of(response) == cors_of(answer_of(url, own)) == {}


# -- Limits ----------------------------------------------------------------------------------------------


def test_a_bucket_gives_its_burst_at_once_and_its_rate_after_that():
    now = [100.0]
    bucket = TokenBucket(Throttling(rate=2, burst=3), lambda: now[0])
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    now[0] += 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    now[0] += 60
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    now[0] -= 1000
    assert bucket.take() is False


# -- Files beside the API --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/portal/", "text/html; charset=utf-8"),
        ("/portal/index.html", "text/html; charset=utf-8"),
        ("/portal/parts/tab.js", "text/javascript; charset=utf-8"),
        ("/portal/parts/data.unknown", "application/octet-stream"),
    ],
)
def test_a_file_is_served_with_its_type_and_the_policy(url, path, content_type):
    response = call("GET", url + path)
    assert response.status_code == 200
    assert response.headers["content-type"] == content_type
    assert response.headers["content-security-policy"] == POLICY
    assert response.headers["x-content-type-options"] == "nosniff"


def test_a_file_is_read_anew_each_time(url, page):
    (page / "parts" / "new.txt").write_text("new")
    assert call("GET", f"{url}/portal/parts/new.txt").text == "new"


@pytest.mark.parametrize(
    "target",
    [
        "/portal/nobody.js",
        "/portal/parts",
        "/portal/parts/",
        "/portal/link.txt",
        "/portal/../secret.txt",
        "/portal/%2e%2e/secret.txt",
        "/portal/..%2fsecret.txt",
        "/portal/%252e%252e/secret.txt",
        "/portal/..%5csecret.txt",
        "/portal//etc/passwd",
        "/portal/%2fetc%2fpasswd",
        "/portal/index.html%00.js",
        "/portal",
    ],
)
def test_nothing_else_is_served(url, target):
    assert raw(url, target) == 404


def test_files_are_only_read(url):
    assert call("POST", f"{url}/portal/index.html").status_code == 404


# -- From template to address ----------------------------------------------------------------------------


def test_the_template_knows_the_apis_address_on_aws(engine):
    address = f"https://{engine.template.physical_names['Api']}.execute-api.eu-west-1.amazonaws.com"
    assert engine.template.outputs["ApiUrl"] == engine.template.outputs["ApiEndpoint"] == address


def test_the_api_is_served_once(engine, url):
    assert engine.api_url == url
    with pytest.raises(LocalEngineError, match="is served at"):
        engine.serve_api()


def written(tmp_path, text):
    path = tmp_path / "template.yaml"
    path.write_text(f"Transform: AWS::Serverless-2016-10-31\n{text}")
    return path


@pytest.mark.parametrize(
    "api",
    [
        "{StageName: test, CorsConfiguration: true}",
        "{CorsConfiguration: true, RouteSettings: {'GET /x': {ThrottlingRateLimit: 1}}}",
        "{DefinitionUri: api.yaml}",
    ],
)
def test_an_api_that_the_engine_does_not_serve_is_refused(tmp_path, api):
    path = written(tmp_path, f"Resources: {{A: {{Type: 'AWS::Serverless::HttpApi', Properties: {api}}}}}")
    with pytest.raises(UnsupportedTemplateError):
        read_http_api(load_template(path))


def test_an_authorizer_that_reads_no_header_is_refused(tmp_path):
    text = TOY.read_text().replace("$request.header.Authorization", "$request.querystring.token")
    (tmp_path / "tests" / "local").mkdir(parents=True)
    path = tmp_path / "tests" / "local" / "template.yaml"
    path.write_text(text)
    for name in ("functions", "statemachines"):
        (path.parent / name).symlink_to(TOY.with_name(name))
    with pytest.raises(UnsupportedTemplateError, match="Token is not a JWT authorizer"):
        read_http_api(load_template(path))


def test_a_template_without_an_api_has_no_address(tmp_path):
    template = load_template(written(tmp_path, "Resources: {B: {Type: 'AWS::S3::Bucket'}}"))
    assert read_http_api(template) is None
    assert LocalEngine(written(tmp_path, "Resources: {B: {Type: 'AWS::S3::Bucket'}}")).api_url == ""
