"""Who may do what with results: roles are tokens, compared in constant time."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.errors import NotAllowed, NotAuthenticated

SCHEME = "bearer"


class Role(StrEnum):
    """Names who holds a token."""

    HANDLER = "handler"
    OPERATOR = "operator"
    READER = "reader"
    PERSON = "person"


class Right(StrEnum):
    """Names what a role may do."""

    REPORT = "report"
    READ_ONE = "read one"
    """GetResult: the Call Handler asks it too, for the end of its own calls."""
    READ = "read"
    OVERRIDE = "override"
    CHAT = "chat"
    OPERATE = "operate"
    """See and change what is not to be called."""


ALL_RIGHTS = frozenset(Right)
RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.HANDLER: frozenset({Right.REPORT, Right.READ_ONE}),
    Role.READER: frozenset({Right.READ_ONE, Right.READ}),
    Role.PERSON: frozenset({Right.CHAT}),
    Role.OPERATOR: ALL_RIGHTS,
}


@dataclass(frozen=True, slots=True)
class Tokens:
    """Holds the tokens of each role; none at all lets every caller do everything."""

    by_role: Mapping[Role, tuple[str, ...]] = field(default_factory=dict)
    """Two each during a rotation."""

    @property
    def are_set(self) -> bool:
        """Return whether any role has a token."""
        return any(self.by_role.values())

    def find_rights(self, authorization: str | None) -> frozenset[Right]:
        """Return what the bearer of an Authorization value may do.

        Raises: NotAuthenticated without a valid token, where tokens are set.
        """
        if not self.are_set:
            return ALL_RIGHTS
        scheme, _, token = (authorization or "").partition(" ")
        rights: frozenset[Right] = frozenset()
        # All tokens are compared, so that the time tells nothing.
        for role, tokens in self.by_role.items():
            for known in tokens:
                if hmac.compare_digest(known.encode(), token.strip().encode()):
                    rights |= RIGHTS[role]
        if scheme.lower() != SCHEME or not rights:
            raise NotAuthenticated("a valid token is needed: Authorization: Bearer TOKEN")
        return rights

    def require(self, authorization: str | None, right: Right) -> frozenset[Right]:
        """Return the rights of the bearer. Raises: NotAuthenticated, NotAllowed without `right`."""
        rights = self.find_rights(authorization)
        if right not in rights:
            raise NotAllowed(f"this token's role may not {right}")
        return rights
