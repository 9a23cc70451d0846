"""The sentences of callees that carry a fact, each in several wordings."""

CONFIRMATION = "That will be fourteen fifty, ready in twenty minutes."
PRICE_AND_TIME = (
    CONFIRMATION,
    "That is $14.50, and it takes twenty minutes.",
    "Fourteen dollars and fifty cents, in 20 minutes.",
    "It comes to 14.50. Ready in twenty minutes.",
    "Sure, fourteen fifty. You can have it in twenty minutes.",
)
BRISK_CONFIRMATION = (
    "Fourteen fifty, in twenty minutes.",
    "$14.50, in 20 minutes.",
    "Fourteen fifty, ready in twenty minutes.",
)
PRICE = (
    "Sure, that is fourteen fifty.",
    "That makes $14.50.",
    "It comes to fourteen dollars and fifty cents.",
    "Fourteen dollars fifty, please.",
)
TIME = (
    "It will be ready in twenty minutes.",
    "Give us 20 minutes.",
    "In twenty minutes you can have it.",
    "That takes twenty minutes.",
)
CORRECTED_PRICE = (
    "Sorry, no, I mean sixteen fifty.",
    "Wait, that is wrong, it is $16.50.",
    "No, sorry, sixteen dollars and fifty cents.",
)
OFFERED_TIME = (
    "We could do Tuesday at half past three, does that suit?",
    "There is something free on Tuesday at 3:30, would that be good?",
    "Would Tuesday at three thirty be good for you?",
)
AGREED_TIME = (
    "Good, then I have you down for Tuesday at half past three.",
    "Great, so it is Tuesday at 3:30.",
    "Fine, I have written down Tuesday at three thirty.",
)
OPT_OUT = (
    "Please do not call here again.",
    "Stop calling this number.",
    "Take us off your list, please.",
)
CLOCK_TIME = (
    "You can collect it at half past six.",
    "It will be ready at six thirty.",
    "Come by around 6:30.",
)
CONFIRMATION_NUMBER = (
    "Your order number is four seven one.",
    "That is number 471.",
    "Please remember the number four, seven, one.",
)
