"""The report shows what networks left beside it, and says nothing where there is nothing."""

import base64

import pytest

from landscape_control.claims import all_claims
from landscape_control.display.report import reproduce


@pytest.fixture
def claims(sample_claims):
    return all_claims()


def test_pictures_of_networks_beside_the_page_are_on_it(claims, tmp_path):
    pixel = b"a picture, as far as the page is concerned"
    place = tmp_path / "networks" / "derived"
    place.mkdir(parents=True)
    (place / "ratios.png").write_bytes(pixel)
    (place / "ratios.pdf").write_bytes(b"")
    page = reproduce(claims, tmp_path).page.read_text(encoding="utf-8")
    assert base64.b64encode(pixel).decode() in page
    assert "Networks: derived/ratios" in page
    assert "ratios.png and ratios.pdf" in page


def test_without_networks_the_page_has_no_such_part(claims, tmp_path):
    page = reproduce(claims, tmp_path).page.read_text(encoding="utf-8")
    assert "Networks in training" not in page
