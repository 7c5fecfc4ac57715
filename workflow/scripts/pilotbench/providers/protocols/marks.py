"""The marks that calls in text are found by, and where they end.

Every pattern takes time in proportion to the text: no two repetitions of the same characters stand
side by side, and each place is examined once.
"""

from __future__ import annotations

import re

from pilotbench.providers.protocols.forms import ELEMENT

_WORDS = (
    r"(?:tool[_▁]?calls?|tool_use|function[_▁]?calls?|TOOLCALL|longcat_tool_call|python_(?:tag|start)"
    r"|START_ACTION|action_start|tools_prefix)(?:[_▁](?:section[_▁])?(?:begin|start))?"
)
_TAG = (
    rf"<[|｜](?:DSML[|｜])?{_WORDS}[|｜]?>|<(?:\w{{1,20}}:|start_)?{_WORDS}>"
    r"|<\|(?:channel|start)\|>[^<{\n]{0,40}(?:<\|channel\|>[^<{\n]{0,40})?to=|\[TOOL_CALLS\]"
)
_FENCE = r"(?:`{3,}|~{3,})[ \t]*(?P<word>[\w-]{0,40})"
SIGN = re.compile(r"[<\[{`~]")
MARK = re.compile(
    rf"(?P<tag>{_TAG})|(?P<element>{ELEMENT})"
    rf"|(?P<fence>{_FENCE})|(?P<object>\{{)"
)
OPENING = re.compile(r"\s*(?:<\|plugin\|>\s*)?(?:(?:`{3,}|~{3,})[ \t]*[\w-]{0,40}\s*)?")
CALL_WORDS = ("call", "tool_call", "tool_calls", "tool_code", "tool_use", "function_call")
VALUE = re.compile(r"\s*(?=\{|\[\s*\{)")
NEXT = re.compile(r"[\s,;]*(?=\{|\[\s*\{)")
LIKE_A_CALL = re.compile(
    r"\[?\s*\{\s*[\"'“]?(?:tool|thought|name|tool_name|function|tool_calls)[\"'”]?\s*:"
)
FOLLOWING = re.compile(rf"(?<=[^\s:,\[])[^\S\n]*+\n\s*+{LIKE_A_CALL.pattern}")
BEGINS_AS_CALL = re.compile(r'\[?\s*\{\s*"(?:tool|thought|name)"\s*:\s*(?:"|null)')
EDGE = re.compile(
    rf"</?[|｜/]{{0,2}}(?:DSML[|｜])?(?:\w{{1,20}}:)?(?:start_|end_)?(?:{_WORDS}|function|invoke"
    r"|python_end|END_ACTION|action_end|tools_suffix|e[om]\w_id|im_end)(?:[_▁]\w{1,20})?"
    r"(?:=[^<>\n]{1,120}|\s[^<>\n]{1,120})?[|｜]?>|\[TOOL_CALLS\]|<\|(?:call|end)\|>|</s>"
)
LINE = re.compile(r"[^\S\n]*+(?:\n|\Z)")
BACKTICKS = re.compile(r"`{3,}|~{3,}")
BRACKETS = re.compile(r'"(?:[^"\\\n]|\\.)*+"?|[{}\[\]]', re.DOTALL)
