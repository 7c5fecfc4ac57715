"""What a flawed plan puts in the place of a step: a neighbouring operation with another aim.

`OPERATIONS` describes each tool without its name, in the words of the reference plans.

`DRIFTS` maps a tool to (the tool drifted to, the clause of purpose, its arguments). An argument
that begins with `@` is the drifting step's own argument of that name; `{name}` in a clause is its
value where the plan states it. A clause without a stated value names no value.
"""

from __future__ import annotations

Drift = tuple[str, str, dict[str, str]]

_NOTE: Drift = ("utility_logger", "note the outcome in the log", {"data": "@data"})
_KEEP: Drift = (
    "utility_cache",
    "keep the outcome in the cache for later",
    {"key": "outcome", "action": "put", "data": "@data"},
)

DRIFTS: dict[str, tuple[Drift, ...]] = {
    "file_operations_reader": (
        ("file_operations_scanner", "list the files beside the file", {"folder": "@path"}),
        ("utility_helper", "look up the file in the house notes", {"topic": "@path"}),
    ),
    "file_operations_writer": (_KEEP, _NOTE),
    "file_operations_scanner": (
        ("utility_helper", "look up the folder in the house notes", {"topic": "@folder"}),
    ),
    "file_operations_compressor": (_KEEP, _NOTE),
    "file_operations_converter": (
        (
            "file_operations_compressor",
            "compress the outcome to save room",
            {"data": "@data", "method": "gzip"},
        ),
        _NOTE,
    ),
    "data_processing_parser": (
        (
            "file_operations_converter",
            "convert the text to JSON",
            {"data": "@data", "format": "json"},
        ),
        _NOTE,
    ),
    "data_processing_transformer": (
        (
            "computation_analyzer",
            "describe the spread of `{column}`",
            {"data": "@data", "column": "@column", "statistic": "range"},
        ),
        _NOTE,
    ),
    "data_processing_filter": (
        (
            "computation_analyzer",
            "describe the spread of `{column}`",
            {"data": "@data", "column": "@column", "statistic": "range"},
        ),
        (
            "computation_predictor",
            "predict where `{column}` is going",
            {"data": "@data", "column": "@column"},
        ),
    ),
    "data_processing_validator": (
        (
            "data_processing_transformer",
            "sort the rows by `{column}`, descending",
            {"data": "@data", "action": "sort_down", "column": "@column"},
        ),
        _NOTE,
    ),
    "data_processing_aggregator": (
        (
            "computation_predictor",
            "predict where `{column}` is going",
            {"data": "@data", "column": "@column"},
        ),
        (
            "data_processing_transformer",
            "sort the rows by `{column}`, descending",
            {"data": "@data", "action": "sort_down", "column": "@column"},
        ),
    ),
    "network_fetcher": (
        ("network_validator", "check that the URL is live", {"url": "@url"}),
        ("utility_helper", "look up the URL in the house notes", {"topic": "@url"}),
    ),
    "network_poster": (_NOTE, _KEEP),
    "network_router": (
        ("network_monitor", "watch the load of the service", {"service": "@service"}),
        ("utility_helper", "look up the service in the house notes", {"topic": "@service"}),
    ),
    "network_monitor": (
        ("utility_helper", "look up the service in the house notes", {"topic": "@service"}),
    ),
    "network_validator": (
        ("network_fetcher", "fetch what the URL offers", {"url": "@url"}),
        ("utility_helper", "look up the URL in the house notes", {"topic": "@url"}),
    ),
    "computation_calculator": (
        ("utility_helper", "look up how the figure is reported", {"topic": "figure"}),
    ),
    "computation_analyzer": (
        (
            "data_processing_transformer",
            "sort the rows by `{column}`, descending",
            {"data": "@data", "action": "sort_down", "column": "@column"},
        ),
        _NOTE,
    ),
    "computation_predictor": (
        (
            "computation_analyzer",
            "describe the spread of `{column}`",
            {"data": "@data", "column": "@column", "statistic": "range"},
        ),
        _NOTE,
    ),
    "computation_simulator": (
        ("utility_helper", "look up what the model is for", {"topic": "@model"}),
    ),
    "computation_optimizer": (
        (
            "data_processing_transformer",
            "sort the rows by `{maximize}`, descending",
            {"data": "@data", "action": "sort_down", "column": "@maximize"},
        ),
        _NOTE,
    ),
    "integration_authenticator": (
        ("network_monitor", "watch the load of the service", {"service": "@service"}),
        ("utility_helper", "look up the service in the house notes", {"topic": "@service"}),
    ),
    "integration_mapper": (
        (
            "file_operations_converter",
            "convert the rows to JSON",
            {"data": "@data", "format": "json"},
        ),
        _NOTE,
    ),
    "integration_connector": (
        ("utility_helper", "look up the database in the house notes", {"topic": "@database"}),
    ),
    "integration_scheduler": (_NOTE, _KEEP),
    "integration_queue": (
        ("network_monitor", "watch the load of the queue", {"service": "@queue"}),
    ),
    "utility_cache": (
        ("utility_helper", "look up the cache in the house notes", {"topic": "@key"}),
    ),
    "utility_logger": (_KEEP,),
    "utility_tracker": (
        ("utility_helper", "look up the reference in the house notes", {"topic": "@reference"}),
    ),
    "utility_helper": (
        ("utility_tracker", "look up where the matter stands", {"reference": "@topic"}),
    ),
    "utility_notifier": (_NOTE, _KEEP),
}

OPERATIONS: dict[str, str] = {
    "file_operations_reader": "read a file",
    "file_operations_writer": "write data to a file",
    "file_operations_scanner": "list files of a folder",
    "file_operations_compressor": "compress data",
    "file_operations_converter": "convert data to a text format",
    "data_processing_parser": "parse text into rows",
    "data_processing_transformer": "transform a column",
    "data_processing_filter": "filter rows",
    "data_processing_validator": "check rows against a rule",
    "data_processing_aggregator": "aggregate a column",
    "network_fetcher": "fetch data from a URL",
    "network_poster": "post data to a URL",
    "network_router": "route a service",
    "network_monitor": "monitor a service's backends",
    "network_validator": "check whether an address is live",
    "computation_calculator": "calculate a number",
    "computation_analyzer": "take a statistic of a column",
    "computation_predictor": "forecast a column",
    "computation_simulator": "simulate a model",
    "computation_optimizer": "choose the best rows within a limit",
    "integration_authenticator": "sign in to a service",
    "integration_mapper": "rename columns",
    "integration_connector": "get a table from a database",
    "integration_scheduler": "schedule a job",
    "integration_queue": "pass a message through a queue",
    "utility_cache": "keep data in the cache",
    "utility_logger": "log data",
    "utility_tracker": "look up a tracking reference",
    "utility_helper": "look up a house note",
    "utility_notifier": "notify a person with data",
}
