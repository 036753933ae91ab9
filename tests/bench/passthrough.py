"""The floor: FastAPI streams what the model says. Nothing is kept, so there is no conversation."""

import json
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from openai import AsyncOpenAI
from pydantic import BaseModel

from tests.bench.listening import serve

app = FastAPI()
model = AsyncOpenAI()


class Question(BaseModel):
    message: str


@app.post("/api/chat")
async def chat(question: Question) -> StreamingResponse:
    return StreamingResponse(events(question.message), media_type="text/event-stream")


async def events(message: str) -> AsyncIterator[str]:
    stream = await model.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": message}], stream=True
    )
    async for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            yield event(type="text", content=chunk.choices[0].delta.content)
    yield event(type="done")


def event(**fields: str) -> str:
    return f"data: {json.dumps(fields, separators=(',', ':'))}\n\n"


if __name__ == "__main__":
    serve(app)
