"""TLS for terminals: the server's certificate and, where it is wanted, those of its clients."""

import ssl


def context_of(certificate_file: str, key_file: str, client_ca_file: str = "") -> ssl.SSLContext:
    """TLS 1.2 and later. client_ca_file: who must have signed a client's certificate; empty asks for none.

    Raises OSError that names the key of the configuration that cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate_file, key_file or None)
    except (OSError, ValueError) as error:
        raise OSError(f"tls.certificate_file, tls.key_file: cannot be used: {error}") from error
    if client_ca_file:
        try:
            context.load_verify_locations(client_ca_file)
        except (OSError, ValueError) as error:
            raise OSError(f"tls.client_ca_file: cannot be used: {error}") from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def renew(context: ssl.SSLContext, certificate_file: str, key_file: str) -> None:
    """Shows another certificate to whoever connects from now on; connections that are there stay.

    Raises OSError, as `context_of`, and then the former one is still shown.
    """
    context_of(certificate_file, key_file)  # a key of another certificate would spoil the live one
    context.load_cert_chain(certificate_file, key_file or None)
