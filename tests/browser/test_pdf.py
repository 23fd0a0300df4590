"""The PDF of the book has every page, in order, where its table of contents says."""

import re
from io import BytesIO

import pytest
from pypdf import PdfReader

import pdf

FIRST, PARTS = pdf.toc()


@pytest.fixture(scope="module")
def print_book(browser, book):  # skipped, as the fixture of the browser is, without one
    raise NotImplementedError
