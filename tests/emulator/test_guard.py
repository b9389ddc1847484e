"""The dashboard and the controls, which need no secret, cannot be used from outside."""

from __future__ import annotations

import socket

import httpx
import pytest

from portone_emulator import Emulator

CONTROL = "/_emulator/decline"
FORM = "application/x-www-form-urlencoded"


def post(emulator: Emulator, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named.setdefault("Content-Type", "application/json")
    content = b"times=1" if named["Content-Type"] == FORM else b'{"times": 1}'
    return httpx.post(
        emulator.url + CONTROL, content=content, headers=named, verify=False
    ).status_code


class TestOtherSites:
    @pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
    @pytest.mark.parametrize("content_type", ["application/json", FORM])
    def test_cross_site_by_sec_fetch_site(
        self, emulator: Emulator, site: str, content_type: str
    ) -> None:
        headers = {"Sec-Fetch-Site": site, "Origin": emulator.url, "Content-Type": content_type}
        assert post(emulator, **headers) == 403

    @pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://127.0.0.1:1", ""])
    def test_cross_site_by_origin(self, emulator: Emulator, origin: str) -> None:
        assert post(emulator, Origin=origin) == 403
        assert post(emulator, Origin=origin, Content_Type=FORM) == 403

    @pytest.mark.parametrize("content_type", [FORM, "text/plain", "multipart/form-data"])
    def test_form_of_unknown_origin(self, emulator: Emulator, content_type: str) -> None:
        assert post(emulator, Content_Type=content_type) == 403

    def test_own_page(self, emulator: Emulator) -> None:
        for content_type in ("application/json", FORM):
            assert post(emulator, Content_Type=content_type, Origin=emulator.url) == 200
            site = {"Sec-Fetch-Site": "same-origin", "Content-Type": content_type}
            assert post(emulator, **site) == 200

    def test_programs_send_neither_header(self, emulator: Emulator) -> None:
        assert post(emulator) == 200
        assert httpx.post(f"{emulator.url}/_emulator/reset", verify=False).status_code == 200

    def test_cross_site_page_can_open_but_not_leave_a_window(self, emulator: Emulator) -> None:
        url = f"{emulator.url}/checkout/order-1?totalAmount=1000"
        headers = {"Sec-Fetch-Site": "cross-site"}
        assert httpx.get(url, headers=headers, verify=False).status_code == 200
        data = {"outcome": "paid", "totalAmount": "1000"}
        assert httpx.post(url, headers=headers, data=data, verify=False).status_code == 403
        assert emulator.payments == {}

    def test_page_cannot_be_framed(self, emulator: Emulator) -> None:
        policy = httpx.get(emulator.url, verify=False).headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy


def get(emulator: Emulator, path: str, host: str) -> int:
    return httpx.get(emulator.url + path, headers={"Host": host}, verify=False).status_code


class TestHost:
    @pytest.mark.parametrize("path", ["/", "/_emulator/state", "/checkout/order-1?totalAmount=1"])
    @pytest.mark.parametrize(
        ("host", "status"),
        [
            ("127.0.0.1:8000", 200),
            ("localhost", 200),
            ("LOCALHOST:80", 200),
            ("shop.localhost:1", 200),
            ("[::1]:8000", 200),
            ("evil.test", 403),
            ("127.0.0.1.evil.test", 403),
            ("localhost.evil.test", 403),
            ("evil.test@127.0.0.1.evil.test", 403),
            ("192.168.0.2:8000", 403),
            ("[", 403),
            ("", 403),
        ],
    )
    def test_loopback_only(self, emulator: Emulator, path: str, host: str, status: int) -> None:
        assert get(emulator, path, host) == status

    def test_allowed_host_names(self) -> None:
        with Emulator(allowed_hosts=["PortOne"]) as emulator:
            assert get(emulator, "/", "portone:8000") == 200
            assert get(emulator, "/", "other") == 403

    def test_api_accepts_any_host_name(self, emulator: Emulator) -> None:
        assert get(emulator, "/payments", "evil.test") == 401
        assert get(emulator, "/banks", "evil.test") == 200


def own_address() -> str:
    """Return a non-loopback address of this machine; no packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no network")
        return sock.getsockname()[0]


def test_other_machines_need_an_allowed_name() -> None:
    address = own_address()
    with Emulator(host="0.0.0.0", allowed_hosts=["box.test"]) as emulator:  # noqa: S104  (what is tested)
        port = emulator.url.rpartition(":")[2]
        assert emulator.url == f"http://127.0.0.1:{port}"

        def status(host: str) -> int:
            url = f"http://{address}:{port}/_emulator/state"
            return httpx.get(url, headers={"Host": host}, verify=False, trust_env=False).status_code

        assert status("localhost") == 403
        assert status(address) == 403
        assert status("box.test") == 200
        assert httpx.get(f"{emulator.url}/_emulator/state", verify=False).status_code == 200


@pytest.mark.anyio
async def test_in_process() -> None:
    emulator = Emulator(allowed_hosts=["emulator"])
    transport = httpx.ASGITransport(emulator.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://emulator") as client:
        body = {"paymentId": "order-1", "totalAmount": 1000}
        assert (await client.post("/_emulator/checkout", json=body)).is_success
        assert "order-1" in (await client.get("/")).text
    assert emulator.payments["order-1"]["status"] == "PAID"
