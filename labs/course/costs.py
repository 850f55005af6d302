"""What a private ECR registry would cost in a month, from a small dated price table.

An upper bound on purpose: free allowances are listed and never subtracted, since they depend on the account's age and
on what its other services use. The lessons show the date and the official page beside every amount.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from labs.base.errors import LabError

OFFICIAL_PAGE = "https://aws.amazon.com/ecr/pricing/"
READ_IN = "2026-03"
"""When the sources named below read these figures on AWS's page."""

_CENT = Decimal("0.01")
_MARCH = "https://cloudburn.io/blog/amazon-ecr-pricing"  # cites AWS's page as of March 2026, us-east-1


@dataclass(frozen=True)
class Price:
    """One line of the price table.

    Attributes:
        label: what is paid for, in Portuguese.
        usd: price of one unit.
        unit: the unit, in Portuguese.
        source: where the figure was read.
    """

    label: str
    usd: Decimal
    unit: str
    source: str


@dataclass(frozen=True)
class Allowance:
    """Something free that an estimate does not subtract, and the condition that it depends on."""

    label: str
    condition: str
    source: str


# us-east-1 and us-east-2 have the same rate. Counted on compressed layers, each stored once per repository.
# Beside _MARCH, https://www.wring.co/blog/aws-ecr-pricing-guide (2026-03-15) gives the same figure.
STORAGE = Price("Armazenamento", Decimal("0.10"), "GB por mês", _MARCH)

# First tier, up to 10 TB a month; later tiers are cheaper, so that this stays an upper bound. Same two sources, and
# AWS's own invoice text: “$0.090 per GB - first 10 TB / month data transfer out beyond the global free tier”
# (https://repost.aws/questions/QUAT1NfOeZSAK5z8KXXO9jgA).
TRANSFER_OUT = Price("Transferência para a internet", Decimal("0.09"), "GB", _MARCH)

# Sending images in, and pulling them from the same region's compute, is free of transfer charges (same sources).
TRANSFER_IN = Price("Push para o ECR", Decimal("0"), "GB", _MARCH)
SAME_REGION = Price("Pull na mesma região da AWS", Decimal("0"), "GB", _MARCH)

PRICES = (STORAGE, TRANSFER_OUT, TRANSFER_IN, SAME_REGION)

ALLOWANCES = (
    # https://finops.com.py/services/ecr/overview; the 12-month offers ended for accounts created from 2025-07-15 on:
    # https://freetier.co/articles/aws-free-tier-changes-july-15-2025.
    Allowance(
        "500 MB de armazenamento privado por mês",
        "já acabou: era dos 12 primeiros meses de contas criadas antes de 15 de julho de 2025",
        "https://finops.com.py/services/ecr/overview",
    ),
    Allowance(
        "Créditos de até US$ 200",
        "contas novas, criadas a partir de 15 de julho de 2025",
        "https://freetier.co/articles/aws-free-tier-changes-july-15-2025",
    ),
    # Sources differ on the amount that counts for ECR: 1 GB (cloudburn.io, March 2026) or the account's 100 GB a month
    # (https://awsnegotiations.com/internet-egress-free-tier-guide, May 2026). Hence no figure.
    Allowance(
        "Transferência gratuita para a internet, todo mês",
        "a soma de todos os serviços da conta conta; confira a quantidade na página oficial",
        OFFICIAL_PAGE,
    ),
)


@dataclass(frozen=True)
class Estimate:
    """A month's cost in USD, rounded to cents, without any free allowance.

    Attributes:
        storage_gb: compressed image data kept all month.
        transfer_gb: data pulled to the internet in the month.
    """

    storage_gb: float
    transfer_gb: float
    storage_usd: Decimal
    transfer_usd: Decimal

    @property
    def total_usd(self) -> Decimal:
        return self.storage_usd + self.transfer_usd


def estimate(storage_gb: float, transfer_gb: float) -> Estimate:
    """Estimate a month of a private ECR registry.

    Raises:
        LabError: an amount is negative or not a number.
    """
    for name, value in (("storage_gb", storage_gb), ("transfer_gb", transfer_gb)):
        if not math.isfinite(value) or value < 0:
            raise LabError("A estimativa precisa de quantidades de zero para cima.", f"{name} = {value}")
    return Estimate(
        storage_gb=storage_gb,
        transfer_gb=transfer_gb,
        storage_usd=_usd(storage_gb, STORAGE),
        transfer_usd=_usd(transfer_gb, TRANSFER_OUT),
    )


def _usd(amount: float, price: Price) -> Decimal:
    return (Decimal(str(amount)) * price.usd).quantize(_CENT, rounding=ROUND_HALF_UP)
