"""The driver's code: text form, signature, trust, revocation."""
