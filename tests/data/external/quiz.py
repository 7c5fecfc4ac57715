"""A harness of a few lines: it asks sums through the gateway and writes a CSV file of scores."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path


def ask(words: str, name: str | None = None) -> str:
    other = "other" if os.environ.get("QUIZ_MODE") == "swallows another" else None
    body = {
        "model": name or other or os.environ["QUIZ_MODEL"],
        "messages": [{"role": "user", "content": words}],
    }
    request = urllib.request.Request(
        os.environ["OPENAI_BASE_URL"] + "/chat/completions",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"},
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        return str(json.load(reply)["choices"][0]["message"]["content"])


def main(first: int, last: int, out: Path) -> int:
    mode = os.environ.get("QUIZ_MODE", "")
    rows = []
    if mode == "fails":
        print("the data set is not there", flush=True)
        return 3
    if mode == "sleeps":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print(f"child of {os.getpid()}", flush=True)
        time.sleep(60)
    if mode == "warms up":
        ask("Are you there?")
    for index in range(first, last + 1):
        if mode == "waits after two" and index == first + 2:
            time.sleep(60)
        prompt, target = f"What is {index} plus {index}?", str(2 * index)
        try:
            reply = target if mode == "asks nothing" else ask(prompt)
        except urllib.error.HTTPError as error:
            if not mode.startswith("swallows"):
                raise
            reply = f"error {error.code}"
        score = 1.0 if reply == target else 0.0
        if grader := os.environ.get("QUIZ_GRADER"):
            score = float(ask(f"Grade the reply {reply!r} to: {prompt}", grader) == "C")
        rows.append((index, f"q{index}", prompt, reply, target, score))
    if mode == "loses one":
        rows.pop()
    with (out / "scores.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("index", "id", "prompt", "reply", "target", "score"))
        writer.writerows(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
