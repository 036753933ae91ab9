"""The fallback answers where the chosen model showed nothing, and the answer says whose it is."""

import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from graph.adapters.models.fallback import WithFallback
from graph.adapters.models.langchain import LangChainModel
from graph.errors import ConfigurationError, ModelError, ModelRefused, ModelTimeout, ModelUnavailable
from graph.ports.models import ModelSettings
from graph.settings import read_settings
from graph.tool import Tool
from graph.wiring.models import build_chat_model

HELLO = [HumanMessage("hello")]


@dataclass
class Failing:
    """Port `ChatModel`: says its words, then fails if it has something to fail with."""

    called: str
    words: Sequence[str]
    error: Exception | None = None
    asked: list[ModelSettings] = field(default_factory=list)

    def name(self, settings: ModelSettings) -> str:
        return f"{self.called}-{settings.size}"

    async def stream(
        self, messages: Sequence[BaseMessage], tools: Sequence[Tool], settings: ModelSettings
    ) -> AsyncIterator[AIMessageChunk]:
        self.asked.append(settings)
        for word in self.words:
            yield AIMessageChunk(content=word)
        if self.error:
            raise self.error


async def heard(model: WithFallback, words: list[str]) -> None:
    async for chunk in model.stream(HELLO, (), ModelSettings("large")):
        words.append(str(chunk.text))


async def test_a_chosen_model_that_answers_is_the_only_one_asked() -> None:
    fallback = Failing("spare", ["b"])
    words: list[str] = []
    await heard(WithFallback(Failing("chosen", ["a"]), fallback), words)
    assert (words, fallback.asked) == (["a"], [])


@pytest.mark.parametrize("error", [ModelUnavailable(), ModelUnavailable(retry_after=9), ModelTimeout(), ModelRefused()])
async def test_the_fallback_answers_where_the_chosen_model_failed_before_its_first_word(error: ModelError) -> None:
    fallback = Failing("spare", ["b", "c"])
    words: list[str] = []
    await heard(WithFallback(Failing("chosen", [], error), fallback), words)
    assert (words, fallback.asked) == (["b", "c"], [ModelSettings("large")])


async def test_it_does_not_go_on_where_the_chosen_model_broke_off() -> None:
    fallback = Failing("spare", ["b"])
    words: list[str] = []
    with pytest.raises(ModelUnavailable):
        await heard(WithFallback(Failing("chosen", ["a"], ModelUnavailable()), fallback), words)
    assert (words, fallback.asked) == (["a"], [])


async def test_if_both_fail_the_fallbacks_error_is_raised() -> None:
    model = WithFallback(Failing("chosen", [], ModelTimeout()), Failing("spare", [], ModelUnavailable()))
    with pytest.raises(ModelUnavailable):
        await heard(model, [])


async def test_what_is_no_models_fault_is_not_given_to_another_model() -> None:
    fallback = Failing("spare", ["b"])
    with pytest.raises(ZeroDivisionError):
        await heard(WithFallback(Failing("chosen", [], ZeroDivisionError()), fallback), [])
    assert fallback.asked == []


def test_its_name_is_the_chosen_models() -> None:
    model = WithFallback(Failing("chosen", []), Failing("spare", []))
    assert model.name(ModelSettings("large")) == "chosen-large"


# As it is configured --------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("OPENAI_"):
            monkeypatch.delenv(name)


CHOSEN = {"openai_base_url": "http://127.0.0.1:1/v1", "openai_api_key": "chosen-key"}


def fallback_of(**settings: str) -> tuple[str, str, str]:
    """The fallback's name, address and key."""
    model = build_chat_model(read_settings(_env_file=None, **CHOSEN, openai_model_fallback="spare", **settings))
    assert isinstance(model, WithFallback)
    assert isinstance(model._fallback, LangChainModel)
    for size in ("small", "large"):
        assert model._fallback.name(ModelSettings(size)) == "spare"
    client = model._fallback._models["small"]
    assert isinstance(client, ChatOpenAI)
    assert isinstance(client.openai_api_key, SecretStr)
    return client.model_name, str(client.openai_api_base), client.openai_api_key.get_secret_value()


def test_a_fallback_is_served_where_the_chosen_model_is() -> None:
    assert fallback_of() == ("spare", "http://127.0.0.1:1/v1", "chosen-key")


def test_a_fallback_elsewhere_has_its_own_key_and_never_the_chosen_models() -> None:
    elsewhere = "http://127.0.0.1:2/v1"
    assert fallback_of(openai_fallback_base_url=elsewhere) == ("spare", elsewhere, "none")
    with_key = fallback_of(openai_fallback_base_url=elsewhere, openai_fallback_api_key="spare-key")
    assert with_key == ("spare", elsewhere, "spare-key")


def test_without_a_fallback_there_is_none() -> None:
    assert isinstance(build_chat_model(read_settings(_env_file=None, **CHOSEN)), LangChainModel)


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"openai_model_fallback": "spare"}, "OPENAI_API_KEY or OPENAI_BASE_URL"),
        ({**CHOSEN, "openai_fallback_base_url": "http://127.0.0.1:2/v1"}, "OPENAI_MODEL_FALLBACK"),
        (
            {**CHOSEN, "openai_model_fallback": "spare", "openai_fallback_api_key": "secret"},
            "OPENAI_FALLBACK_BASE_URL",
        ),
    ],
)
def test_half_a_fallback_stops_the_start(settings: dict[str, str], missing: str) -> None:
    with pytest.raises(ConfigurationError, match=f"needs {missing}") as refused:
        read_settings(_env_file=None, **settings)
    assert "secret" not in refused.value.message
