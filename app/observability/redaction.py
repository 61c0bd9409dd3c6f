"""What must not leave the process in a log or an error report, whatever text it stands in."""

import re
from typing import Any

# Each pattern keeps the name of what it hides, so that a reader knows what stood there.
_SECRETS = [
    re.compile(r"(?i)(\b(?:sig|signature|skoid|sktid)=)[^&\s\"'<>\\]+"),
    re.compile(r"(?i)(\b(?:AccountKey|SharedAccessSignature|password|passwd|secret|token)\s?=\s?)[^;,&\s\"'<>\\)]+"),
    re.compile(r"(://[^/:@\s\"']*:)[^/\s\"']+(?=@)"),
    re.compile(r"(?i)(\b(?:Bearer|SharedKey) )[^\s\"',]+"),
    re.compile(r"(\blss_)[0-9A-Za-z]+"),
]
# The query of a link says who may do what until when; without it the link only names a blob. What was taken for an address is
# not looked at again (`*+`), so that the time does not grow with the square of a text of many addresses.
_LINK = re.compile(r"(https?://[^\s\"'<>?\\]*+)(\?[^\s\"'<>\\]+)?")
HIDDEN = "[hidden]"


def redact(text: str) -> str:
    """Return the text without secret keys, passwords, tokens, and the queries of links."""
    text = _LINK.sub(lambda link: f"{link[1]}?{HIDDEN}" if link[2] else link[0], text)
    for pattern in _SECRETS:
        text = pattern.sub(rf"\g<1>{HIDDEN}", text)
    return text


def redact_all(value: Any) -> Any:
    """Return a value made of mappings, lists and texts with every text in it redacted."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: redact_all(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact_all(item) for item in value]
    return value
