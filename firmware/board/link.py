"""The line to the platform: one non-blocking socket, TCP or UDP, opened and closed as the terminal asks.

Carries bytes and tells the terminal what became of the link; knows nothing of what they mean.
"""

import errno
import select
import socket

READ_BYTES = 512
DATAGRAM_BYTES = 1500  # a datagram is read whole or what is too much of it is lost
CONNECT_MS = 10000  # a server that has not accepted by then is as good as away
ADDRESSES_MAX = 4  # that are remembered: the servers of the settings and one that the platform named
LOOK_UP_AGAIN_MS = 60000  # after a name server that gave nothing; each question stops everything for seconds
SEND_ERRORS_TO_WAIT = (errno.EAGAIN, errno.EINPROGRESS)


class Link:
    """`serve` after each poll; `on_event` for events of this socket.

    ladder: told what becomes of each attempt, None where nothing but the socket can be restarted.
    """

    def __init__(self, poll, ladder=None):
        self._poll = poll
        self._ladder = ladder
        self._socket = None
        self._connected = False
        self._deadline_ms = 0
        self._unsent = b""
        self._datagrams = False
        self._entry = None  # of the server that is, or was, connected to
        self._addresses = []  # [server, address, whether it served the last time], the newest last
        self._look_up_ms = 0

    def owns(self, stream):
        """Whether an event of poll is about this socket."""
        return stream is self._socket

    def on_event(self, terminal, event, now_ms):
        """poll says that the socket can be read or written, or is broken."""
        if event & (select.POLLERR | select.POLLHUP) and not event & select.POLLIN:
            self._close(terminal, now_ms)
        elif not self._connected:
            self._connected = True
            self._entry[2] = True
            terminal.link_opened(now_ms)
        elif event & select.POLLIN:
            self._read(terminal, now_ms)

    def serve(self, terminal, now_ms):
        """Opens, closes and writes as the terminal wants."""
        if self._socket is None:
            server = terminal.wants_link()
            if server is not None:
                self._open(terminal, server, now_ms)
        elif terminal.wants_close() or (not self._connected and now_ms >= self._deadline_ms):
            self._close(terminal, now_ms)
        elif self._connected:
            self._write(terminal, now_ms)

    def drop(self, terminal, now_ms):
        """The network below is gone: so is the socket, if there is one."""
        if self._socket is not None:
            self._close(terminal, now_ms)

    def _open(self, terminal, server, now_ms):
        """Begins to connect."""
        self._datagrams = bool(terminal.settings.udp)
        try:
            self._entry = entry = self._entry_of(server, now_ms)
            entry[2] = False
            kind = socket.SOCK_DGRAM if self._datagrams else socket.SOCK_STREAM
            self._socket = socket.socket(socket.AF_INET, kind)
            self._socket.setblocking(False)
            self._deadline_ms = now_ms + CONNECT_MS
            self._socket.connect(entry[1])
        except OSError as error:
            if error.errno not in SEND_ERRORS_TO_WAIT:
                self._close(terminal, now_ms)
                return
        self._poll.register(self._socket, select.POLLOUT)

    def _entry_of(self, server, now_ms):
        """What is known of a server. A name is looked up in the foreground, for want of another way: only
        when its address did not serve the last time, and seldom while the name server is silent. OSError.
        """
        known = None
        for entry in self._addresses:
            if entry[0] == server:
                known = entry
        if known is not None and (known[2] or now_ms < self._look_up_ms):
            return known
        if now_ms < self._look_up_ms:
            raise OSError(errno.EHOSTUNREACH)
        try:
            address = socket.getaddrinfo(server[0], server[1])[0][-1]
        except OSError:
            self._look_up_ms = now_ms + LOOK_UP_AGAIN_MS
            if known is None:
                raise
            return known  # old, and better than none
        if known is not None:
            self._addresses.remove(known)
        elif len(self._addresses) == ADDRESSES_MAX:
            self._addresses.pop(0)
        self._addresses.append([server, address, False])
        return self._addresses[-1]

    def _read(self, terminal, now_ms):
        try:
            data = self._socket.recv(DATAGRAM_BYTES if self._datagrams else READ_BYTES)
        except MemoryError:  # a page or the picture has the heap for a moment; poll will tell again
            return
        except OSError as error:
            if error.errno == errno.EAGAIN:
                return
            self._close(terminal, now_ms)
            return
        if not data and not self._datagrams:
            self._close(terminal, now_ms)
            return
        if self._ladder is not None:
            self._ladder.heard(now_ms)
        try:
            terminal.receive(data, now_ms)
        except MemoryError:  # more than the heap can take costs the connection, not the terminal
            self._close(terminal, now_ms)

    def _write(self, terminal, now_ms):
        while True:
            data = self._unsent or terminal.data_to_send()
            if data is None:
                break
            try:
                sent = self._socket.send(data)
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    self._close(terminal, now_ms)
                    return
                sent = 0
            self._unsent = data[sent:]
            if self._unsent:
                break
        wanted = select.POLLIN | select.POLLOUT if self._unsent else select.POLLIN
        self._poll.register(self._socket, wanted)

    def _close(self, terminal, now_ms):
        if self._socket is not None:
            try:
                self._poll.unregister(self._socket)
            except (OSError, KeyError):
                self._connected = False  # it had not been registered yet
            self._socket.close()
        self._socket = None
        self._connected = False
        self._unsent = b""
        if self._ladder is not None:
            self._ladder.failed()
        terminal.link_closed(now_ms)
