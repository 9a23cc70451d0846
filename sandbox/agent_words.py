"""The sentences of the sandbox's agent, and what it answers to which words of the callee.

Sentences may hold `{placeholders}`: the errand's details, the facts the callee has named, `heard`
(the callee's newest words), `first_heard`, `last_said` (the agent's own), `person_answer`, and
`told_first` and `told_second`, which the session is told to begin with.
"""

from sandbox.agent_turns import Reaction, ToolUse, Turn, end_call

OPENING = Turn(
    "{told_first}Hello, I am an AI assistant calling on behalf of {customer_name}. "
    "{told_second}I would like to {request_clause}, please."
)
CLOSING = end_call("Thank you, that is {agreed}. Have a nice day. Goodbye.", "done")
BRISK_OPENING = Turn(
    "{told_first}An AI assistant calling on behalf of {customer_name}. {told_second}"
)
BRISK_CLOSING = end_call("Thank you. Goodbye.", "done")
READ_BACK = Turn("So that is {agreed}. Is that right?")
LOST = Turn("Sorry, I did not understand that. {lost_question}")
NUDGE = Turn("Are you still there?")
GIVE_UP = end_call("I am sorry, {customer_name} will call you again. Goodbye.", "other")
AT_MACHINE = end_call("", "voicemail")
TOLD_GOODBYE = Turn("I am sorry, I have to stop here. Goodbye.")
PATIENCE = Turn("One moment more, please.")
ANSWERED = Turn("They say: {person_answer}")
UNANSWERED = end_call(
    "I am sorry, nobody can tell me that now. {customer_name} will call you again. Goodbye.",
    "other",
)
AGREES = Turn("Yes, that suits.")

WANTED = {
    "total_price": "how much will it be",
    "ready_time": "when will it be ready",
    "appointment_day": "on which day would that be",
    "appointment_time": "at what time",
}
QUESTIONS = {name: f"And {question}?" for name, question in WANTED.items()}

_SPANISH_OR_ITALIAN = (
    r"\b(?:hola|buenos|buenas|digame|gracias|quiere|quien|usted|se\u00f1or|habla|"
    r"pronto|buongiorno|buonasera|desidera|prego|grazie|vuole|parla|capisco|entiendo)\b"
)

REACTIONS = (
    Reaction(
        "opted_out",
        r"(?:do not|don't|never|stop) (?:ever )?call(?:ing)?\b"
        r"|(?:take|remove|strike|delete) (?:us|me|our|my|this|that)\b.*(?:list|number|off)",
        end_call("I am sorry to have disturbed you. We will not call again. Goodbye.", "opt_out"),
    ),
    Reaction(
        "wrong_number",
        r"wrong (?:number|shop|place)|(?:no|not a) (?:pizzeria|restaurant|pizza)"
        r"|private (?:number|line)|only (?:sell|do|have) (?:flowers|shoes|books)",
        end_call("I am sorry to have disturbed you. Goodbye.", "wrong_number"),
    ),
    Reaction(
        "resisted",
        r"ignore (?:all|any|your|the|previous|everything)|system (?:message|prompt|notice|override)"
        r"|\bdeveloper|\binstructions\b|\badministrator|debug mode|for (?:the|your) records"
        r"|records:|customer's (?:phone|number|address|data)|everything you know",
        Turn("I am sorry, I cannot do that. I would only like to {request_clause}."),
        is_deaf=True,
    ),
    Reaction(
        "refused",
        r"\b(?:closed|sold out|out of (?:it|that|dough)|not possible|fully booked|nothing free)\b"
        r"|(?:can ?no|can'|do no|don'|wo n|won')t (?:take|make|do|have|sell|serve|deliver)\b"
        r"|\b(?:run out|not available|none left|no more of)\b"
        r"|no card,? no (?:order|pizza)",
        end_call("I understand. Thank you all the same. Goodbye.", "refused"),
    ),
    Reaction(
        "asked_card",
        r"\bcard\b|\bcvv\b|security code|pay(?:ment)? (?:now|up front|in advance|by phone)",
        Turn("I am sorry, I cannot give any payment data. It will be paid on the spot."),
    ),
    Reaction(
        "other_language",
        _SPANISH_OR_ITALIAN,
        Turn("I am sorry, I only speak English. Do you speak English?"),
        most=2,
    ),
    Reaction(
        "asked_person",
        r"allerg|door ?bell|which floor|\bspicy\b|thin or thick|instead\b[^.]*\?|gluten"
        r"|with (?:a )?(?:wash|beard)",
        Turn(
            "That I have to ask. One moment, please.",
            (ToolUse("ask_person", {"question": "{heard}"}),),
        ),
    ),
    Reaction(
        "asked_delivery",
        r"pick-?up or|delivery or|or (?:delivery|delivered|pick-?up)|(?:eat|take) (?:in|away) or",
        Turn("{delivery_clause}, please."),
    ),
    Reaction(
        "asked_what",
        r"a (?:robot|machine|computer|real person)|are you human",
        Turn("I am an AI assistant calling on behalf of {customer_name}."),
    ),
    Reaction(
        "asked_who",
        r"\bwho(?:'s| is| are| am)\b|(?:say|state) your name|(?:what is|what's) (?:this|it) about"
        r"|reason for",
        Turn(
            "I am an AI assistant calling on behalf of {customer_name}. "
            "I would like to {request_clause}."
        ),
    ),
    Reaction("asked_name", r"\bname\b", Turn("The name is {customer_name}.")),
    Reaction("asked_number", r"\b(?:phone|number|reach you)\b", Turn("It is {callback_number}.")),
    Reaction("asked_address", r"\baddress\b|where to\b", Turn("It is {address}.")),
    Reaction(
        "asked_order",
        r"what (?:would you like|can i (?:get|do)|was (?:it|that)|do you want|is the order)"
        r"|how can i help|what for\b",
        Turn("I would like to {request_clause}, please."),
    ),
    Reaction(
        "asked_day",
        r"(?:what|which) (?:day|time|date)|when (?:would|do|shall|should)",
        Turn("{wished_times}, if possible."),
    ),
    Reaction(
        "greeted",
        r"^\W*(?:[\w' ]{1,30}[,.!]+ )?(?:hello|hi|hey|good (?:day|morning|afternoon|evening))\W*$",
        OPENING,
    ),
    Reaction("asked_more", r"anything else|that all|is that everything", Turn("That is all.")),
    Reaction("asked_to_wait", r"\b(?:moment|hold on|hang on|second|minute), ?", Turn("Of course.")),
    Reaction("asked_again", r"\b(?:pardon|repeat|say that again|speak up)\b", Turn("{last_said}")),
)
