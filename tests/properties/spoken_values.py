"""Values in the forms in which people say and write them, for the properties of evidence."""

from collections.abc import Sequence

ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    *("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth"),
    *("seventeenth", "eighteenth", "nineteenth", "twentieth", "twenty-first", "twenty-second"),
    *("twenty-third", "twenty-fourth", "twenty-fifth", "twenty-sixth", "twenty-seventh"),
    *("twenty-eighth", "twenty-ninth", "thirtieth", "thirty-first"),
)


def in_words(number: int) -> str:
    """Write a number below ten thousand in words."""
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10] + (f"-{ONES[number % 10]}" if number % 10 else "")
    unit, name = (100, "hundred") if number < 1_000 else (1_000, "thousand")
    rest = number % unit
    joint = " and " if rest < 100 else " "
    return f"{in_words(number // unit)} {name}" + (f"{joint}{in_words(rest)}" if rest else "")


def say_money(cents: int) -> Sequence[str]:
    """Give the ways to say an amount of at least ten units, in dollars or none."""
    whole, part = divmod(cents, 100)
    if part == 0:
        return (f"{whole}.00", f"${whole:,}", f"{in_words(whole)} dollars", f"{whole} bucks")
    small = in_words(part) if part >= 10 else f"oh {in_words(part)}"
    return (
        f"{whole}.{part:02d}",
        f"{whole},{part:02d}",
        f"${whole}.{part:02d}",
        f"{whole}.{part:02d} $",
        f"{whole:,}.{part:02d} dollars",
        f"{in_words(whole)} {small}" if 10 <= whole < 100 else f"{whole}.{part:02d}",
        f"{in_words(whole)} dollars and {in_words(part)} cents",
        f"{in_words(whole)} dollars {small}",
        f"{whole} dollars and {part} cents",
    )


def say_span(minutes: int) -> Sequence[str]:
    """Give the ways to say a span of minutes."""
    hours, rest = divmod(minutes, 60)
    known = {
        15: "a quarter of an hour",
        30: "half an hour",
        60: "an hour",
        90: "an hour and a half",
    }
    forms = [f"{minutes} minutes", f"{in_words(minutes)} minutes", f"{minutes} min"]
    if minutes in known:
        forms.append(known[minutes])
    if hours and rest:
        forms.append(f"{in_words(hours)} hour{'s' * (hours > 1)} and {in_words(rest)} minutes")
    return forms


def say_clock(hour: int, minute: int) -> Sequence[str]:
    """Give the ways to say a time of the afternoon or evening; `hour` from 13 to 23."""
    short = hour - 12
    forms = [f"{hour}:{minute:02d}", f"{short}:{minute:02d} pm", f"{short}.{minute:02d} p.m."]
    if minute == 0:
        forms += [f"{in_words(short)} o'clock", f"{short} pm", f"{in_words(short)} in the evening"]
    elif minute == 30:
        forms += [f"half past {in_words(short)}", f"half {in_words(short)}"]
    elif minute in {15, 45}:
        to = in_words(short % 12 + 1)
        forms.append(f"quarter past {in_words(short)}" if minute == 15 else f"quarter to {to}")
    small = in_words(minute) if minute >= 10 else f"oh {in_words(minute)}"
    return [*forms, f"{in_words(short)} {small}"] if minute else forms


def say_date(day: int, month: int) -> Sequence[str]:
    """Give the ways to say a date without a year."""
    name = MONTHS[month - 1]
    suffix = "th" if day in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return (
        f"the {ORDINALS[day - 1]} of {name}",
        f"{name} the {ORDINALS[day - 1]}",
        f"{day} {name}",
        f"{name} {day}{suffix}",
        f"the {day}{suffix} of {name}",
        f"2027-{month:02d}-{day:02d}",
        f"{day}.{month}.2027",
    )


def say_code(digits: str) -> Sequence[str]:
    """Give the ways to spell a number of several digits."""
    words = [ONES[int(digit)] for digit in digits]
    doubled = " ".join(words)
    for word in ONES[:10]:
        doubled = doubled.replace(f"{word} {word}", f"double {word}", 1)
    return (digits, " ".join(words), ", ".join(words), "-".join(digits), ", ".join(digits), doubled)
