"""The five tools on files."""

from __future__ import annotations

from fnmatch import fnmatchcase

from pilotbench.benchmark.world import objects
from pilotbench.benchmark.world.objects import DataObject, derived, from_entry, shown, to_entry
from pilotbench.benchmark.world.state import World
from pilotbench.benchmark.world.tool import (
    HANDLE,
    INLINE,
    Change,
    Tool,
    ToolFailure,
    ToolOutcome,
    one_of,
    schema,
    text,
)

LISTED = 20


def _reader(world: World, path: str) -> ToolOutcome:
    data = from_entry(world.get("files", path), f"file:{path}")
    return ToolOutcome(shown(data), data)


def _writer(
    world: World,
    path: str,
    overwrite: bool,
    data: str | None = None,
    text: str | None = None,
) -> ToolOutcome:
    content = world.content(data, text)
    if path in world.sections["files"] and not overwrite:
        raise ToolFailure("exists", f"{path} exists already", violation="file exists")
    receipt = world.receipt(f"file:{path}", content.content)
    return ToolOutcome(
        {"path": path, "receipt": receipt},
        changes=(Change("files", path, to_entry(content)),),
    )


def _scanner(world: World, folder: str, pattern: str) -> ToolOutcome:
    stem = folder.rstrip("/") + "/"
    inside = sorted(path for path in world.sections["files"] if path.startswith(stem))
    if not inside:
        raise ToolFailure(
            "not_found", f"there is no folder {folder!r}"[:200], missing=f"folder:{stem}"
        )
    files = [path for path in inside if fnmatchcase(path[len(stem) :], pattern)]
    return ToolOutcome({"files": files[:LISTED], "total": len(files)})


def _compressor(world: World, data: str, method: str) -> ToolOutcome:
    source = world.data(data)
    if source.kind == "archive":
        raise ToolFailure("wrong_kind", f"{data} is compressed already", violation="wrong kind")
    inner = source.value if source.kind == "text" else objects.as_json(source.value)
    made = derived("compress", "archive", {"method": method, "text": inner}, [source], method)
    return ToolOutcome({**shown(made), "checksum": world.receipt("checksum", made.content)}, made)


RENDER = {
    "json": objects.as_json,
    "csv": objects.as_csv,
    "xml": objects.as_xml,
    "yaml": objects.as_yaml,
}


def _converter(world: World, data: str, format: str) -> ToolOutcome:
    source = world.data(data)
    if source.kind == "number":
        rows = [{"value": source.value}]
    elif source.kind == "archive":
        raise ToolFailure("wrong_kind", f"{data} is compressed", violation="wrong kind")
    else:
        rows = world.table(data).value
    made: DataObject = derived("convert", "text", RENDER[format](rows), [source], format)
    return ToolOutcome({**shown(made), "checksum": world.receipt("checksum", made.content)}, made)


TOOLS = (
    Tool(
        "file_operations_reader",
        "Read a file's text.",
        schema(("path",), path=text()),
        _reader,
        ("not_found",),
        "handle and preview of the text",
        keywords="open load contents file files in from stored",
    ),
    Tool(
        "file_operations_writer",
        "Write data to a file.",
        schema(
            ("path",),
            path=text(),
            data=HANDLE,
            text=INLINE,
            overwrite={"type": "boolean", "default": False},
        ),
        _writer,
        ("not_found", "exists"),
        "path and receipt number",
        keywords="save store new file must hold contain output",
    ),
    Tool(
        "file_operations_scanner",
        "List a folder's files that match a pattern.",
        schema(("folder",), folder=text(), pattern=text(default="*")),
        _scanner,
        ("not_found",),
        "matching paths",
        keywords="scan find search directory folder file whose name contains",
    ),
    Tool(
        "file_operations_compressor",
        "Compress data.",
        schema(("data",), data=HANDLE, method=one_of("gzip", "bzip2", "xz", default="gzip")),
        _compressor,
        ("not_found", "wrong_kind"),
        "handle and checksum of the archive",
        requires="data not compressed yet",
        keywords="zip gzip bzip2 xz archive compressed packed",
    ),
    Tool(
        "file_operations_converter",
        "Convert rows or a number to a text format.",
        schema(("data", "format"), data=HANDLE, format=one_of("json", "csv", "xml", "yaml")),
        _converter,
        ("not_found", "wrong_kind"),
        "handle, preview and checksum of the text",
        requires="rows or a number",
        keywords="render export document formatted as json csv xml yaml",
    ),
)
