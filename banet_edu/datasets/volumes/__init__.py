"""Volumes: NIfTI files and DICOM series read, written, opened as data sets and checked."""
