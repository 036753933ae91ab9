"""Calls as small models write them into their text, and texts that only resemble them."""

import json
from collections.abc import Mapping
from typing import Any


def text_forms(name: str, arguments: Mapping[str, Any]) -> dict[str, str]:
    """One call in every form."""
    args = json.dumps(arguments)
    plain = f'{{"name": "{name}", "arguments": {args}}}'
    return {
        "function": f'{{"function": "{name}", "arguments": {args}}}',
        "parameters": f'{{"name": "{name}", "parameters": {args}}}',
        "tool": f'{{"tool": "{name}", "args": {args}}}',
        "tool_name": f'{{"tool_name": "{name}", "input": {args}}}',
        "arguments_first": f'{{"arguments": {args}, "name": "{name}"}}',
        "arguments_as_text": json.dumps({"name": name, "arguments": args}),
        "openai": f'{{"id": "c1", "type": "function", "function": {{"name": "{name}", "arguments": {args}}}}}',
        "list_key": f'{{"tool_calls": [{plain}]}}',
        "list": f"[{plain}]",
        "indented": json.dumps({"function": name, "arguments": arguments}, indent=4),
        "namespace": f'{{"name": "functions.{name}", "parameters": {args}}}',
        "tag": f"<tool_call>\n{plain}\n</tool_call>",
        "tag_unclosed": f"<tool_call>{plain}",
        "tag_in_capitals": f"<TOOL_CALL>{plain}</TOOL_CALL>",
        "tag_of_a_list": f"<tool_calls>[{plain}]</tool_calls>",
        "other_tag": f"<function_call>{plain}</function_call>",
        "phi": f"<|tool_call|>[{plain}]<|/tool_call|>",
        "python_tag": f"<|python_tag|>{plain}",
        "mistral": f"[TOOL_CALLS][{plain}]",
        "mistral_with_space": f"[TOOL_CALLS] [{plain}]",
        "mistral_named": f"[TOOL_CALLS]{name}[ARGS]{args}",
        "mistral_short": f"[TOOL_CALLS]{name}{args}",
        "llama": f"<function={name}>{args}</function>",
        "qwen": f"<tool_call>\n<function={name}>\n"
        + "".join(f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in arguments.items())
        + "</function>\n</tool_call>",
        "fence": f"```json\n{plain}\n```",
        "fence_without_language": f"```\n{plain}\n```",
        "fence_of_a_list": f"```json\n[\n  {plain}\n]\n```",
        "fence_of_a_tag": f"```xml\n<tool_call>{plain}</tool_call>\n```",
        "fence_on_one_line": f"```{plain}```",
    }


UNREADABLE = {
    "unknown_tool": '{"function": "no_such_tool", "arguments": {}}',
    "unknown_tool_in_a_tag": '<tool_call>{"name": "no_such_tool", "arguments": {}}</tool_call>',
    "invalid_json": '{"name": "totals", "arguments": {"month": 1,}}',
    "invalid_arguments": '{"name": "totals", "arguments": {"month": "soon"}}',
    "unknown_argument": '{"name": "totals", "arguments": {"year": 1}}',
    "arguments_that_are_a_list": '{"name": "totals", "arguments": [1]}',
    "arguments_beside_the_name": '{"function": "totals", "year": 1}',
    "broken_off": '{"name": "totals", "arguments": {"month": ',
    "broken_off_before_the_name_ends": '{"function": "tot',
    "broken_off_before_the_name": '{"arguments": {"month": 1}, "na',
    "tag_broken_off": '<tool_call>{"name": "totals", ',
    "tag_of_prose": "<tool_call>look at the totals</tool_call>",
    "empty_tag": "<tool_call></tool_call>",
    "anthropic": '<invoke name="totals"><parameter name="month">1</parameter></invoke>',
    "fence_broken_off": '```json\n{"name": "totals", "arguments": {',
    "one_of_two": '{"name": "totals", "arguments": {"month": 1}}\n{"name": "totals", "arguments": {"month": "x"}}',
}

FALSE_FRIENDS = {
    "braces": "Use {month} and {year}; a set is {1, 2}.",
    "json_the_user_asked_for": '{"category": "Groceries", "total": "12.50", "currency": "EUR"}',
    "json_with_a_name": '{"name": "Rent", "amount": "900.00"}',
    "json_with_an_id_and_type": '[{"id": 1, "type": "expense", "name": "Rent"}]',
    "json_with_parameters_but_no_name": '{"parameters": {"rate": 3}, "result": 12}',
    "nested_call": '{"example": {"name": "totals", "arguments": {}}}',
    "nested_list": '{"steps": [{"name": "totals", "arguments": {}}, {"name": "totals", "arguments": {}}]}',
    "code_block": '```json\n{"name": "Ana", "parameters": {"goal": "bike"}}\n```\nThat is all.',
    "code_block_of_another_call": '```json\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n```',
    "python_block": '```python\ncall = {"name": "totals", "arguments": {}}\n```',
    "sql_block": '```sql\nselect \'{"name": "totals"}\';\n```\nSee above.',
    "inline_code": 'A call is `{"name": "totals", "arguments": {}}` or `<tool_call>`.',
    "list_of_tools": '[{"name": "totals", "description": "Add up."}]',
    "tags_of_html": "Write <b>bold</b> or x < 3 and y > 4, [see][1] and [TOOL].",
    "arithmetic": "[1] 3 [2] {a: [b, {c}]} ``x`` `y`",
    "cut_object": '{"name": "Ren',
    "cut_fence": "```",
    "leading_space": "\n  Two words.",
    "empty_list": "[] {} [ ] { }",
}
"""Texts that are shown as they are; `totals` is an offered tool."""
