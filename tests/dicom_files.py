"""Small DICOM files for tests."""

from __future__ import annotations


def write(path, stored, **tags):
    """A small DICOM file with these stored values (h x w, or h x w x 3 for RGB)."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    file = Dataset()
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file.file_meta.MediaStorageSOPClassUID = file.SOPClassUID = SecondaryCaptureImageStorage
    file.file_meta.MediaStorageSOPInstanceUID = file.SOPInstanceUID = generate_uid()
    bits = stored.dtype.itemsize * 8
    file.Rows, file.Columns = stored.shape[-3:-1] if stored.shape[-1] == 3 else stored.shape[-2:]
    file.BitsAllocated = file.BitsStored = bits
    file.HighBit, file.PixelRepresentation = bits - 1, int(stored.dtype.kind == "i")
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    if stored.shape[-1] == 3:
        file.SamplesPerPixel, file.PhotometricInterpretation, file.PlanarConfiguration = 3, "RGB", 0
    file.PixelData = stored.tobytes()
    for tag, value in tags.items():
        setattr(file, tag, value)
    file.save_as(path, enforce_file_format=True)
    return path
