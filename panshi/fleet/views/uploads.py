"""What a form sent along as a file."""

from django.core.files.uploadedfile import UploadedFile

from panshi.kit.forms import Reading


def taken_upload(form: Reading, name: str) -> tuple[str, bytes | None]:
    """Take a file out of the values of a form: its name and its bytes, None when none was sent."""
    sent = form.values.pop(name, None)
    return (sent.name or "", sent.read()) if isinstance(sent, UploadedFile) else ("", None)
