"""Tools on files that are not the three base tools."""

from __future__ import annotations

from pilotbench.benchmark.scenarios.tools.searched import acting, reading
from pilotbench.benchmark.scenarios.tools.searched.others import described, elsewhere, emptied
from pilotbench.benchmark.scenarios.tools.searched.variant import variant

TOOLS = (
    variant(
        "file_operations_archive_reader", "reader", reading.LAST_YEAR,
        "Reads the copy of a file that was archived a year ago. The values are those of last year,"
        " not the current ones.",
    ),
    variant(
        "file_operations_training_reader", "reader", reading.TRAINING,
        "Reads the version of a file that new staff practise with. Its values are invented.",
    ),
    variant(
        "file_operations_redactor", "reader", reading.MASKED,
        "Reads a file with every field but the key blacked out. Use it to show a file to visitors.",
    ),
    variant(
        "file_operations_digest_reader", "reader", reading.ROUNDED,
        "Reads a file with all amounts rounded to the nearest thousand. The exact amounts are not"
        " kept.",
    ),
    variant(
        "file_operations_printer", "reader", reading.AS_TEXT,
        "Reads a file as plain text for a printer. The result is text and no longer a record.",
    ),
    variant(
        "file_operations_label_reader", "reader", reading.FIRST_FIELD,
        "Reads only the first field of a file, as it is printed on a label. All other fields are"
        " left out.",
    ),
    variant(
        "file_operations_describer", "reader", reading.OUTLINE,
        "Tells which fields a file has. It does not read their values.",
    ),
    variant(
        "file_operations_measurer", "reader", reading.LENGTH,
        "Tells how large a file is. It does not return the contents.",
    ),
    variant(
        "file_operations_hasher", "reader", reading.FINGERPRINT,
        "Computes the checksum of a file, to compare two copies. It does not return the contents.",
    ),
    variant(
        "file_operations_loader", "reader", acting.RETIRED,
        "Loads a file. This tool is deprecated and refuses every call.",
    ),
    variant(
        "file_operations_counter", "scanner",
        reading.reworded(lambda told: {"files": len(told["files"])}, "the number of files"),
        "Counts the files of a folder. It does not tell their names.",
    ),
    variant(
        "file_operations_archive_scanner", "scanner",
        reading.reworded(
            lambda told: {"archived": [f"archive/2030/{path}" for path in told["files"]]},
            "the paths in the archive",
        ),
        "Lists where the files of a folder were archived last year. The paths are those of the"
        " archive.",
    ),
    elsewhere(
        "file_operations_bin_finder", "path", "deleted file",
        "Finds a file that was deleted and is still in the bin. Files that were not deleted are not"
        " found.",
    ),
    elsewhere(
        "file_operations_template_reader", "name", "template",
        "Reads the template of a letter or form. It does not read files.",
    ),
    variant(
        "file_operations_drafter", "writer", acting.DRAFT,
        "Keeps data as a draft for a file. The file itself is not created until somebody publishes"
        " the draft.",
    ),
    variant(
        "file_operations_submitter", "writer", acting.HELD,
        "Submits data for a new file to an approver. The file is not created before the approval.",
    ),
    variant(
        "file_operations_rehearser", "writer", acting.DRY_RUN,
        "Checks whether a new file could be written. It is a dry run and writes nothing.",
    ),
    variant(
        "file_operations_training_writer", "writer", acting.TRAINING_RUN,
        "Practises writing a file in the training system. No real file is written.",
    ),
    variant(
        "file_operations_saver", "writer", acting.RETIRED,
        "Saves data to a file. This tool is deprecated and refuses every call.",
    ),
    variant(
        "file_operations_stub_writer", "writer", acting.KEY_ONLY,
        "Writes a placeholder file that contains only the key of a record. All other fields are"
        " left out.",
    ),
    variant(
        "file_operations_text_exporter", "writer", acting.TEXT_ONLY,
        "Writes a record to a new file as plain text. Programs that expect a record cannot read the"
        " file.",
    ),
    variant(
        "file_operations_redacting_writer", "writer", acting.MASKED_ONLY,
        "Writes a new file in which every field but the key is blacked out. Use it for files that"
        " leave the company.",
    ),
    variant(
        "file_operations_rounding_writer", "writer", acting.ROUNDED_ONLY,
        "Writes a new file with all amounts rounded to the nearest thousand. The exact amounts are"
        " lost.",
    ),
    variant(
        "file_operations_backup_writer", "writer", acting.under(".bak"),
        "Writes data to a backup file, whose name is the given path with `.bak` at its end. The"
        " path itself is not written.",
    ),
    emptied(
        "file_operations_remover", "path", "files",
        "Deletes a file for good. It cannot be restored.",
    ),
    described(
        "file_operations_compressor",
        "Compresses data into an archive. The archive can be stored but no longer read as a"
        " record.",
    ),
    described(
        "file_operations_converter",
        "Converts a table or number to text in the format JSON, CSV, XML or YAML. The result is"
        " text and no longer a table.",
    ),
)  # fmt: skip
