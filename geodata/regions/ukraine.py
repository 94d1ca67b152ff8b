"""Ukraine's 27 first-level units: ISO 3166-2 code, OCHA P-code and usual English name."""

from typing import NamedTuple


class UkrainianUnit(NamedTuple):
    """`pcode` is also how the unit's codes begin in the official codifier (KATOTTG)."""

    code: str
    pcode: str
    name_en: str


UNITS = (
    UkrainianUnit("UA-05", "UA05", "Vinnytsia Oblast"),
    UkrainianUnit("UA-07", "UA07", "Volyn Oblast"),
    UkrainianUnit("UA-09", "UA44", "Luhansk Oblast"),
    UkrainianUnit("UA-12", "UA12", "Dnipropetrovsk Oblast"),
    UkrainianUnit("UA-14", "UA14", "Donetsk Oblast"),
    UkrainianUnit("UA-18", "UA18", "Zhytomyr Oblast"),
    UkrainianUnit("UA-21", "UA21", "Zakarpattia Oblast"),
    UkrainianUnit("UA-23", "UA23", "Zaporizhzhia Oblast"),
    UkrainianUnit("UA-26", "UA26", "Ivano-Frankivsk Oblast"),
    UkrainianUnit("UA-30", "UA80", "Kyiv"),
    UkrainianUnit("UA-32", "UA32", "Kyiv Oblast"),
    UkrainianUnit("UA-35", "UA35", "Kirovohrad Oblast"),
    UkrainianUnit("UA-40", "UA85", "Sevastopol"),
    UkrainianUnit("UA-43", "UA01", "Autonomous Republic of Crimea"),
    UkrainianUnit("UA-46", "UA46", "Lviv Oblast"),
    UkrainianUnit("UA-48", "UA48", "Mykolaiv Oblast"),
    UkrainianUnit("UA-51", "UA51", "Odesa Oblast"),
    UkrainianUnit("UA-53", "UA53", "Poltava Oblast"),
    UkrainianUnit("UA-56", "UA56", "Rivne Oblast"),
    UkrainianUnit("UA-59", "UA59", "Sumy Oblast"),
    UkrainianUnit("UA-61", "UA61", "Ternopil Oblast"),
    UkrainianUnit("UA-63", "UA63", "Kharkiv Oblast"),
    UkrainianUnit("UA-65", "UA65", "Kherson Oblast"),
    UkrainianUnit("UA-68", "UA68", "Khmelnytskyi Oblast"),
    UkrainianUnit("UA-71", "UA71", "Cherkasy Oblast"),
    UkrainianUnit("UA-74", "UA74", "Chernihiv Oblast"),
    UkrainianUnit("UA-77", "UA73", "Chernivtsi Oblast"),
)
BY_CODE = {unit.code: unit for unit in UNITS}
