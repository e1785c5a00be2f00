"""Login, one refresh before the end, one retry after a refusal, pauses after failures, no secret in texts."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.freight.authority_api import AuthorityApi
from edge_gateway.freight.login import LEAD_MS, LOGIN, REFRESH, Ask, Login, LoginError, is_refused

SECRET = "correct horse"
LIFE_S = 7200


def new_login(secret: str = SECRET) -> Login:
    return Login("company-1", lambda: secret, lambda: 0.0)


def taken(login: Login, now_ms: int, token: str = "t1") -> Ask:
    """The next request, answered with a token."""
    ask = login.next_ask(now_ms)
    assert ask is not None
    login.took(ask, 200, {"token": token, "expires_in_s": LIFE_S}, now_ms)
    return ask


def test_it_logs_in_once_and_refreshes_once_before_the_end() -> None:
    login = new_login()
    assert taken(login, 0).path == LOGIN
    due = LIFE_S * 1000 - LEAD_MS
    assert login.next_ask(due - 1) is None
    ask = taken(login, due, "t2")
    assert (ask.path, ask.token, login.token) == (REFRESH, "t1", "t2")
    assert login.next_ask(due + 1) is None
    assert login.next_ask(due + LIFE_S * 1000 - LEAD_MS) == Ask(REFRESH, {}, "t2")


def test_a_refresh_that_fails_is_not_tried_again_and_the_end_brings_a_login() -> None:
    login = new_login()
    taken(login, 0)
    due = LIFE_S * 1000 - LEAD_MS
    ask = login.next_ask(due)
    assert ask is not None
    login.failed(ask, due)
    assert login.next_ask(due + 1) is None
    assert login.token == "t1"
    again = login.next_ask(LIFE_S * 1000)
    assert again is not None
    assert again.path == LOGIN


def test_a_short_life_is_refreshed_at_nine_tenths() -> None:
    login = new_login()
    ask = login.next_ask(0)
    assert ask is not None
    login.took(ask, 200, {"token": "t", "expires_in_s": 10}, 0)
    assert login.next_ask(8_999) is None
    assert login.next_ask(9_000) is not None


def test_a_refused_token_is_forgotten_but_a_newer_one_is_not() -> None:
    login = new_login()
    taken(login, 0)
    login.refused("t0")
    assert login.token == "t1"
    login.refused("t1")
    assert taken(login, 1).path == LOGIN


def test_failures_are_followed_by_growing_pauses() -> None:
    login, now_ms, pauses = new_login(), 0, []
    for _ in range(10):
        ask = login.next_ask(now_ms)
        assert ask is not None
        with pytest.raises(LoginError, match="answered 403, code 2001") as caught:
            login.took(ask, 403, {"code": 2001}, now_ms)
        pauses.append(caught.value.wait_ms)
        with pytest.raises(LoginError, match="waiting"):
            login.next_ask(now_ms + caught.value.wait_ms - 1)
        now_ms += caught.value.wait_ms
    assert pauses[:4] == [1000, 2000, 4000, 8000]
    assert pauses[-1] == 300_000


@pytest.mark.parametrize(
    "answer",
    [None, [], {}, {"token": ""}, {"token": "t"}, {"token": "a\nb", "expires_in_s": 5},
     {"token": "t", "expires_in_s": 0}, {"token": "t", "expires_in_s": True},
     {"token": 5, "expires_in_s": 5}],
)  # fmt: skip
def test_an_answer_without_a_token_is_a_failure(answer: Any) -> None:
    login = new_login()
    ask = login.next_ask(0)
    assert ask is not None
    with pytest.raises(LoginError):
        login.took(ask, 200, answer, 0)
    assert not login.token


def test_no_secret_and_no_token_in_any_text() -> None:
    login = new_login()
    ask = login.next_ask(0)
    assert SECRET not in repr(ask)
    assert is_refused(401, None)
    assert is_refused(200, {"code": 2001})
    assert not is_refused(403, {"code": 3005})


class _Handler(BaseHTTPRequestHandler):
    """The authority's API in miniature: tokens are t1, t2, …; only the last one made is good."""

    seen: list[tuple[str, str]]
    refuse_all = False

    def log_message(self, *_: Any) -> None:
        """Nothing on standard error."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).seen.append((self.path, self.headers.get("Authorization", "")))
        if self.path == LOGIN and body != {"account": "company-1", "secret": SECRET}:
            return self._answer(401, {"code": 2001})
        made = sum(path in (LOGIN, REFRESH) for path, _ in type(self).seen)
        return self._answer(200, {"token": f"t{made}", "expires_in_s": LIFE_S})

    def do_GET(self) -> None:
        token = self.headers.get("Authorization", "")
        type(self).seen.append((self.path, token))
        made = sum(path in (LOGIN, REFRESH) for path, _ in type(self).seen)
        good = token == f"Bearer t{made}" and not self.refuse_all
        self._answer(200 if good else 401, {"fine": True} if good else {"code": 2001})

    def _answer(self, status: int, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("ETag", '"7"')
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def server() -> Iterator[tuple[str, type[_Handler]]]:
    handler = type("Handler", (_Handler,), {"seen": []})
    served = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{served.server_address[1]}", handler
    served.shutdown()
    served.server_close()
    thread.join()


def api_of(address: str, folder: Path, secret: str = SECRET) -> AuthorityApi:
    (folder / "secret").write_text(secret + "\n")
    return AuthorityApi(address, "company-1", folder / "secret")


def test_calls_log_in_by_themselves_and_once(server: tuple[str, type[_Handler]], tmp_path: Path) -> None:
    address, handler = server
    api = api_of(address, tmp_path)
    answers = [api.call("GET", "/v1/x") for _ in range(2)]
    assert [(one.status, one.value, one.headers["etag"]) for one in answers] == [
        (200, {"fine": True}, '"7"')
    ] * 2
    assert [path for path, _ in handler.seen] == [LOGIN, "/v1/x", "/v1/x"]


def test_an_expired_token_is_followed_by_one_login_and_one_retry(
    server: tuple[str, type[_Handler]], tmp_path: Path
) -> None:
    address, handler = server
    api = api_of(address, tmp_path)
    api.call("GET", "/v1/x")
    handler.seen.append((LOGIN, ""))  # the authority gave a newer one elsewhere: ours is good no more
    assert api.call("GET", "/v1/x").status == 200
    assert [path for path, _ in handler.seen[3:]] == ["/v1/x", LOGIN, "/v1/x"]
    handler.refuse_all = True
    before = len(handler.seen)
    assert api.call("GET", "/v1/x").status == 401
    assert [path for path, _ in handler.seen[before:]] == ["/v1/x", LOGIN, "/v1/x"]  # once, not for ever


def test_a_wrong_secret_waits_and_stands_in_no_log(
    server: tuple[str, type[_Handler]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api = api_of(server[0], tmp_path, "another secret")
    for _ in range(3):
        with pytest.raises(LoginError) as caught:
            api.call("GET", "/v1/x")
        assert "another secret" not in str(caught.value) + caplog.text
    assert len(server[1].seen) == 1  # the others waited


def test_an_authority_that_is_away(tmp_path: Path) -> None:
    api = api_of("http://127.0.0.1:1", tmp_path)
    with pytest.raises(OSError, match="refused"):
        api.call("GET", "/v1/x")
    with pytest.raises(LoginError, match="waiting"):
        api.call("GET", "/v1/x")
    with pytest.raises(ValueError, match="is wanted"):
        AuthorityApi("authority:80", "a", "s")
