"""Calls as families of models write them in text, by the chat templates that they were trained on.

Each style is a function of a call `{"tool", "arguments"}`; `STYLES` has those of a family by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Style = Callable[[Json], str]


def js(value: Any) -> str:
    """Return JSON as models write it, with blanks."""
    return json.dumps(value, ensure_ascii=False)


def _object(call: Json, name: str = "name", arguments: str = "arguments") -> str:
    return js({name: call["tool"], arguments: call["arguments"]})


def _bare(value: Any) -> str:
    """Return a value as it stands between tags: text without quotes."""
    return value if isinstance(value, str) else js(value)


def _elements(call: Json, opening: str, closing: str) -> str:
    made = (
        opening.format(key) + _bare(value) + closing for key, value in call["arguments"].items()
    )
    return "\n".join(made)


def _python(call: Json) -> str:
    arguments = ", ".join(f"{key}={value!r}" for key, value in call["arguments"].items())
    return f"{call['tool']}({arguments})"


def _braces(value: Any, quote: str) -> str:
    """Return a value in Gemma's notation: bare keys, texts between marks."""
    if isinstance(value, dict):
        inner = (f"{key}:{_braces(one, quote)}" for key, one in value.items())
        return "{" + ",".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_braces(one, quote) for one in value) + "]"
    return f"{quote}{value}{quote}" if isinstance(value, str) else js(value)


def hermes(call: Json) -> str:
    return f"<tool_call>\n{_object(call)}\n</tool_call>"


def qwen3_coder(call: Json) -> str:
    inner = _elements(call, "<parameter={}>\n", "\n</parameter>")
    return f"<tool_call>\n<function={call['tool']}>\n{inner}\n</function>\n</tool_call>"


def seed_oss(call: Json) -> str:
    return qwen3_coder(call).replace("tool_call>", "seed:tool_call>")


def llama_json(call: Json) -> str:
    return _object(call, arguments="parameters")


def llama_tag(call: Json) -> str:
    return f"<|python_tag|>{llama_json(call)}<|eom_id|>"


def llama_function(call: Json) -> str:
    return f"<function={call['tool']}>{js(call['arguments'])}</function>"


def llama_pythonic(call: Json) -> str:
    return f"[{_python(call)}]"


def llama4(call: Json) -> str:
    return f"<|python_start|>[{_python(call)}]<|python_end|>"


def mistral_list(call: Json) -> str:
    return f"[TOOL_CALLS] [{_object(call)}]"


def mistral_name(call: Json) -> str:
    return f"[TOOL_CALLS]{call['tool']}{js(call['arguments'])}"


def mistral_args(call: Json) -> str:
    return f"[TOOL_CALLS]{call['tool']}[ARGS]{js(call['arguments'])}"


def mistral_id(call: Json) -> str:
    return f"[TOOL_CALLS]{call['tool']}[CALL_ID]a1B2c3D4e[ARGS]{js(call['arguments'])}"


def phi_functools(call: Json) -> str:
    return f"functools[{_object(call)}]"


def phi_tag(call: Json) -> str:
    return f"<|tool_call|>[{_object(call)}]<|/tool_call|>"


def glm(call: Json) -> str:
    pairs = "\n".join(
        f"<arg_key>{key}</arg_key>\n<arg_value>{_bare(value)}</arg_value>"
        for key, value in call["arguments"].items()
    )
    return f"<tool_call>{call['tool']}\n{pairs}\n</tool_call>"


def glm4(call: Json) -> str:
    return f"{call['tool']}\n{js(call['arguments'])}"


def kimi(call: Json) -> str:
    return (
        f"<|tool_calls_section_begin|><|tool_call_begin|>functions.{call['tool']}:0"
        f"<|tool_call_argument_begin|>{js(call['arguments'])}<|tool_call_end|>"
        "<|tool_calls_section_end|>"
    )


def deepseek_v3(call: Json) -> str:
    return (
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>"
        f"{call['tool']}\n```json\n{js(call['arguments'])}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
    )


def deepseek_v31(call: Json) -> str:
    return (
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>{call['tool']}<｜tool▁sep｜>"
        f"{js(call['arguments'])}<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
    )


def deepseek_v32(call: Json) -> str:
    inner = "\n".join(
        f'<｜DSML｜parameter name="{key}" string="{str(isinstance(value, str)).lower()}">'
        f"{_bare(value)}</｜DSML｜parameter>"
        for key, value in call["arguments"].items()
    )
    return (
        f'<｜DSML｜function_calls>\n<｜DSML｜invoke name="{call["tool"]}">\n{inner}\n'
        "</｜DSML｜invoke>\n</｜DSML｜function_calls>"
    )


def gemma_code(call: Json) -> str:
    return f"```tool_code\n{_python(call)}\n```"


def gemma_print(call: Json) -> str:
    return f"```tool_code\nprint(default_api.{_python(call)})\n```"


def gemma_json(call: Json) -> str:
    return f"```json\n{llama_json(call)}\n```"


def gemma4(call: Json) -> str:
    written = _braces(call["arguments"], '<|"|>')
    return f"<|tool_call>call:{call['tool']}{written}<tool_call|>"


def function_gemma(call: Json) -> str:
    written = _braces(call["arguments"], "<escape>")
    return f"<start_function_call>call:{call['tool']}{written}<end_function_call>"


def _invoke(call: Json) -> str:
    inner = _elements(call, '<parameter name="{}">', "</parameter>")
    return f'<invoke name="{call["tool"]}">\n{inner}\n</invoke>'


def minimax_m2(call: Json) -> str:
    return f"<minimax:tool_call>\n{_invoke(call)}\n</minimax:tool_call>"


def minimax_m1(call: Json) -> str:
    return f"<tool_calls>\n{_object(call)}\n</tool_calls>"


def claude(call: Json) -> str:
    return f"<function_calls>\n{_invoke(call)}\n</function_calls>"


def step3(call: Json) -> str:
    inner = _elements(call, '<steptml:parameter name="{}">', "</steptml:parameter>")
    return (
        "<｜tool_calls_begin｜><｜tool_call_begin｜>function<｜tool_sep｜>"
        f'<steptml:invoke name="{call["tool"]}">{inner}</steptml:invoke>'
        "<｜tool_call_end｜><｜tool_calls_end｜>"
    )


def command_r(call: Json) -> str:
    made = _object(call, "tool_name", "parameters")
    return f"Plan: I look it up.\nAction: ```json\n[\n    {made}\n]\n```"


def command_a(call: Json) -> str:
    made = js({"tool_call_id": "0", "tool_name": call["tool"], "parameters": call["arguments"]})
    return f"<|START_ACTION|>[\n    {made}\n]<|END_ACTION|>"


def granite(call: Json) -> str:
    return f"<|tool_call|>[{_object(call)}]"


def granite_code(call: Json) -> str:
    return f"<function_call> {_object(call)}"


def xlam(call: Json) -> str:
    return f"[{_object(call)}]"


def xlam_tool_calls(call: Json) -> str:
    made = {"name": call["tool"], "arguments": call["arguments"]}
    return js({"thought": "", "tool_calls": [made]})


def gpt_oss(call: Json) -> str:
    return (
        "<|channel|>analysis<|message|>I look it up.<|end|><|start|>assistant<|channel|>commentary "
        f"to=functions.{call['tool']} <|constrain|>json<|message|>{js(call['arguments'])}<|call|>"
    )


def gpt_oss_role(call: Json) -> str:
    return (
        f"<|start|>assistant to=functions.{call['tool']}<|channel|>commentary json<|message|>"
        f"{js(call['arguments'])}<|call|>"
    )


def internlm(call: Json) -> str:
    return f"<|action_start|><|plugin|>\n{llama_json(call)}<|action_end|>"


def jamba(call: Json) -> str:
    return f"<tool_calls>[{_object(call)}]</tool_calls>"


def nemotron(call: Json) -> str:
    return f"<TOOLCALL>[{_object(call)}]</TOOLCALL>"


def apertus(call: Json) -> str:
    return f"<|tools_prefix|>[{js({call['tool']: call['arguments']})}]<|tools_suffix|>"


def lfm(call: Json) -> str:
    return f"<|tool_call_start|>[{_python(call)}]<|tool_call_end|>"


def olmo(call: Json) -> str:
    return f"<function_calls>\n{_python(call)}\n</function_calls>"


def openai(call: Json) -> str:
    made = {"name": call["tool"], "arguments": js(call["arguments"])}
    return js({"id": "call_1", "type": "function", "function": made})


def anthropic(call: Json) -> str:
    made = {"type": "tool_use", "id": "toolu_1", "name": call["tool"], "input": call["arguments"]}
    return js(made)


STYLES: dict[str, tuple[Style, ...]] = {
    "Qwen, Hermes": (hermes,),
    "Qwen3-Coder, Seed": (qwen3_coder, seed_oss),
    "Llama": (llama_json, llama_tag, llama_function, llama_pythonic, llama4),
    "Mistral": (mistral_args, mistral_list, mistral_name, mistral_id),
    "Phi": (phi_functools, phi_tag),
    "GLM": (glm, glm4),
    "Kimi": (kimi,),
    "DeepSeek": (deepseek_v3, deepseek_v31, deepseek_v32),
    "Gemma": (gemma_code, gemma4, gemma_print, gemma_json, function_gemma),
    "MiniMax": (minimax_m2, minimax_m1),
    "Command": (command_r, command_a),
    "Granite": (granite, granite_code),
    "xLAM": (xlam, xlam_tool_calls),
    "gpt-oss": (gpt_oss, gpt_oss_role),
    "Claude, Step": (claude, step3),
    "OpenAI, Anthropic as JSON": (openai, anthropic),
    "InternLM, Jamba, Nemotron": (internlm, jamba, nemotron),
    "Apertus, LFM, Olmo": (apertus, lfm, olmo),
}
