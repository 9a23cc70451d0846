"""What a sentence sounds like: a person, a voicemail, a menu, a queue."""

import pytest

from call_handler.outcome.callee_words import Speech, sort_sentences

LAST = {
    Speech.VOICEMAIL: """
        You have reached Luigi's Pizza. Please leave a message after the tone.
        Hi, you've reached Mario. I can't come to the phone right now. Leave your name and number.
        Sorry we missed your call. Please leave us a brief message and we'll get back to you. Bye!
        Your call has been forwarded to an automatic voice message system.
        Your call has been forwarded to voicemail.
        The person you're trying to reach is not available.
        At the tone, please record your message. When you have finished recording, you may hang up.
        The person you are calling is unavailable right now.
        No one is available to take your call. Leave a message.
        This is the voicemail of Golden Wok.
        You've reached the voice mail box of Ada. Record a message after the beep.
        The mailbox is full and cannot accept any messages at this time. Goodbye.
        We are unable to answer the phone. Wait for the beep.
        We're not able to take your call right now, so leave us a message and have a great day!
        Hey, it's Mario, you know what to do at the beep.
        Please leave your message after the signal.
    """,
    Speech.MENU: """
        Welcome to Luigi's. For orders, press one. For opening hours, press two.
        Thank you for calling. To place an order, press 1 now.
        For sales, say or press two.
        For delivery say "delivery". For pick-up say "pick-up".
        Please listen carefully, as our menu options have changed.
        Sorry, that is not a valid option. Please try again.
        If you know your party's extension, dial it now.
        To repeat these options, press star.
        Press the pound key to continue.
        To leave a message, press four.
        Main menu.
        I'm sorry, I didn't get your selection.
        In a few words, tell me what you are calling about.
        Please choose from the following options.
        Please enter your extension.
    """,
    Speech.SCREENING: """
        Please state your name and the reason for your call.
        Hi, if you record your name and reason for calling, I'll see if this person is available.
        The person you're calling is using a screening service. Go ahead and say why you're calling.
        Please say your name after the tone and I will try to connect you.
        This is the call assistant of Mario.
        Before I connect you, may I have a name?
    """,
    Speech.INTERCEPT: """
        The number you have dialed is not in service.
        We're sorry, your call cannot be completed as dialed. Please check the number.
        This number has been disconnected.
    """,
    Speech.QUEUE: """
        Your call is important to us.
        All of our representatives are currently busy helping other customers.
        Please stay on the line. You are number three in the queue.
        Thank you for your patience.
        Thank you for holding. An agent will be with you shortly.
        The estimated wait time is four minutes.
    """,
    Speech.HOLD: """
        One moment, please.
        Please hold.
        Hold on.
        Sure, hold the line.
        Just a second.
        Hang on, I'm at the oven.
        Let me check with the kitchen.
        Can I put you on hold?
        Could you hold for a moment?
        Do you mind holding for a minute?
        I'll put you through to the kitchen.
        Bear with me.
        I'll be right back.
        Wait a minute.
        Yes. Give me a sec.
        What was the name? One moment.
        Can you wait a moment, please?
        I will transfer you to the front desk.
    """,
    Speech.PERSON: """
        Luigi's Pizza, hello?
        Hello?
        Luigi's, Mario speaking.
        Thank you for calling Luigi's, how can I help you?
        What can I get you?
        Who is this?
        May I ask who's calling?
        Yes.
        That will be fourteen fifty, ready in twenty minutes.
        It takes a minute, let me see: that is fourteen fifty.
        He's not here right now, can I take a message?
        Would you like to leave a message?
        Do you want me to put you through to his voicemail?
        You can leave a message with me.
        Please leave a message after the... hello? Wait, I am here!
        Please leave a message after the tone. Hello? Hello, I'm here, don't hang up.
        One moment. What's the name, please?
        Sorry, wrong number.
        No, we don't do that, I am afraid.
        Your order will be ready in a minute, ok?
        I can't hear you.
        Let me see. It comes to fourteen dollars and fifty cents.
        One second. Good. That takes twenty minutes.
        Please do not call here again.
        Thanks for waiting.
        Let me get your name.
        Let me see, you want a large margherita.
        Give me a second name for the order.
        It'll be two minutes.
        Hit the pound for the discount? No.
        For delivery dial 12 at the gate.
        Did you get the selection of drinks you wanted?
        Is this a call screening thing?
    """,
    Speech.UNCLEAR: """
        You have reached Luigi's Pizza.
        Welcome to Luigi's Pizza.
        Thank you for calling Luigi's.
        This call may be recorded.
        Luigi's Pizza.
        Goodbye.
        Our opening hours are eleven to ten.
        Just press the bell when you arrive.
        Hold the onions.
        Leave me your number and I call you back.
        Please leave a name for the order.
        Nobody is available to take orders before five.
        Ring the bell, wait for the beep, then come in.
        Press one of the bells.
        Our main menu has pizza and pasta.
        The menu options are on the website.
        Our lunch options have changed recently.
        You can say what toppings you want.
        State your name please.
        We put it on hold for you until seven.
        Fourteen fifty and it takes half a minute.
        Mario is not available right now.
    """,
}


@pytest.mark.parametrize(
    ("text", "kind"),
    [(line.strip(), kind) for kind, lines in LAST.items() for line in lines.strip().splitlines()],
)
def test_the_last_thing_said_tells_who_speaks(text: str, kind: Speech) -> None:
    decisive = [each for each in sort_sentences(text) if each is not Speech.UNCLEAR]
    assert (decisive[-1] if decisive else Speech.UNCLEAR) is kind


@pytest.mark.parametrize(
    "text", ["", " ", "[Music]", "(hold music)", "\u266a la la \u266a", "*beep*", "..."]
)
def test_music_and_noise_are_no_words(text: str) -> None:
    assert sort_sentences(text) == []
