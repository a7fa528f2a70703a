"""A large file goes from the browser straight to S3, and with the form where S3 cannot be reached."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Request, expect

from tests.e2e.conftest import Portal, Visit
from tests.support.servers import Services


def test_a_large_table_goes_straight_to_s3(portal: Portal, visit: Visit, services: Services, tmp_path: Path) -> None:
    table = tmp_path / "large.csv"
    row = "x" * 600
    table.write_text("id,text\n" + "".join(f"{key},{row}\n" for key in range(9000)))
    page = visit(portal.admin)
    sent: list[str] = []

    def noticed(request: Request) -> None:
        if request.method == "POST":
            sent.append(request.url)

    page.on("request", noticed)
    page.goto("/transforms/new/")
    page.get_by_label("Upload a CSV or Parquet file").set_input_files(table)
    page.get_by_role("button", name="Upload and preview").dblclick()  # as some press everything
    expect(page.get_by_text("9,000 rows")).to_be_visible()
    assert [url.startswith(services.s3_url) for url in sent] == [True, False]

    # Back, from the browser's memory, which Playwright switches off: an answer without a page leaves this one where it is.
    page.goto("/transforms/new/")
    page.get_by_label("Upload a CSV or Parquet file").set_input_files(table)
    page.route("**/transforms/new/", lambda route: route.fulfill(status=204))
    with page.expect_request(lambda request: request.url.endswith("/transforms/new/")):
        page.get_by_role("button", name="Upload and preview").click()
    expect(page.get_by_label("Upload a CSV or Parquet file")).to_be_disabled()
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page.get_by_label("Upload a CSV or Parquet file")).to_be_enabled()
    expect(page.get_by_role("button", name="Upload and preview")).to_be_enabled()
    expect(page.locator("[name=direct]")).to_have_count(0)
    page.unroute("**/transforms/new/")

    page.route(f"{services.s3_url}/**", lambda route: route.abort())
    page.goto("/transforms/new/")
    page.get_by_label("Upload a CSV or Parquet file").set_input_files(table)
    page.get_by_role("button", name="Upload and preview").click()
    expect(page.get_by_text("9,000 rows")).to_be_visible()
