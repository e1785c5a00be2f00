/* The writer's work on a group, in C: what is known of a terminal, what is new among what was submitted, and what
 * terminals learn by a commit. Twins of journal.terminals.PortableState, journal.group.collect_portable and
 * journal.terminals.settle_portable, which tests/gateway/test_turn.py holds equal.
 */
#include "_hotpath.h"

/* -- a terminal ------------------------------------------------------------------------------------------------ */

typedef struct {
    PyObject_HEAD
    PyObject *identity, *recent;
    long long journalled, duplicates;
} Terminal;

static int
terminal_init(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    Terminal *self = (Terminal *)object;
    State *state = state_of(object);
    static char *names[] = {"identity", NULL};
    PyObject *identity;
    if (!state || !PyArg_ParseTupleAndKeywords(arguments, keywords, "U:TerminalState", names, &identity))
        return -1;
    PyObject *recent = PyObject_CallNoArgs((PyObject *)state->ring_type);
    if (!recent)
        return -1;
    Py_XSETREF(self->identity, Py_NewRef(identity));
    Py_XSETREF(self->recent, recent);
    return 0;
}

static void
terminal_dealloc(PyObject *object)
{
    Py_XDECREF(((Terminal *)object)->identity);
    Py_XDECREF(((Terminal *)object)->recent);
    plain_dealloc(object);
}

static PyMemberDef terminal_members[] = {
    {"identity", T_OBJECT_EX, offsetof(Terminal, identity), READONLY, NULL},
    {"recent", T_OBJECT_EX, offsetof(Terminal, recent), 0, NULL},
    {"journalled", T_LONGLONG, offsetof(Terminal, journalled), 0, NULL},
    {"duplicates", T_LONGLONG, offsetof(Terminal, duplicates), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot terminal_slots[] = {
    {Py_tp_doc, "One terminal; the twin of journal.terminals.PortableState in C."},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_init, terminal_init},
    {Py_tp_dealloc, terminal_dealloc},
    {Py_tp_members, terminal_members},
    {0, NULL},
};

static PyType_Spec terminal_spec = {
    .name = "edge_gateway._hotpath.TerminalState",
    .basicsize = sizeof(Terminal),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = terminal_slots,
};

/* The ring of a terminal's last names, borrowed; NULL with an exception set. */
Ring *
ring_of(const State *state, PyObject *terminal)
{
    PyObject *ring = Py_TYPE(terminal) == state->terminal_type ? ((Terminal *)terminal)->recent : NULL;
    if (ring && Py_TYPE(ring) == state->ring_type)
        return (Ring *)ring;
    PyErr_SetString(PyExc_TypeError, "a terminal with its ring wanted");
    return NULL;
}

/* -- what is new ------------------------------------------------------------------------------------------------- */

/* The index of an origin in this group: found, or given with its state; -1 for a terminal that is not known, -2 with
 * an exception set. */
Py_ssize_t
index_of(const State *state, PyObject *origin, PyObject *indexes, PyObject *states, PyObject *known)
{
    PyObject *found = PyDict_GetItemWithError(indexes, origin);
    if (found)
        return PyLong_AsSsize_t(found);
    PyObject *identity = PyErr_Occurred() ? NULL : attribute(state, origin, IDENTITY);
    PyObject *terminal = identity ? PyDict_GetItemWithError(known, identity) : NULL;
    Py_XDECREF(identity);
    if (!terminal)
        return PyErr_Occurred() ? -2 : -1;
    if (!ring_of(state, terminal))
        return -2;
    Py_ssize_t index = PyList_GET_SIZE(states);
    PyObject *number = PyLong_FromSsize_t(index);
    int failed = !number || PyDict_SetItem(indexes, origin, number) < 0 || PyList_Append(states, terminal) < 0;
    Py_XDECREF(number);
    return failed ? -2 : index;
}

/* One submission: 1 taken, 0 of a terminal that is not known, -1 with an exception set. */
static int
collect_one(State *state, PyObject *const *arguments, PyObject *submission)
{
    if (!PyTuple_Check(submission) || PyTuple_GET_SIZE(submission) != 6) {
        PyErr_SetString(PyExc_TypeError, "a submission of six wanted");
        return -1;
    }
    PyObject *origin = PyTuple_GET_ITEM(submission, 0), *states = arguments[AT_STATES];
    Py_ssize_t index = index_of(state, origin, arguments[AT_INDEXES], states, arguments[AT_KNOWN]);
    if (index < 0)
        return index == -1 && !PyErr_Occurred() ? 0 : -1;
    long long received_ms = PyLong_AsLongLong(PyTuple_GET_ITEM(submission, 1));
    if (PyErr_Occurred() || index >= PyList_GET_SIZE(states) || index > 0xFFFF || received_ms < 0) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "index or received_ms out of range");
        return -1;
    }
    Ring *ring = ring_of(state, PyList_GET_ITEM(states, index));
    PyObject *named = ring ? attribute(state, origin, NAMED) : NULL;
    PyObject *key = named ? PyLong_FromSsize_t(index) : NULL;
    int result = -1;
    long told[3];
    if (key && add_run((Rows *)arguments[AT_ROWS], state, (unsigned)index, received_ms,
                       PyTuple_GET_ITEM(submission, 2), named, ring, told) == 0) {
        PyObject *list = arguments[told[0] || told[1] ? AT_WAITING : AT_SAFE];
        if ((!(told[1] || told[2]) || add_to(arguments[AT_DUPLICATES], key, told[1] + told[2]) == 0) &&
            PyList_Append(list, submission) == 0)
            result = 1;
    }
    Py_XDECREF(named);
    Py_XDECREF(key);
    return result;
}

/* collect(rows, submissions, at, indexes, states, known, duplicates, waiting, safe, limits) */
PyObject *
collect(PyObject *module, PyObject *const *arguments, Py_ssize_t given)
{
    State *state = PyModule_GetState(module);
    long long records, body_bytes, origins;
    if (given != AT_END || Py_TYPE(arguments[AT_ROWS]) != state->rows_type || !PyList_Check(arguments[AT_SUBMISSIONS]) ||
        !PyDict_Check(arguments[AT_INDEXES]) || !PyList_Check(arguments[AT_STATES]) ||
        !PyDict_Check(arguments[AT_KNOWN]) || !PyList_Check(arguments[AT_WAITING]) ||
        !PyList_Check(arguments[AT_SAFE]) || !PyTuple_Check(arguments[AT_LIMITS])) {
        PyErr_SetString(PyExc_TypeError, "collect: see journal.group.collect_portable");
        return NULL;
    }
    if (!PyArg_ParseTuple(arguments[AT_LIMITS], "LLL", &records, &body_bytes, &origins))
        return NULL;
    Rows *rows = (Rows *)arguments[AT_ROWS];
    PyObject *submissions = arguments[AT_SUBMISSIONS];
    Py_ssize_t at = PyLong_AsSsize_t(arguments[AT_AT]);
    if (at < 0) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "`at` is outside of the submissions");
        return NULL;
    }
    for (; at < PyList_GET_SIZE(submissions); at++) {
        if (rows->count >= records || rows->body_bytes >= body_bytes || PyList_GET_SIZE(arguments[AT_STATES]) >= origins)
            break;
        PyObject *submission = PyList_GET_ITEM(submissions, at);
        int taken = Py_TYPE(submission) == state->batch_type ? collect_batch(state, arguments, submission)
                                                             : collect_one(state, arguments, submission);
        if (taken < 0)
            return NULL;
        if (!taken)
            break;
    }
    return PyLong_FromSsize_t(at);
}

/* -- what a commit teaches -------------------------------------------------------------------------------------- */

/* The rows' names to the rings of their terminals, whose totals grow; -1 with an exception set. */
static int
settle_rows(State *state, const Rows *rows, PyObject *states)
{
    for (Py_ssize_t at = 0; at < rows->count; at++) {
        Py_ssize_t index = rows->indexes.data[2 * at] | rows->indexes.data[2 * at + 1] << 8;
        PyObject *terminal = index < PyList_GET_SIZE(states) ? PyList_GET_ITEM(states, index) : Py_None;
        Ring *ring = ring_of(state, terminal);
        if (!ring)
            return -1;
        uint64_t id;
        memcpy(&id, rows->ids.data + ID_BYTES * at, ID_BYTES);
        if (ring_put(ring, state, id, (long long)get64(rows->times.data + 8 * at)) < 0)
            return -1;
        ((Terminal *)terminal)->journalled++;
    }
    return 0;
}

/* settle(rows, states, duplicates, unsaved, first_sequence) */
PyObject *
settle(PyObject *module, PyObject *const *arguments, Py_ssize_t given)
{
    State *state = PyModule_GetState(module);
    if (given != 5 || Py_TYPE(arguments[0]) != state->rows_type || !PyList_Check(arguments[1]) ||
        !PyDict_Check(arguments[2]) || !PyDict_Check(arguments[3]) || !PyLong_Check(arguments[4])) {
        PyErr_SetString(PyExc_TypeError, "settle: see journal.terminals.settle_portable");
        return NULL;
    }
    PyObject *states = arguments[1], *key, *value;
    if (settle_rows(state, (Rows *)arguments[0], states) < 0)
        return NULL;
    for (Py_ssize_t at = 0; PyDict_Next(arguments[2], &at, &key, &value);) {
        Py_ssize_t index = PyLong_AsSsize_t(key);
        long long more = PyLong_AsLongLong(value);
        if (PyErr_Occurred() || index < 0 || index >= PyList_GET_SIZE(states) ||
            !ring_of(state, PyList_GET_ITEM(states, index))) {
            if (!PyErr_Occurred())
                PyErr_SetString(PyExc_ValueError, "duplicates of a terminal that is not there");
            return NULL;
        }
        ((Terminal *)PyList_GET_ITEM(states, index))->duplicates += more;
    }
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(states); at++) {
        PyObject *terminal = PyList_GET_ITEM(states, at);
        if (!ring_of(state, terminal) ||
            !PyDict_SetDefault(arguments[3], ((Terminal *)terminal)->identity, arguments[4]))
            return NULL;
    }
    Py_RETURN_NONE;
}

int
group_exec(PyObject *module, State *state)
{
    state->terminal_type = (PyTypeObject *)added_type(module, &terminal_spec, "TerminalState");
    return state->terminal_type ? 0 : -1;
}
