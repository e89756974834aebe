"""How the demo looks."""

import io

import pytest
from soukdemo.narrator import Narrator
from soukdemo.text import cut, pad, table, width, wrap
from soukdev.market.money import parse, show


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_chinese_character_takes_two_columns() -> None:
    assert width("酒店 HOTEL") == 10
    assert width("e\u0301") == 1
    assert pad("酒店", 6) == "酒店  "
    assert pad("酒店", 6, right=True) == "  酒店"
    assert cut("外滩江景套房", 7) == "外滩江…"
    assert width(cut("外滩江景套房", 6)) <= 6
    assert cut("short", 5) == "short"


def test_lines_break_between_words() -> None:
    assert list(wrap("星巴克 coffee for  two", 13)) == ["星巴克 coffee", "for two"]
    assert list(wrap("", 10)) == []


def test_the_first_column_gives_way() -> None:
    rows = [("a long title here", "1.00 EUR"), ("短", "1000.00 EUR")]
    lines = list(table(rows, "<>", 20))
    assert lines == ["a long…     1.00 EUR", "短       1000.00 EUR"]


@pytest.mark.parametrize(
    ("out", "no_colour", "expected"),
    [(Terminal(), "", True), (Terminal(), "1", False), (io.StringIO(), "", False)],
)
def test_colours_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, out: io.StringIO, no_colour: str, expected: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_colour)
    narrator = Narrator(out)
    narrator.title("Souk")
    narrator.good("well")
    assert ("\033[" in out.getvalue()) == expected


@pytest.mark.parametrize("text", ["0.05 EUR", "12.90 EUR", "1680.00 CNY", "-1.50 EUR"])
def test_money_is_shown_as_it_is_read(text: str) -> None:
    assert show(parse(text)) == text


def test_no_fraction_of_a_cent() -> None:
    with pytest.raises(ValueError, match="two decimals"):
        parse("1.005 EUR")
