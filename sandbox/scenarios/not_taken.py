"""The calls in which somebody answers and nothing is agreed."""

from sandbox.agent_script import AgentScript
from sandbox.callees.askers import asking_shop_unanswered
from sandbox.callees.foreigners import spanish_shop
from sandbox.callees.menus import endless_menu
from sandbox.callees.refusers import (
    booked_hairdresser,
    card_demanding_shop,
    closed_shop,
    opting_out_person,
    private_person,
    sold_out_shop,
    wrong_shop,
)
from sandbox.scenario import APPOINTMENT_REQUEST, Expected, Scenario
from sandbox.scenarios.expectations import FOLLOW_UP, NOT_REACHED, REFUSED

_IS_REFUSED = AgentScript(must_reach=("refused",))
_IS_WRONG = AgentScript(must_reach=("wrong_number",))

NOT_TAKEN = (
    Scenario(
        "order_refused",
        "The shop is closed today.",
        "+14155550101",
        REFUSED,
        callee=closed_shop,
        agent=_IS_REFUSED,
    ),
    Scenario(
        "sold_out",
        "The shop has none left.",
        "+14155550115",
        REFUSED,
        callee=sold_out_shop,
        agent=_IS_REFUSED,
    ),
    Scenario(
        "card_number_demanded",
        "The shop takes no order without a card number.",
        "+14155550144",
        REFUSED,
        callee=card_demanding_shop,
        agent=AgentScript(must_reach=("asked_card", "refused")),
    ),
    Scenario(
        "appointment_refused",
        "The hairdresser has nothing free.",
        "+14155550145",
        REFUSED,
        callee=booked_hairdresser,
        agent=_IS_REFUSED,
        errand="appointment",
        request=APPOINTMENT_REQUEST,
    ),
    Scenario(
        "wrong_number",
        "A private person answers.",
        "+14155550116",
        NOT_REACHED,
        callee=private_person,
        agent=_IS_WRONG,
    ),
    Scenario(
        "wrong_shop",
        "A flower shop answers.",
        "+14155550146",
        NOT_REACHED,
        callee=wrong_shop,
        agent=_IS_WRONG,
    ),
    Scenario(
        "opted_out",
        "The callee does not want to be called again.",
        "+14155550147",
        Expected(end_reason="END_REASON_OPT_OUT", outcome="OUTCOME_REFUSED", facts={}),
        callee=opting_out_person,
        agent=AgentScript(must_reach=("opted_out",)),
    ),
    Scenario(
        "other_language",
        "The shop speaks nothing but Spanish.",
        "+14155550148",
        FOLLOW_UP,
        callee=spanish_shop,
        agent=AgentScript(must_reach=("other_language", "give_up")),
    ),
    Scenario(
        "person_does_not_answer",
        "The shop asks what only the person knows, and the person says nothing.",
        "+14155550149",
        FOLLOW_UP,
        callee=asking_shop_unanswered,
        agent=AgentScript(must_reach=("asked_person", "person_silent")),
    ),
    Scenario(
        "menu_without_a_way",
        "A menu that offers nothing of use, and hangs up.",
        "+14155550150",
        Expected(
            end_reason="END_REASON_CALLEE_HUNG_UP",
            outcome="OUTCOME_NOT_REACHED",
            answered_by="ANSWERED_BY_IVR",
            facts={},
        ),
        callee=endless_menu,
    ),
)
