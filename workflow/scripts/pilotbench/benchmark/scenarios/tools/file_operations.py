"""The tools on files."""

from __future__ import annotations

from fnmatch import fnmatchcase

from pilotbench.benchmark.scenarios.tools.parameters import DATA, QUOTE
from pilotbench.benchmark.scenarios.tools.showing import preview
from pilotbench.benchmark.scenarios.tools.world import ScenarioWorld, entry_of, not_found
from pilotbench.benchmark.world.objects import from_entry
from pilotbench.benchmark.world.tool import Change, Tool, ToolFailure, ToolOutcome, schema, text


def _reader(world: ScenarioWorld, path: str) -> ToolOutcome:
    data = from_entry(world.get("files", path), f"file:{path}")
    return ToolOutcome(preview(world, data), data)


def _scanner(world: ScenarioWorld, folder: str, pattern: str) -> ToolOutcome:
    stem = folder.rstrip("/") + "/"
    world.in_service(stem[:-1])
    inside = [path for path in world.sections["files"] if path.startswith(stem)]
    if not inside:
        raise not_found("folder", folder, f"folder:{stem}")
    files = [path for path in inside if fnmatchcase(path[len(stem) :], pattern)]
    return ToolOutcome({"files": files})


def _writer(world: ScenarioWorld, path: str, data: str, quote: int | None = None) -> ToolOutcome:
    world.in_service(path)
    content = world.data(data)
    if path in world.sections["files"]:
        raise ToolFailure("exists", f"The file {path} already exists."[:200], violation="exists")
    entry = entry_of(content, quote)
    receipt = world.receipt_of("files", path, entry, content.content)
    return ToolOutcome({"path": path, "receipt": receipt}, None, (Change("files", path, entry),))


TOOLS = (
    Tool(
        "file_operations_reader",
        "Reads a file. Returns its record or text with a handle.",
        schema(("path",), path=text("The path of the file.")),
        _reader,
        ("not_found", "out_of_service"),
        "the handle and the record, or the beginning of the text",
        keywords="open load contents file stored",
    ),
    Tool(
        "file_operations_scanner",
        "Lists the files of a folder, oldest first.",
        schema(
            ("folder",),
            folder=text("The path of the folder."),
            pattern=text("A pattern for the names, such as `*.json`.", default="*"),
        ),
        _scanner,
        ("not_found", "out_of_service"),
        "the paths of the files, oldest first",
        keywords="scan find directory folder names",
    ),
    Tool(
        "file_operations_writer",
        "Writes data to a new file. Returns a receipt number.",
        schema(("path", "data"), path=text("The path of the new file."), data=DATA, quote=QUOTE),
        _writer,
        ("not_found", "exists", "out_of_service"),
        "the path and the receipt number",
        keywords="save store create output",
    ),
)
