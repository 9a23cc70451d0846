"""The light mode: hundreds of calls at once, for load, on a part of one core.

The carrier's API, callbacks, books, TwiML and upgrades are the sandbox's own. Only what happens 50
times a second for each call is another: frames are made beforehand and carry the moment they left,
one timer drives all calls, nobody speaks or listens, and who says what when is a matter of time.
"""
