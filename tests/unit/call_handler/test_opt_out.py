"""Who asks never to be called again, and who only sounds like it."""

import pytest

from call_handler.outcome.opt_out import asks_not_to_be_called

ASKED = """
    Do not call again.
    Don't call me again.
    Don\u2019t ever call here again!
    Please don't call this number again.
    Never call here again.
    Never call this number.
    Stop calling us.
    Would you please stop calling me?
    Take me off your list.
    Take us off your calling list, please.
    Remove this number from your list.
    Please remove my number from your database.
    Get me off of your list.
    Put me on the do not call list.
    We're on the do-not-call registry.
    Lose this number.
    Delete our number.
    I don't want to be called again.
    I do not want any more calls from you.
    We don't want any calls like this.
    We don't want these calls.
    No more calls, please.
    I want to opt out.
    Unsubscribe.
    I don't want you calling here.
    You must not call us any more.
    Don't call us, we'll call you.
    Don't bother me again.
    Sorry, no robots. Don't call here.
    No thank you. And do not contact us anymore.
    Don't phone this shop again, understood?
    Quit calling.
    I said it already: please never ring us again.
"""
NOT_ASKED = """
    Don't call it margherita.
    Do not call before six.
    Please don't call again before noon.
    Call again later.
    Can you call again tomorrow?
    Don't call us after ten, we're closed then.
    Never call it a calzone!
    You can call back at six.
    We never got your call.
    I will take it off the list of specials.
    Take the onions off, please.
    We took that off the menu.
    I'll put you on the list.
    Don't call the driver, he will call you.
    Why don't you call again in an hour?
    Did you say you were calling again?
    You don't need to call again.
    I can't call you back.
    We don't want any trouble.
    I don't want to call the kitchen again for that.
    Stop by at eight.
    Nobody called here.
    Do you not call ahead?
    Don't hang up.
    Please hold.
    I didn't call you.
    We call it the Roma.
    There were no calls today.
    Don't call me Mario, my name is Luigi.
    Do not call this evening, we have a party.
    Remove the olives from my half.
    What number should we call when it's done?
    Our list of toppings is on the web.
    Remove the anchovies from the list of extras.
    I want to opt for the small one.
"""


@pytest.mark.parametrize("text", [line.strip() for line in ASKED.strip().splitlines()])
def test_who_asks_not_to_be_called_is_heard(text: str) -> None:
    assert asks_not_to_be_called(text)


@pytest.mark.parametrize("text", [line.strip() for line in NOT_ASKED.strip().splitlines()])
def test_who_talks_of_something_else_is_not(text: str) -> None:
    assert not asks_not_to_be_called(text)
