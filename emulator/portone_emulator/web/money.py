"""Human-readable amounts."""

from __future__ import annotations

# ISO 4217: the currencies whose number of decimals is not 2.
_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS_OF = {code: digits for digits, codes in _DIGITS.items() for code in codes.split()}


def money(amount: int, currency: str) -> str:
    """Format an amount given in the currency's smallest unit: `1,000 KRW`, `10.00 USD`."""
    digits = _DIGITS_OF.get(currency, 2)
    whole, rest = divmod(abs(amount), 10**digits)
    sign = "-" if amount < 0 else ""
    fraction = f".{rest:0{digits}}" if digits else ""
    return f"{sign}{whole:,}{fraction} {currency}"
