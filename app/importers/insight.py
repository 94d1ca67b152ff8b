"""Column labels of Insecurity Insight's two tables: those that are read, and the others."""

from __future__ import annotations

OWN = "sind event id"
"""A label that no other table has."""

FACILITIES = "number of attacks on health facilities reporting "
LABELS = {
    "date": "#date",
    "event description": "#description",
    "country": "#country+name",
    "country iso": "#country+code",
    "admin 1": "#adm1+name",
    "latitude": "#geo+lat",
    "longitude": "#geo+lon",
    "geo precision": "#geo+precision",
    "sector affected": "#sector",
    "explosive weapon type": "#weapon",
    "launch type": "#weapon+launch",
    "weapon carried/used": "#weapon",
    "reported perpetrator name": "#group+perp+name",
    "affected": "#affected+what",
    "aid workers killed": "#affected+aidworker+killed",
    "health workers killed": "#affected+healthworker+killed",
    "aid health workers killed": "#affected+aid_healthworker+killed",
    "educators killed": "#affected+teacher+killed",
    "students killed": "#affected+student+killed",
    "health workers injured": "#affected+healthworker+injured",
    FACILITIES + "destruction": "#indicator+health_facility+destroyed+num",
    FACILITIES + "damaged": "#indicator+health_facility+damaged+num",
    "health transportation destroyed": "#indicator+health_transport+destroyed+num",
    "health transportation damaged": "#indicator+health_transport+damaged+num",
    "sind event id": "#event+id",
}
"""The HXL tag of each column, by its label in lower case.

Of a repeated label the first column is read: the health care file repeats two of them.
"""

ALWAYS = ("date", "country iso", OWN)
"""Labels that both tables have in every release known to us."""

UNREAD = frozenset(
    (
        "provider",
        "reported perpetrator",
        "forceful entry into health facility",
        "occupation of health facility",
        "health transportation stolen/highjacked",
        "looting/theft/robbery/burglary of health supplies",
        "obstruction to health care",
        "health workers kidnapped",
        "health workers arrested",
        "known kidnapping or arrest outcome",
        "health workers threatened",
        "health workers assaulted",
        "health workers sexually assaulted",
        "reported health worker profession",
        "international health workers working within the aid system kill",
        "international health worker outside the aid structure killed",
        "national employees of international aid agencies killed",
        "national employees of local ngo killed",
        "health worker working within national health structure killed",
        "national health worker working for unspecified health provider",
        "health workers working for ingo, icrc or un killed",
        "health workers working for lngo, ngo or national society of th",
        "health workers working for local health structure killed",
        "health workers killed in captivity",
        "female health workers killed",
        "male health workers killed",
        "international health workers working within the aid system inju",
        "international health worker outside the aid structure injured",
        "national employees of international aid agencies injured",
        "health worker working within national health structure injured",
        "female health workers injured",
        "male health workers injured",
        "international health workers working within the aid system kidn",
        "international health worker outside the aid structure kidnapped",
        "national employees of international aid agencies kidnapped",
        "health worker working within national health structure kidnappe",
        "female health workers kidnapped",
        "male health workers kidanpped",
        "international health workers working within the aid system arre",
        "international health worker outside the aid structure arrested",
        "national employees of international aid agencies arrested or de",
        "health worker working within national health structure arrested",
        "female health workers arrested or detained",
        "male health workers arrested or detained",
        "conflict-related violence",
        "political-related violence",
        "covid-19-related violence",
        "ebola-related violence",
        "vaccination-related violence",
        "food security",
        "location of incident",
    )
)
"""Known and not read: employers, kidnappings, arrests, kinds of violence.

The publisher's file itself cuts off the long labels and misspells one.
"""

KNOWN = frozenset(LABELS) | UNREAD
