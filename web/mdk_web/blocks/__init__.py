"""A patient's blocks: whom the patient has shut out."""
