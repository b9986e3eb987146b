"""Everything that is written to disk: files all or nothing, tensors with a description that a checksum covers."""

from banet_edu.storage.files import (
    check_folder,
    harmless,
    locked,
    may_write,
    printable,
    remove,
    sha256,
    write_bytes,
    write_table,
    write_text,
    written,
)
from banet_edu.storage.tensors import from_int8, read_tensors, save_model, write_tensors

__all__ = [
    "check_folder",
    "from_int8",
    "harmless",
    "locked",
    "may_write",
    "printable",
    "read_tensors",
    "remove",
    "save_model",
    "sha256",
    "write_bytes",
    "write_table",
    "write_tensors",
    "write_text",
    "written",
]
