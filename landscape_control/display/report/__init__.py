"""What a run of the claims leaves behind: table, CSV, pictures and one page of HTML."""

from .atlas import atlas_page, write_atlas
from .documents import claim_document, describe_solution, outcome_document, verdict_document
from .page import html_page
from .pictures import OVERVIEW, Picture, draw_pictures
from .provenance import Provenance, provenance, provenance_rows
from .reproduction import Reproduction, reproduce, steps
from .table import claim_lines, csv_table, text_table

__all__ = [
    "OVERVIEW",
    "Picture",
    "Provenance",
    "Reproduction",
    "atlas_page",
    "claim_document",
    "claim_lines",
    "csv_table",
    "describe_solution",
    "draw_pictures",
    "html_page",
    "outcome_document",
    "provenance",
    "provenance_rows",
    "reproduce",
    "steps",
    "text_table",
    "verdict_document",
    "write_atlas",
]
