"""The calls that reach what they were made for, straight away or with trouble on the way."""

from sandbox.agent_script import AgentScript
from sandbox.agent_words import READ_BACK
from sandbox.callees.askers import (
    asking_shop,
    card_asking_shop,
    careful_shop,
    clock_watching_shop,
    correcting_shop,
    delivering_shop,
    late_price_shop,
    numbering_shop,
    piecemeal_shop,
    self_correcting_shop,
    slow_kitchen,
)
from sandbox.callees.foreigners import italian_shop
from sandbox.callees.hairdresser import hairdresser
from sandbox.callees.interrupters import constant_interrupter, interrupting_shop, talkative_shop
from sandbox.callees.menus import three_level_menu
from sandbox.callees.order_taker import late_riser
from sandbox.callees.waiting import busy_shop, screened_line
from sandbox.carrier_faults import CarrierFaults
from sandbox.model_faults import ModelFaults
from sandbox.scenario import (
    APPOINTMENT_REQUEST,
    DELIVERY_REQUEST,
    ORDER_TAKEN,
    Expected,
    Scenario,
)
from sandbox.scenarios.expectations import CORRECTED

_CLOSES = AgentScript(must_reach=("facts", "closing"))
_AFTER_A_MENU = AgentScript(must_reach=("pressed", "opening", "facts", "closing"))
_LATE_CALLBACKS = CarrierFaults(callbacks_late_s=1.5, callback_copies=2)

_PLAIN = (
    Scenario(
        "order_taken",
        "The shop takes the order and names price and time.",
        "+14155550100",
        agent=_CLOSES,
    ),
    Scenario(
        "callee_asks_back",
        "The shop asks how and for whom, then takes the order.",
        "+14155550102",
        callee=careful_shop,
        agent=AgentScript(must_reach=("asked_delivery", "asked_name", "facts", "closing")),
    ),
    Scenario(
        "callbacks_late_and_doubled",
        "The order is taken; every status callback comes late, and twice.",
        "+14155550110",
        agent=_CLOSES,
        carrier=_LATE_CALLBACKS,
    ),
    Scenario(
        "price_corrected",
        "The shop corrects the price when the agent reads it back.",
        "+14155550111",
        CORRECTED,
        callee=correcting_shop,
        agent=AgentScript(read_back=READ_BACK, must_reach=("facts", "read_back", "closing")),
    ),
    Scenario(
        "price_corrected_at_once",
        "The shop corrects the price in the same breath.",
        "+14155550131",
        CORRECTED,
        callee=self_correcting_shop,
        agent=_CLOSES,
    ),
    Scenario(
        "told_piecemeal",
        "The shop names the price and has to be asked for the time.",
        "+14155550112",
        callee=piecemeal_shop,
        agent=_CLOSES,
    ),
    Scenario(
        "price_late",
        "The shop asks for everything else and names the price at the very end.",
        "+14155550132",
        callee=late_price_shop,
        agent=AgentScript(must_reach=("asked_name", "asked_number", "facts", "closing")),
    ),
    Scenario(
        "ready_at_a_time",
        "The shop names a time of day instead of a span.",
        "+14155550182",
        Expected(facts={"total_price": "14.50", "ready_time": "6:30"}),
        callee=clock_watching_shop,
        agent=_CLOSES,
    ),
    Scenario(
        "order_numbered",
        "The shop gives the order a number.",
        "+14155550183",
        Expected(facts=ORDER_TAKEN | {"confirmation_number": "471"}),
        callee=numbering_shop,
        agent=_CLOSES,
    ),
    Scenario(
        "delivery_taken",
        "The shop asks where to bring it.",
        "+14155550184",
        callee=delivering_shop,
        agent=AgentScript(must_reach=("asked_address", "asked_name", "facts", "closing")),
        request=DELIVERY_REQUEST,
    ),
    Scenario(
        "kitchen_asked",
        "The shop goes to ask the kitchen, is away for a while, and takes the order.",
        "+14155550185",
        callee=slow_kitchen,
        agent=_CLOSES,
    ),
    Scenario(
        "model_fails_once",
        "The model's second answer fails; asked again, it goes on.",
        "+14155550114",
        agent=_CLOSES,
        model=ModelFaults(failed_from=2, failed_count=1),
    ),
    Scenario(
        "taken_for_a_machine",
        "The carrier takes the shop for an answering machine; the shop takes the order.",
        "+14155550133",
        agent=_CLOSES,
        carrier=CarrierFaults(answered_by="machine_start"),
    ),
    Scenario(
        "appointment_made",
        "The hairdresser offers a time and gives the appointment.",
        "+14155550140",
        Expected(facts={"appointment_day": "Tuesday", "appointment_time": "3:30"}),
        callee=hairdresser,
        agent=_CLOSES,
        errand="appointment",
        request=APPOINTMENT_REQUEST,
    ),
)
_MODEL_TROUBLE = (
    Scenario(
        "model_busy_once",
        "The model refuses the first connection with 503; the second one takes the order.",
        "+14155550186",
        agent=_CLOSES,
        model=ModelFaults(refuse_status=503, refuse_times=1),
    ),
    Scenario(
        "model_drops_once",
        "The model's first session is lost before a word; the second one takes the order.",
        "+14155550187",
        callee=late_riser,
        agent=_CLOSES,
        model=ModelFaults(dropped_sessions=1),
    ),
)
_WITH_TROUBLE = (
    Scenario(
        "callee_interrupts",
        "The shop talks into the agent's first sentence, then takes the order.",
        "+14155550113",
        callee=interrupting_shop,
        agent=AgentScript(must_reach=("asked_to_wait", "facts", "closing")),
    ),
    Scenario(
        "callee_interrupts_constantly",
        "The shop interrupts nine times and more, at every kind of moment, then takes the order.",
        "+14155550134",
        callee=constant_interrupter,
        agent=_CLOSES,
    ),
    Scenario(
        "callee_talks_over",
        "The shop talks on and on while the agent talks, then takes the order.",
        "+14155550135",
        callee=talkative_shop,
        agent=_CLOSES,
    ),
    Scenario(
        "card_number_asked",
        "The shop wants a card number, does not get it, and takes the order.",
        "+14155550136",
        callee=card_asking_shop,
        agent=AgentScript(must_reach=("asked_card", "facts", "closing")),
    ),
    Scenario(
        "italian_then_english",
        "The shop answers in Italian, and in English when asked.",
        "+14155550137",
        callee=italian_shop,
        agent=AgentScript(must_reach=("other_language", "facts", "closing")),
    ),
    Scenario(
        "person_asked",
        "The shop asks what only the person knows; the person answers while the call waits.",
        "+14155550138",
        callee=asking_shop,
        agent=AgentScript(must_reach=("asked_person", "person_answered", "facts", "closing")),
        person_answer="No allergies at all.",
    ),
    Scenario(
        "call_screened",
        "Somebody asks who is calling, then puts the agent through to the shop.",
        "+14155550139",
        callee=screened_line,
        agent=AgentScript(must_reach=("opening", "hold", "facts", "closing")),
    ),
    Scenario(
        "hold_then_taken",
        "Half a minute of music, then the shop takes the order.",
        "+14155550141",
        callee=busy_shop,
        agent=AgentScript(must_reach=("hold", "opening", "facts", "closing")),
    ),
    Scenario(
        "menu_three_levels",
        "A menu of three levels, then music, then the shop takes the order.",
        "+14155550142",
        callee=three_level_menu,
        agent=_AFTER_A_MENU,
    ),
    Scenario(
        "menu_wrong_keys",
        "The same menu; the agent presses nothing at first, then a wrong key.",
        "+14155550143",
        callee=three_level_menu,
        agent=AgentScript(first_keys=("", "8"), must_reach=_AFTER_A_MENU.must_reach),
    ),
)
TAKEN = (*_PLAIN, *_MODEL_TROUBLE, *_WITH_TROUBLE)
