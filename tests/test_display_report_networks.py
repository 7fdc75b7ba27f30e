"""The report shows what networks left beside it, and says nothing where there is nothing."""

import base64
import io

import pytest
from PIL import Image

from landscape_control.claims import all_claims
from landscape_control.display.report import reproduce


@pytest.fixture
def claims(sample_claims):
    return all_claims()


def test_pictures_of_networks_beside_the_page_are_on_it(claims, tmp_path):
    place = tmp_path / "networks" / "derived"
    place.mkdir(parents=True)
    Image.new("RGB", (3, 2), "red").save(place / "ratios.png")
    (place / "ratios.pdf").write_bytes(b"")
    page = reproduce(claims, tmp_path).page.read_text(encoding="utf-8")
    code = page.partition('alt="Networks: derived/ratios" src="data:image/webp;base64,')[2]
    with Image.open(io.BytesIO(base64.b64decode(code.partition('"')[0]))) as shown:
        assert shown.size == (3, 2)
    assert "ratios.png and ratios.pdf" in page


def test_without_networks_the_page_has_no_such_part(claims, tmp_path):
    page = reproduce(claims, tmp_path).page.read_text(encoding="utf-8")
    assert "Networks in training" not in page


def test_a_file_that_is_no_picture_is_told_and_does_not_end_the_report(claims, tmp_path):
    (tmp_path / "networks").mkdir()
    (tmp_path / "networks" / "torn.png").write_bytes(b"not a picture")
    page = reproduce(claims, tmp_path).page.read_text(encoding="utf-8")
    assert "torn.png could not be read" in page
