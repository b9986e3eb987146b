"""The `banet-edu` command, one file per command group."""
