"""Names of months as date(1), journalctl and dmesg -T print them (%b of the locale): a table, one row a month."""

from __future__ import annotations

# English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Czech, Swedish, Danish, Finnish, Turkish,
# Russian; glibc's and CLDR's short names, without the dot that some put behind them.
_ROWS = (
    "jan janv jän ene gen sty led tammi oca янв",
    "feb févr fév fev febbr lut úno helmi şub фев",
    "mar mär märz mars mrt mrz bře maalis мар",
    "apr avr abr kwi dub huhti nis апр",
    "may mai maj mag mei kvě touko мая май",
    "jun juin giu cze čer kesä haz июн",
    "jul juil lug lip čec heinä tem июл",
    "aug août aou ago sie srp elo ağu авг",
    "sep sept set wrz zář syys eyl сен",
    "oct okt out ott paź říj loka eki окт",
    "nov lis marras kas ноя",
    "dec dez déc dic dez gru pro joulu ara дек",
)
# Czech and Polish both have "lis" (October and November): Polish journals are the commoner.
_NUMBERS = {name.encode(): number for number, row in enumerate(_ROWS, 1) for name in row.split()}
# 5月, 9월
_NUMBERED = ("月".encode(), "월".encode())
# A month's name, in UTF-8.
NAME = rb"(?:[A-Za-z\x80-\xff]{2,12}\.?|1?[0-9](?:" + b"|".join(_NUMBERED) + rb"))"


def month_of(word: bytes) -> int | None:
    """1..12; None for what is no month's name."""
    for ending in _NUMBERED:
        number = word[: -len(ending)]
        if word.endswith(ending) and number.isdigit():
            return int(number) if 1 <= int(number) <= 12 else None
    known = _NUMBERS.get(word.rstrip(b".").lower())
    if known is None:
        known = _NUMBERS.get(word.decode("utf-8", "replace").rstrip(".").lower().encode())
    return known
