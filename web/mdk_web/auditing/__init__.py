"""Pages of the auditor: the access log, its oddities, spot checks, and the patient's own extract."""
