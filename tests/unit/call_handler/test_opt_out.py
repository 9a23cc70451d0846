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
    Don't bother me again.
    Sorry, no robots. Don't call here.
    No thank you. And do not contact us anymore.
    Don't phone this shop again, understood?
    Quit calling.
    I said it already: please never ring us again.
    Don't you dare call this number again.
    I never want to hear from you again.
    Quit bugging us.
    We do not wish to be contacted.
    No more of these robot calls, please.
    You people keep calling, knock it off.
    Why do you keep calling? Stop it.
    I'd rather you didn't call again.
    Would you please not call again?
    I would like to be removed from your list.
    Do not contact this business.
    Please refrain from calling us.
    Do us a favor and don't call back.
    Leave us alone.
    Don't call us ever again!
    I told you last week not to call.
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
    Please stop calling it a calzone.
    I said stop calling me darling, Marco!
    Don't call us, we'll call you.
    Don't call us, we'll call you when it's ready.
    We won't call you again.
    We can't call you again if you leave no number.
    We never call the customer again once it's ready.
    Stop ringing that bell!
    Forget this number, the new one is 555 0199.
    Take my name off the waiting list? Sure.
    I don't want to be called when it is ready.
    If you get no answer, don't call again, just come in.
    There are no more calls in the queue.
    We don't ring the bell any more.
    Don't phone me any more details, just email them.
    Our delivery guy will not ring twice, so do not call him again.
    Don't call the shop again, use the website instead.
    Delete my number? No, delete my last sentence.
    Are you on the do not call list?
    Do you want me to remove you from our list?
    We take the margherita off our list on Mondays.
    Please don't contact the kitchen again, contact me.
    If that doesn't work, don't hesitate to call us again.
    Don't ever contact us by fax, use the phone.
    Our system will not contact you again.
    He quit calling in sick.
"""


@pytest.mark.parametrize("text", [line.strip() for line in ASKED.strip().splitlines()])
def test_who_asks_not_to_be_called_is_heard(text: str) -> None:
    assert asks_not_to_be_called(text)


@pytest.mark.parametrize("text", [line.strip() for line in NOT_ASKED.strip().splitlines()])
def test_who_talks_of_something_else_is_not(text: str) -> None:
    assert not asks_not_to_be_called(text)
