"""The batch endpoints over HTTP: which address does what, and which faults its answer meets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pilotbench.ground.errors import UserError
from pilotbench.simulator.apis.api import Api, Malformed, Problem, problem
from pilotbench.simulator.batches import FORMS
from pilotbench.simulator.batches.desk import Desk
from pilotbench.simulator.batches.form import LOOK, RESULTS, SUBMIT, Call, Form, Reply, Route
from pilotbench.simulator.ground.batch_setup import check_batch_faults
from pilotbench.simulator.ground.wire import Connection, HttpRequest

Json = dict[str, Any]
_FAULTS = {
    SUBMIT: ("submit_late", "submit_reset", "submit_500"),
    RESULTS: ("results_late", "results_500", "results_404", "results_cut", "results_short"),
    LOOK: ("look_500",),
}
_ERRORS = {
    "submit_500": "server_error",
    "results_500": "server_error",
    "look_500": "server_error",
    "results_404": "not_found",
}
_LATE = ("submit_late", "results_late")
Admit = Callable[[str], Problem | None]
"""From a secret to why it may not use the batch endpoints, None where it may."""


class Front:
    """Answers the batch endpoints of all services; used only from the event loop."""

    def __init__(self, desk: Desk, admit: Admit) -> None:
        self._desk, self._admit = desk, admit
        self._held: list[tuple[Connection, Reply]] = []

    def handle(self, request: HttpRequest, connection: Connection) -> bool:
        """Answer a request to a batch endpoint; return whether it is one."""
        path = request.path.rstrip("/")
        for form in FORMS.values():
            for route in form.routes:
                found = route.path.search(path)
                fits = found is not None and route.method == request.method
                if found is not None and fits and form.is_asked(request):
                    names = {name: text for name, text in found.groupdict().items() if text}
                    self._answer(form, route, request, connection, names)
                    return True
        return False

    def statistics(self) -> Json:
        """Return the counts of batches, and how many answers are held back."""
        return self._desk.statistics() | {"held": len(self._held)}

    def command(self, path: str, request: HttpRequest) -> Json | None:
        """Obey an address that no service has; return the answer, None where it is none."""
        if request.method != "POST" or not path.startswith("/batches/"):
            return None
        if path == "/batches/end":
            self._desk.end_all()
        elif path == "/batches/release":
            held, self._held = self._held, []
            for connection, reply in held:
                if connection.is_open:
                    _send(connection, reply)
        elif path == "/batches/faults":
            try:
                check_batch_faults(request.query)
            except UserError as error:
                return {"error": str(error)}
            self._desk.faults |= {name: int(count) for name, count in request.query.items()}
        else:
            return None
        return {"faults": dict(+self._desk.faults)}

    def _answer(
        self,
        form: Form,
        route: Route,
        request: HttpRequest,
        connection: Connection,
        names: dict[str, str],
    ) -> None:
        secret = form.api.secret(request)
        refused = None if route.is_open(request) else self._admit(secret)
        if refused is None:
            call = Call(request, self._desk, secret, names)
            try:
                self._deliver(form.api, route.act(call), connection)
            except Malformed as error:
                refused = error.problem
        if refused is not None:
            _send_error(form.api, connection, refused)

    def _deliver(self, api: Api, reply: Reply, connection: Connection) -> None:
        """Send an answer, or what its fault leaves of it."""
        content = reply.content
        half = content[: len(content) // 2]
        fault = next((one for one in _FAULTS.get(reply.moment, ()) if self._desk.take(one)), None)
        if fault is None:
            _send(connection, reply)
        elif fault in _ERRORS:
            _send_error(api, connection, problem(_ERRORS[fault]))
        elif fault in _LATE:
            self._held.append((connection, reply))
        elif fault == "submit_reset":
            connection.reset()
        elif fault == "results_cut":
            connection.begin(200, len(content), reply.headers, half)
            connection.close()
        else:
            connection.send(200, half, reply.headers)


def _send(connection: Connection, reply: Reply) -> None:
    connection.send(200, reply.content, reply.headers)


def _send_error(api: Api, connection: Connection, found: Problem) -> None:
    status, body = api.error(found)
    connection.send(status, json.dumps(body).encode())
