/* The express lane: sockets of terminals that say nothing but plain position reports are read, and answered, in C.
 *
 * A passenger is a connection whose socket is watched by an epoll of the lane's own. What is ready is received, checked
 * by the fast lane (take_run), and put into a batch, which goes to the journal's writer like any submission and comes
 * back after its commit; then the answers are sent. No Python object is made for a read. Whatever is not exactly that,
 * more than it may be, or not possible at once, puts the passenger off: `edge_gateway.express` hands the bytes to its
 * connection, where every rule is. See docs/decisions/0052.
 *
 * Whose memory: a passenger's and a batch's belong to the thread of the loop, but `ring`, `group` and `index` of a
 * passenger, and a batch between hand-over and commit, which are the writer's.
 */
#include "_hotpath.h"

#ifdef __linux__

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 1024           /* sockets of one wake-up */
#define INPUT_BYTES (64 << 10)    /* of one read */
#define BATCH_REPORTS 4096        /* a batch is closed at so many; one more read may be on top */
#define BATCH_BYTES (1 << 20)     /* or at so many bytes, packed */
#define LEFT_BYTES (1 << 20)      /* that those who leave take along, before they are let go */
#define BUFFER_KEPT (1 << 20)
#define EDITIONS_MAX 8            /* counted together; more are counted too, one after the other */

typedef struct {
    PyObject_HEAD
    PyObject *connection, *origin, *named, *edition_key;
    Lane *lane;
    Ring *ring;      /* the writer's; NULL before its first report was collected */
    uint64_t group;  /* the last one that has it … */
    unsigned index;  /* … under this number */
    unsigned newest; /* entry of the batch of that number */
    uint64_t batch;
    double allowance; /* bytes that may still come */
    long long heard_ms;
    long long held; /* reports in the journal's hands */
    int fd;         /* -1: not aboard */
    uint16_t serial, due_serial;
} Passenger;

/* One read. */
typedef struct {
    Passenger *passenger;
    long long now_ms, received_ms;
    uint32_t at, size; /* of its packed run */
    uint32_t count;
    uint32_t next;     /* the passenger's next read in this batch; 0: none */
    uint16_t serial;   /* of the first answer */
    unsigned char first, safe, sent;
} Entry;

typedef struct {
    PyObject_HEAD
    PyObject *release;
    Entry *entries;
    uint64_t *ids; /* names of the reports, once the writer has it */
    Buffer packed;
    uint64_t number;
    Py_ssize_t count;
    size_t used, room;
    size_t owned;     /* entries whose passenger is held by a reference */
    size_t collected; /* entries that are in a group */
    size_t named_ids; /* reports in them */
} Batch;

/* Who leaves, with which bytes of `left`. */
typedef struct {
    Passenger *passenger;
    size_t at, size;
} Leaving;

typedef struct {
    PyObject_HEAD
    PyObject *journal, *release, *counters;
    Passenger **aboard; /* by descriptor */
    size_t room;
    Batch *open; /* the last one made */
    unsigned char *input;
    struct epoll_event *events;
    int ready, served; /* of the events */
    Leaving *leaving;  /* room for all of a wake-up, and of a batch */
    size_t leaving_count;
    Buffer left, answers;
    uint64_t batches;
    long long held_max;
    Py_ssize_t count;
    int epoll;
} Express;

/* -- batches -------------------------------------------------------------------------------------------------- */

static Batch *
new_batch(State *state, PyObject *release, uint64_t number)
{
    Batch *self = (Batch *)state->batch_type->tp_alloc(state->batch_type, 0);
    if (self) {
        self->release = Py_NewRef(release);
        self->number = number;
    }
    return self;
}

static int
is_full(const Batch *self)
{
    return self->count >= BATCH_REPORTS || self->packed.size >= BATCH_BYTES;
}

static Entry *
put_entry(Batch *self)
{
    if (self->used == self->room) {
        size_t room = self->room ? 2 * self->room : 64;
        Entry *entries = PyMem_RawRealloc(self->entries, room * sizeof *entries);
        if (!entries)
            return NULL;
        self->entries = entries;
        self->room = room;
    }
    Entry *entry = self->entries + self->used++;
    memset(entry, 0, sizeof *entry);
    return entry;
}

static void
batch_dealloc(PyObject *object)
{
    Batch *self = (Batch *)object;
    for (size_t at = 0; at < self->owned; at++)
        Py_DECREF(self->entries[at].passenger);
    PyMem_RawFree(self->entries);
    PyMem_RawFree(self->ids);
    released(&self->packed);
    Py_XDECREF(self->release);
    plain_dealloc(object);
}

static Py_ssize_t
batch_length(PyObject *Py_UNUSED(self))
{
    return 6;
}

/* As a submission has them (journal.group.Submission); the ticket is the batch. The origin is that of the read that is
 * to be collected next. */
static PyObject *
batch_item(PyObject *object, Py_ssize_t index)
{
    Batch *self = (Batch *)object;
    State *state = state_of(object);
    if (!state)
        return NULL;
    switch (index) {
    case 0:
        if (self->used) {
            size_t at = self->collected < self->used ? self->collected : self->used - 1;
            return Py_NewRef(self->entries[at].passenger->origin);
        }
        Py_RETURN_NONE;
    case 1:
        return PyLong_FromLong(0);
    case 2:
        return Py_NewRef(state->nothing);
    case 3:
        return PyLong_FromSsize_t(self->count);
    case 4:
        return Py_NewRef(self->release);
    case 5:
        return Py_NewRef(object);
    }
    PyErr_SetString(PyExc_IndexError, "a submission has six parts");
    return NULL;
}

static PyType_Slot batch_slots[] = {
    {Py_tp_doc, "Reads of the express lane on their way through the journal; a submission to those who pass it on."},
    {Py_tp_dealloc, batch_dealloc},
    {Py_sq_length, batch_length},
    {Py_sq_item, batch_item},
    {0, NULL},
};

static PyType_Spec batch_spec = {
    .name = "edge_gateway._hotpath.Batch",
    .basicsize = sizeof(Batch),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = batch_slots,
};

/* The names of all reports of a batch, without the interpreter's lock. */
static int
name_batch(const State *state, Batch *self)
{
    self->ids = PyMem_RawMalloc((size_t)(self->count ? self->count : 1) * sizeof *self->ids);
    if (!self->ids) {
        PyErr_NoMemory();
        return -1;
    }
    Py_BEGIN_ALLOW_THREADS;
    uint64_t *ids = self->ids;
    for (const Entry *entry = self->entries; entry < self->entries + self->used; entry++) {
        const unsigned char *packed = self->packed.data + entry->at;
        PyObject *named = entry->passenger->named;
        name_run(state, packed, packed + entry->size, (const unsigned char *)PyBytes_AS_STRING(named),
                 (size_t)PyBytes_GET_SIZE(named), ids);
        ids += entry->count;
    }
    Py_END_ALLOW_THREADS;
    return 0;
}

/* The number of a passenger's terminal in the group, and its ring: 1 when they are there, 0 for a terminal that is not
 * known, -1 with an exception set. */
static int
seat_of(State *state, PyObject *const *arguments, Passenger *passenger)
{
    Rows *rows = (Rows *)arguments[AT_ROWS];
    PyObject *states = arguments[AT_STATES];
    if (passenger->group == rows->number)
        return 1;
    Py_ssize_t index = index_of(state, passenger->origin, arguments[AT_INDEXES], states, arguments[AT_KNOWN]);
    if (index < 0)
        return index == -1 && !PyErr_Occurred() ? 0 : -1;
    if (index > 0xFFFF || index >= PyList_GET_SIZE(states)) {
        PyErr_SetString(PyExc_ValueError, "index out of range");
        return -1;
    }
    if (!passenger->ring) {
        Ring *ring = ring_of(state, PyList_GET_ITEM(states, index));
        if (!ring)
            return -1;
        passenger->ring = (Ring *)Py_NewRef((PyObject *)ring);
    }
    passenger->index = (unsigned)index;
    passenger->group = rows->number;
    return 1;
}

static int
collect_entry(PyObject *const *arguments, const Batch *batch, Entry *entry, const uint64_t *ids)
{
    Passenger *passenger = entry->passenger;
    const unsigned char *packed = batch->packed.data + entry->at;
    long told[3];
    if (add_named((Rows *)arguments[AT_ROWS], passenger->index, entry->received_ms, packed, packed + entry->size, ids,
                  passenger->ring, told) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    entry->safe = !(told[0] || told[1]);
    if (!told[1] && !told[2])
        return 0;
    PyObject *key = PyLong_FromUnsignedLong(passenger->index);
    int failed = !key || add_to(arguments[AT_DUPLICATES], key, told[1] + told[2]) < 0;
    Py_XDECREF(key);
    return failed ? -1 : 0;
}

int
collect_batch(State *state, PyObject *const *arguments, PyObject *submission)
{
    Batch *self = (Batch *)submission;
    Rows *rows = (Rows *)arguments[AT_ROWS];
    if (!rows->number)
        rows->number = ++state->groups;
    if (!self->ids && name_batch(state, self) < 0)
        return -1;
    for (; self->collected < self->used; self->collected++) {
        Entry *entry = self->entries + self->collected;
        int known = seat_of(state, arguments, entry->passenger);
        if (known <= 0)
            return known;
        if (collect_entry(arguments, self, entry, self->ids + self->named_ids) < 0)
            return -1;
        self->named_ids += entry->count;
    }
    int waits = 0;
    for (size_t at = 0; at < self->used; at++)
        waits |= !self->entries[at].safe;
    return PyList_Append(arguments[waits ? AT_WAITING : AT_SAFE], submission) < 0 ? -1 : 1;
}

/* -- passengers ----------------------------------------------------------------------------------------------- */

static void
passenger_dealloc(PyObject *object)
{
    Passenger *self = (Passenger *)object;
    Py_XDECREF(self->connection);
    Py_XDECREF(self->origin);
    Py_XDECREF(self->named);
    Py_XDECREF(self->edition_key);
    Py_XDECREF(self->lane);
    Py_XDECREF(self->ring);
    plain_dealloc(object);
}

static PyMemberDef passenger_members[] = {
    {"allowance", T_DOUBLE, offsetof(Passenger, allowance), 0, NULL},
    {"heard_ms", T_LONGLONG, offsetof(Passenger, heard_ms), READONLY, NULL},
    {"held", T_LONGLONG, offsetof(Passenger, held), READONLY, NULL},
    {"fd", T_INT, offsetof(Passenger, fd), READONLY, NULL},
    {"serial", T_USHORT, offsetof(Passenger, serial), READONLY, NULL},
    {"due_serial", T_USHORT, offsetof(Passenger, due_serial), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot passenger_slots[] = {
    {Py_tp_doc, "A connection on the express lane: what of it changes there. fd: -1 once it has left."},
    {Py_tp_dealloc, passenger_dealloc},
    {Py_tp_members, passenger_members},
    {0, NULL},
};

static PyType_Spec passenger_spec = {
    .name = "edge_gateway._hotpath.Passenger",
    .basicsize = sizeof(Passenger),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = passenger_slots,
};

/* A passenger that is not aboard yet, as the connection's session is; NULL with an exception set, or without one where
 * there is nothing to take it on with. */
static Passenger *
new_passenger(State *state, PyObject *connection)
{
    Passenger *self = (Passenger *)state->passenger_type->tp_alloc(state->passenger_type, 0);
    if (!self)
        return NULL;
    self->fd = -1;
    self->connection = Py_NewRef(connection);
    PyObject *session = attribute(state, connection, SESSION), *speaker = NULL;
    PyObject *intake = session ? attribute(state, session, INTAKE) : NULL;
    self->lane = intake ? (Lane *)attribute(state, intake, LANE) : NULL;
    self->origin = self->lane ? attribute(state, intake, ORIGIN) : NULL;
    self->edition_key = self->origin ? attribute(state, intake, EDITION_KEY) : NULL;
    speaker = self->edition_key ? attribute(state, intake, SPEAKER) : NULL;
    long long serial = speaker ? number(state, speaker, SERIAL) : -1;
    long long due = speaker ? number(state, session, DUE_SERIAL) : -1;
    int fits = !PyErr_Occurred() && Py_TYPE(self->lane) == state->lane_type && self->origin != Py_None;
    if (fits)
        self->named = attribute(state, self->origin, NAMED);
    if (!self->named || !PyBytes_Check(self->named))
        Py_CLEAR(self);
    else {
        self->serial = (uint16_t)serial;
        self->due_serial = (uint16_t)due;
    }
    Py_XDECREF(session);
    Py_XDECREF(intake);
    Py_XDECREF(speaker);
    return self;
}

/* -- reading -------------------------------------------------------------------------------------------------- */

/* One read into the batch, when it is whole plain reports that may be taken and nothing else: their number; else 0, and
 * nothing is changed. Needs no lock. */
static Py_ssize_t
take_bytes(const State *state, Passenger *passenger, Batch *batch, const unsigned char *data, Py_ssize_t size,
           long long now_ms, long long received_ms)
{
    size_t before = batch->packed.size;
    Py_ssize_t at = 0;
    if (passenger->allowance < (double)size)
        return 0;
    Py_ssize_t count = take_run(passenger->lane, state, data, size, &at, &batch->packed);
    const unsigned char *first = batch->packed.data + before;
    Entry *entry = count > 0 && at == size && (first[0] | (unsigned)first[1] << 8) == passenger->due_serial
                       ? put_entry(batch) : NULL;
    if (!entry) {
        batch->packed.size = before;
        return 0;
    }
    entry->passenger = passenger;
    entry->now_ms = now_ms;
    entry->received_ms = received_ms;
    entry->at = (uint32_t)before;
    entry->size = (uint32_t)(batch->packed.size - before);
    entry->count = (uint32_t)count;
    entry->serial = passenger->serial;
    entry->first = passenger->batch != batch->number;
    unsigned own = (unsigned)(entry - batch->entries);
    if (!entry->first)
        batch->entries[passenger->newest].next = own;
    passenger->batch = batch->number;
    passenger->newest = own;
    passenger->serial = (uint16_t)(passenger->serial + count);
    passenger->due_serial = (uint16_t)(passenger->due_serial + count);
    passenger->allowance -= (double)size;
    passenger->heard_ms = now_ms;
    passenger->held += count;
    batch->count += count;
    return count;
}

/* Notes that a passenger has to leave, with bytes that were read. */
static void
put_off(Express *self, Passenger *passenger, const unsigned char *data, size_t size)
{
    Leaving *leaving = self->leaving + self->leaving_count++;
    leaving->passenger = passenger;
    leaving->at = self->left.size;
    leaving->size = size;
    if (size)
        memcpy(extended(&self->left, size), data, size);
}

/* One socket that is ready. Gives how many reports it brought. Needs no lock. */
static Py_ssize_t
serve(Express *self, const State *state, const struct epoll_event *event, Batch *batch, int room, long long now_ms,
      long long received_ms)
{
    size_t fd = (size_t)event->data.fd;
    Passenger *passenger = fd < self->room ? self->aboard[fd] : NULL;
    if (!passenger)
        return 0;
    ssize_t size = recv(passenger->fd, self->input, INPUT_BYTES, MSG_DONTWAIT);
    int over = (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (size <= 0) {
        if (over || !(size < 0 && (errno == EAGAIN || errno == EINTR)))
            put_off(self, passenger, NULL, 0);
        return 0;
    }
    Py_ssize_t count = room && size < INPUT_BYTES
                           ? take_bytes(state, passenger, batch, self->input, size, now_ms, received_ms) : 0;
    if (!count)
        put_off(self, passenger, self->input, (size_t)size);
    else if (over || passenger->held > self->held_max)
        put_off(self, passenger, NULL, 0);
    return count;
}

/* The batch that reads go into: the last submission that is pending, while it is ours and not full, or a new one. */
static Batch *
batch_for(Express *self, State *state, PyObject *pending)
{
    Py_ssize_t size = PyList_GET_SIZE(pending);
    if (self->open && !is_full(self->open) && size && PyList_GET_ITEM(pending, size - 1) == (PyObject *)self->open)
        return self->open;
    Batch *fresh = new_batch(state, self->release, ++self->batches);
    if (fresh)
        Py_XSETREF(self->open, fresh);
    return fresh;
}

/* Counts the reads that came since the last time, holds their passengers, and lets the writer have them. */
static int
keep_entries(Express *self, State *state, Batch *batch, PyObject *pending, Py_ssize_t reports)
{
    PyObject *keys[EDITIONS_MAX];
    long long counts[EDITIONS_MAX];
    int known = 0, failed = 0, fresh = !batch->owned;
    if (batch->owned == batch->used)
        return 0;
    for (; batch->owned < batch->used; batch->owned++) {
        Entry *entry = batch->entries + batch->owned;
        PyObject *key = entry->passenger->edition_key;
        Py_INCREF(entry->passenger);
        int each = 0;
        while (each < known && keys[each] != key)
            each++;
        if (each == EDITIONS_MAX) {
            each = 0;
            failed |= add_to(self->counters, keys[0], counts[0]) < 0;
            keys[0] = key;
            counts[0] = 0;
        } else if (each == known) {
            keys[known] = key;
            counts[known++] = 0;
        }
        counts[each] += entry->count;
    }
    for (int each = 0; each < known; each++)
        failed |= add_to(self->counters, keys[each], counts[each]) < 0;
    long long submitted = number(state, self->journal, SUBMITTED);
    failed |= PyErr_Occurred() || add_to(self->counters, state->frames_key, reports) < 0 ||
              put_number(state, self->journal, SUBMITTED, submitted + reports) < 0;
    if (fresh)
        failed |= PyList_Append(pending, (PyObject *)batch) < 0 ||
                  (PyList_GET_SIZE(pending) == 1 && called(state, self->journal, DUE) < 0);
    return failed ? -1 : 0;
}

/* What the journal has pending, and how many more reports it takes (*room); NULL with an exception set. */
static PyObject *
pending_of(Express *self, State *state, long long *room)
{
    if (!self->journal) {
        PyErr_SetString(PyExc_ValueError, "the express lane is closed");
        return NULL;
    }
    long long submitted = number(state, self->journal, SUBMITTED), bound = number(state, self->journal, BOUND);
    PyObject *pending = PyErr_Occurred() ? NULL : attribute(state, self->journal, PENDING);
    if (pending && !PyList_CheckExact(pending)) {
        PyErr_SetString(PyExc_TypeError, "journal.pending is a list");
        Py_CLEAR(pending);
    }
    *room = bound - submitted + 1; /* the read that passes the bound is taken */
    return pending;
}

static PyObject *
those_who_leave(Express *self)
{
    PyObject *list = PyList_New((Py_ssize_t)self->leaving_count);
    for (size_t each = 0; list && each < self->leaving_count; each++) {
        const Leaving *leaving = self->leaving + each;
        PyObject *pair = Py_BuildValue("Oy#", leaving->passenger->connection,
                                       leaving->size ? (const char *)self->left.data + leaving->at : "",
                                       (Py_ssize_t)leaving->size);
        if (!pair)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, (Py_ssize_t)each, pair);
    }
    self->leaving_count = 0;
    self->left.size = 0;
    if (self->left.room > BUFFER_KEPT)
        released(&self->left);
    return list;
}

/* Sockets that are ready, until the batch is full or those who leave take much along. -1 with an exception set. */
static int
serve_batch(Express *self, State *state, long long now_ms, long long received_ms)
{
    long long room;
    PyObject *pending = pending_of(self, state, &room);
    Batch *batch = pending ? batch_for(self, state, pending) : NULL;
    int failed = !batch;
    if (batch) {
        Py_ssize_t reports = 0;
        Py_BEGIN_ALLOW_THREADS;
        while (self->served < self->ready && self->left.size < LEFT_BYTES && !is_full(batch) && !failed) {
            /* Who leaves takes what was read along: the place for it is made before it is read. */
            failed = !extended(&self->left, INPUT_BYTES);
            if (!failed) {
                self->left.size -= INPUT_BYTES;
                reports += serve(self, state, self->events + self->served++, batch, reports < room, now_ms, received_ms);
            }
        }
        Py_END_ALLOW_THREADS;
        if (failed)
            PyErr_NoMemory();
        failed |= keep_entries(self, state, batch, pending, reports) < 0;
    }
    Py_XDECREF(pending);
    return failed ? -1 : 0;
}

/* run(now_ms, received_ms) */
static PyObject *
express_run(PyObject *object, PyObject *const *arguments, Py_ssize_t given)
{
    Express *self = (Express *)object;
    State *state = state_of(object);
    if (!state)
        return NULL;
    if (given != 2) {
        PyErr_SetString(PyExc_TypeError, "run(now_ms, received_ms)");
        return NULL;
    }
    long long now_ms = PyLong_AsLongLong(arguments[0]), received_ms = PyLong_AsLongLong(arguments[1]);
    if (PyErr_Occurred())
        return NULL;
    if (self->served >= self->ready) {
        self->served = 0;
        self->ready = epoll_wait(self->epoll, self->events, EVENTS_MAX, 0);
    }
    while (self->served < self->ready && self->left.size < LEFT_BYTES)
        if (serve_batch(self, state, now_ms, received_ms) < 0)
            return NULL;
    return those_who_leave(self);
}

/* -- boarding and leaving -------------------------------------------------------------------------------------- */

static int
has_seat(Express *self, int fd)
{
    size_t wanted = (size_t)fd + 1, room = self->room ? self->room : 64;
    if (wanted <= self->room)
        return 1;
    while (room < wanted)
        room *= 2;
    Passenger **aboard = PyMem_RawRealloc(self->aboard, room * sizeof *aboard);
    if (!aboard)
        return 0;
    memset(aboard + self->room, 0, (room - self->room) * sizeof *aboard);
    self->aboard = aboard;
    self->room = room;
    return 1;
}

static void
take_off(Express *self, Passenger *passenger)
{
    size_t fd = (size_t)passenger->fd;
    if (passenger->fd < 0 || fd >= self->room || self->aboard[fd] != passenger)
        return;
    if (self->epoll >= 0)
        epoll_ctl(self->epoll, EPOLL_CTL_DEL, passenger->fd, NULL);
    self->aboard[fd] = NULL;
    self->count--;
    passenger->fd = -1;
    Py_DECREF(passenger);
}

/* Watches its socket from now on; -1 where it cannot be. The number may have been another's, who was cut without a
 * word: the kernel forgot that one's socket with its last descriptor. */
static int
take_aboard(Express *self, Passenger *passenger, int fd)
{
    if (!has_seat(self, fd))
        return -1;
    if (self->aboard[fd])
        take_off(self, self->aboard[fd]);
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.fd = fd};
    if (epoll_ctl(self->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        return -1;
    self->aboard[fd] = (Passenger *)Py_NewRef((PyObject *)passenger);
    self->count++;
    passenger->fd = fd;
    return 0;
}

/* board(connection, fd, allowance, data, now_ms, received_ms) */
static PyObject *
express_board(PyObject *object, PyObject *const *arguments, Py_ssize_t given)
{
    Express *self = (Express *)object;
    State *state = state_of(object);
    if (!state)
        return NULL;
    if (given != 6 || !PyBytes_Check(arguments[3])) {
        PyErr_SetString(PyExc_TypeError, "board(connection, fd, allowance, data: bytes, now_ms, received_ms)");
        return NULL;
    }
    long fd = PyLong_AsLong(arguments[1]);
    double allowance = PyFloat_AsDouble(arguments[2]);
    long long now_ms = PyLong_AsLongLong(arguments[4]), received_ms = PyLong_AsLongLong(arguments[5]), room;
    if (PyErr_Occurred())
        return NULL;
    if (fd < 0 || fd > INT_MAX) {
        PyErr_SetString(PyExc_ValueError, "no descriptor");
        return NULL;
    }
    PyObject *pending = pending_of(self, state, &room), *result = NULL;
    Passenger *passenger = pending ? new_passenger(state, arguments[0]) : NULL;
    Batch *batch = passenger ? batch_for(self, state, pending) : NULL;
    if (batch) {
        const Batch before = *batch;
        passenger->allowance = allowance;
        Py_ssize_t count = room > 0 ? take_bytes(state, passenger, batch, (unsigned char *)PyBytes_AS_STRING(arguments[3]),
                                                 PyBytes_GET_SIZE(arguments[3]), now_ms, received_ms) : 0;
        if (count && take_aboard(self, passenger, (int)fd) < 0) { /* no room in the system: it goes the long way */
            batch->used = before.used;
            batch->packed.size = before.packed.size;
            batch->count = before.count;
            count = 0;
        }
        if (!count)
            result = Py_NewRef(Py_None);
        else if (keep_entries(self, state, batch, pending, count) == 0)
            result = Py_NewRef((PyObject *)passenger);
    } else if (pending && !PyErr_Occurred())
        result = Py_NewRef(Py_None);
    Py_XDECREF(pending);
    Py_XDECREF(passenger);
    return result;
}

static PyObject *
express_alight(PyObject *object, PyObject *passenger)
{
    State *state = state_of(object);
    if (!state)
        return NULL;
    if (Py_TYPE(passenger) != state->passenger_type) {
        PyErr_SetString(PyExc_TypeError, "alight(passenger)");
        return NULL;
    }
    take_off((Express *)object, (Passenger *)passenger);
    Py_RETURN_NONE;
}

/* -- answering ------------------------------------------------------------------------------------------------- */

/* Sends the answers to what a passenger read in this batch, from its first read on. What the socket does not take goes
 * with who leaves. Needs no lock. */
static int
send_answers(Express *self, const State *state, Batch *batch, Entry *entry, int stored)
{
    Passenger *passenger = entry->passenger;
    self->answers.size = 0;
    for (;; entry = batch->entries + entry->next) {
        if (put_run_answers(passenger->lane, state, batch->packed.data + entry->at, entry->size, entry->serial,
                            stored || entry->safe ? 0 : (int)state->result_failed, &self->answers) < 0)
            return -1;
        passenger->held -= entry->count;
        entry->sent = 1;
        if (!entry->next)
            break;
    }
    ssize_t sent = send(passenger->fd, self->answers.data, self->answers.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    size_t done = sent < 0 ? 0 : (size_t)sent;
    if (done < self->answers.size) {
        size_t rest = self->answers.size - done;
        if (!extended(&self->left, rest))
            return -1;
        self->left.size -= rest;
        put_off(self, passenger, self->answers.data + done, rest);
    }
    return 0;
}

/* The answers to a read whose passenger has left: its connection sends them. */
static int
hand_back(Express *self, const State *state, const Batch *batch, const Entry *entry, int stored, PyObject *touched)
{
    Passenger *passenger = entry->passenger;
    self->answers.size = 0;
    if (put_run_answers(passenger->lane, state, batch->packed.data + entry->at, entry->size, entry->serial,
                        stored || entry->safe ? 0 : (int)state->result_failed, &self->answers) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    PyObject *answers = bytes_of(&self->answers);
    long long held = answers ? number(state, passenger->connection, HELD) : -1;
    int first = -1;
    if (answers && !PyErr_Occurred() && put_number(state, passenger->connection, HELD, held - entry->count) == 0)
        first = put_answers(state, passenger->connection, answers);
    Py_XDECREF(answers);
    return first < 0 ? -1 : first ? PyList_Append(touched, passenger->connection) : 0;
}

static PyObject *
waits_of(const Batch *batch)
{
    PyObject *waited = PyList_New(0);
    for (size_t at = 0; waited && at < batch->used;) {
        long long since_ms = batch->entries[at].now_ms, answered = 0;
        for (; at < batch->used && batch->entries[at].now_ms == since_ms; at++)
            answered += batch->entries[at].count;
        PyObject *since = PyLong_FromLongLong(since_ms);
        if (!since || put_waited(waited, since, answered) < 0)
            Py_CLEAR(waited);
        Py_XDECREF(since);
    }
    return waited;
}

/* answer(batch, outcome, touched) */
static PyObject *
express_answer(PyObject *object, PyObject *const *arguments, Py_ssize_t given)
{
    Express *self = (Express *)object;
    State *state = state_of(object);
    if (!state)
        return NULL;
    if (given != 3 || Py_TYPE(arguments[0]) != state->batch_type || !PyList_Check(arguments[2])) {
        PyErr_SetString(PyExc_TypeError, "answer(batch, outcome, touched: list)");
        return NULL;
    }
    Batch *batch = (Batch *)arguments[0];
    long outcome = PyLong_AsLong(arguments[1]);
    if (PyErr_Occurred())
        return NULL;
    int failed = 0;
    if (self->open == batch)
        Py_CLEAR(self->open);
    Py_BEGIN_ALLOW_THREADS;
    for (size_t at = 0; at < batch->used && !failed; at++) {
        Entry *entry = batch->entries + at;
        if (entry->first && entry->passenger->fd >= 0)
            failed = send_answers(self, state, batch, entry, !outcome) < 0;
    }
    Py_END_ALLOW_THREADS;
    if (failed)
        return PyErr_NoMemory();
    for (size_t at = 0; at < batch->used; at++) {
        Entry *entry = batch->entries + at;
        if (!entry->sent && hand_back(self, state, batch, entry, !outcome, arguments[2]) < 0)
            return NULL;
        entry->sent = 1;
    }
    PyObject *waited = waits_of(batch), *leaving = waited ? those_who_leave(self) : NULL;
    if (!leaving) {
        Py_XDECREF(waited);
        return NULL;
    }
    return Py_BuildValue("NN", waited, leaving);
}

/* -- the lane -------------------------------------------------------------------------------------------------- */

static int
express_init(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    Express *self = (Express *)object;
    static char *names[] = {"journal", "release", "counters", "held_max", NULL};
    PyObject *journal, *release, *counters;
    long long held_max;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OOOL:Express", names, &journal, &release, &counters, &held_max))
        return -1;
    if (self->events) {
        PyErr_SetString(PyExc_ValueError, "it has begun");
        return -1;
    }
    self->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (self->epoll < 0) {
        PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    self->events = PyMem_RawCalloc(EVENTS_MAX, sizeof *self->events);
    self->leaving = PyMem_RawCalloc(BATCH_REPORTS, sizeof *self->leaving);
    self->input = PyMem_RawMalloc(INPUT_BYTES);
    if (!self->events || !self->leaving || !self->input) {
        PyErr_NoMemory();
        return -1;
    }
    self->journal = Py_NewRef(journal);
    self->release = Py_NewRef(release);
    self->counters = Py_NewRef(counters);
    self->held_max = held_max;
    return 0;
}

static PyObject *
express_new(PyTypeObject *type, PyObject *Py_UNUSED(arguments), PyObject *Py_UNUSED(keywords))
{
    Express *self = (Express *)type->tp_alloc(type, 0);
    if (self)
        self->epoll = -1;
    return (PyObject *)self;
}

static PyObject *
express_fileno(PyObject *self, PyObject *Py_UNUSED(nothing))
{
    return PyLong_FromLong(((Express *)self)->epoll);
}

static void
shut(Express *self)
{
    for (size_t fd = 0; fd < self->room; fd++)
        if (self->aboard[fd])
            take_off(self, self->aboard[fd]);
    if (self->epoll >= 0)
        close(self->epoll);
    self->epoll = -1;
    self->ready = self->served = 0;
    Py_CLEAR(self->open);
    Py_CLEAR(self->journal);
    Py_CLEAR(self->release);
    Py_CLEAR(self->counters);
}

static PyObject *
express_close(PyObject *self, PyObject *Py_UNUSED(nothing))
{
    shut((Express *)self);
    Py_RETURN_NONE;
}

static void
express_dealloc(PyObject *object)
{
    Express *self = (Express *)object;
    shut(self);
    PyMem_RawFree(self->aboard);
    PyMem_RawFree(self->events);
    PyMem_RawFree(self->leaving);
    PyMem_RawFree(self->input);
    released(&self->left);
    released(&self->answers);
    plain_dealloc(object);
}

static PyObject *
express_unserved(PyObject *object, void *Py_UNUSED(closure))
{
    Express *self = (Express *)object;
    return PyBool_FromLong(self->served < self->ready);
}

static PyGetSetDef express_properties[] = {
    {"unserved", express_unserved, NULL, "Whether `run` has more to do at once: those who left took much along.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef express_members[] = {
    {"count", T_PYSSIZET, offsetof(Express, count), READONLY, "Passengers that are aboard."},
    {NULL, 0, 0, 0, NULL},
};

static PyMethodDef express_methods[] = {
    {"fileno", express_fileno, METH_NOARGS, "What is readable when a socket of a passenger is ready."},
    {"board", (PyCFunction)(void (*)(void))express_board, METH_FASTCALL,
     "board(connection, fd, allowance, data, now_ms, received_ms): a passenger whose first read is `data`, or None."},
    {"run", (PyCFunction)(void (*)(void))express_run, METH_FASTCALL,
     "run(now_ms, received_ms): reads what is ready; gives who has to leave, with the bytes read: (connection, data)."},
    {"answer", (PyCFunction)(void (*)(void))express_answer, METH_FASTCALL,
     "answer(batch, outcome, touched): sends its answers. Gives (since_ms, reports) run by run, and who has to leave,\n"
     "with what its socket did not take. Connections that have left get theirs as by turn.hand_out."},
    {"alight", express_alight, METH_O, "alight(passenger): its socket is watched no longer."},
    {"close", express_close, METH_NOARGS, "Everybody leaves, nobody boards."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot express_slots[] = {
    {Py_tp_doc, "Express(journal, release, counters, held_max): see edge_gateway.express."},
    {Py_tp_new, express_new},
    {Py_tp_init, express_init},
    {Py_tp_dealloc, express_dealloc},
    {Py_tp_methods, express_methods},
    {Py_tp_members, express_members},
    {Py_tp_getset, express_properties},
    {0, NULL},
};

static PyType_Spec express_spec = {
    .name = "edge_gateway._hotpath.Express",
    .basicsize = sizeof(Express),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = express_slots,
};

int
express_exec(PyObject *module, State *state)
{
    state->express_type = (PyTypeObject *)added_type(module, &express_spec, "Express");
    state->passenger_type = (PyTypeObject *)added_type(module, &passenger_spec, "Passenger");
    state->batch_type = (PyTypeObject *)added_type(module, &batch_spec, "Batch");
    return state->express_type && state->passenger_type && state->batch_type ? 0 : -1;
}

#else /* no epoll: everything goes through the connections */

int
express_exec(PyObject *Py_UNUSED(module), State *Py_UNUSED(state))
{
    return 0;
}

int
collect_batch(State *Py_UNUSED(state), PyObject *const *Py_UNUSED(arguments), PyObject *Py_UNUSED(submission))
{
    return -1;
}

#endif
