/* The byte work of framing.py in C: split, unescape, check, length rule (JT/T 808-2013 §4.4.1–4.4.4).
 *
 * A twin of framing.PortableSplitter: same results, counters, refusals and limits for the same bytes, which
 * tests/protocols/test_accelerator.py holds. Only the gateway's interpreter has it; setup.py builds it where a
 * compiler is. It decides nothing that framing.py does not decide, and knows no body.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <structmember.h>

#include "_framing.h"

#define REJECTIONS_KEPT 8  /* as in framing.py; the tests hold the two equal */
#define SHOWN_OF_OVERLONG 64
#define STACK_BYTES 4096  /* unescaped here when it fits, which is every frame that the standard allows */

/* What the standard says stands in header.py and is read from there. */
typedef struct {
    PyObject *remote_error;
    Py_ssize_t body_length_mask;
    Py_ssize_t subpackaged_bit;
    Py_ssize_t header_bytes;
    Py_ssize_t header_bytes_2019;
    Py_ssize_t package_item_bytes;
    Py_ssize_t escaped_max;
} State;

typedef struct {
    PyObject_HEAD
    long long frames;
    long long rejected;
    long long garbage_bytes;
    PyObject *tail;       /* bytes behind the last delimiter; NULL for none */
    PyObject *rejections; /* a list; NULL for none */
    Py_ssize_t kept;
    int synchronised;
} Splitter;

static struct PyModuleDef module_definition;

static State *
state_of(PyObject *self)
{
    PyObject *module = PyType_GetModuleByDef(Py_TYPE(self), &module_definition);
    return module ? (State *)PyModule_GetState(module) : NULL;
}

/* -- one candidate ---------------------------------------------------------------------------------- */

/* Keeps a refusal, if there is room for it: steals `error`. 0, or -1 with an exception set. */
static int
keep(Splitter *self, PyObject *error, const unsigned char *escaped, Py_ssize_t size)
{
    if (!error)
        return -1;
    if (!self->rejections && !(self->rejections = PyList_New(0))) {
        Py_DECREF(error);
        return -1;
    }
    PyObject *pair = Py_BuildValue("(Ny#)", error, (const char *)escaped, size);
    if (!pair)
        return -1;
    int failed = PyList_Append(self->rejections, pair);
    Py_DECREF(pair);
    return failed;
}

/* Counts a refusal; says whether its details are wanted. */
static int
refuse(Splitter *self)
{
    self->rejected++;
    return (self->rejections ? PyList_GET_SIZE(self->rejections) : 0) < self->kept;
}

/* The payload of the unescaped bytes, NULL when refused; *failed when an exception is set. */
static PyObject *
judge(Splitter *self, const State *state, const unsigned char *data, Py_ssize_t bytes,
      const unsigned char *escaped, Py_ssize_t escaped_size, int *failed)
{
    Py_ssize_t size = bytes - 1;
    PyObject *error;
    if (size < state->header_bytes) {
        if (!refuse(self))
            return NULL;
        PyObject *reason = PyUnicode_FromFormat("too short: %zd bytes between delimiters", bytes);
        error = reason ? PyObject_CallFunction(state->remote_error, "Nisn", reason, -1, "", bytes) : NULL;
    }
    else if (xor_of(data, bytes)) {
        if (!refuse(self))
            return NULL;
        char reason[32];
        PyOS_snprintf(reason, sizeof reason, "wrong check byte 0x%02X", data[size]);
        error = PyObject_CallFunction(state->remote_error, "sisn", reason, -1, "check", size);
    }
    else {
        Py_ssize_t attributes = data[2] << 8 | data[3];
        Py_ssize_t length = attributes & state->body_length_mask;
        if (attributes & state->subpackaged_bit)
            length += state->package_item_bytes;
        if (size == state->header_bytes + length || size == state->header_bytes_2019 + length) {
            PyObject *payload = PyBytes_FromStringAndSize((const char *)data, size);
            *failed = !payload;
            self->frames += payload != NULL;
            return payload;
        }
        if (!refuse(self))
            return NULL;
        PyObject *reason = PyUnicode_FromFormat(
            "wrong length: the header says %zd, %zd bytes are there", length, size);
        error = reason ? PyObject_CallFunction(state->remote_error, "Nisi", reason, data[0] << 8 | data[1],
                                               "body_length", 2)
                       : NULL;
    }
    *failed = keep(self, error, escaped, escaped_size) < 0;
    return NULL;
}

static PyObject *
open_candidate(Splitter *self, const State *state, const unsigned char *escaped, Py_ssize_t size, int *failed)
{
    if (!size || !memchr(escaped, ESCAPE, (size_t)size))
        return judge(self, state, escaped, size, escaped, size, failed);
    unsigned char room[STACK_BYTES];
    unsigned char *data = size <= STACK_BYTES ? room : PyMem_Malloc((size_t)size);
    if (!data) {
        PyErr_NoMemory();
        *failed = 1;
        return NULL;
    }
    PyObject *payload = NULL;
    Py_ssize_t bytes = unescape(escaped, size, data);
    if (bytes >= 0)
        payload = judge(self, state, data, bytes, escaped, size, failed);
    else if (refuse(self)) {
        PyObject *error =
            PyObject_CallFunction(state->remote_error, "sisn", "illegal escape", -1, "", -1 - bytes);
        *failed = keep(self, error, escaped, size) < 0;
    }
    if (data != room)
        PyMem_Free(data);
    return payload;
}

/* -- the stream --------------------------------------------------------------------------------------- */

static int
limit_tail(Splitter *self, const State *state)
{
    Py_ssize_t size = PyBytes_GET_SIZE(self->tail);
    if (self->synchronised && size <= state->escaped_max)
        return 0;
    if (self->synchronised) {
        if (refuse(self)) {
            PyObject *tail = Py_NewRef(self->tail); /* the error class is Python and might call us */
            PyObject *error = PyObject_CallFunction(state->remote_error, "s", "longer than any frame");
            const unsigned char *data = (const unsigned char *)PyBytes_AS_STRING(tail);
            int failed = keep(self, error, data, size < SHOWN_OF_OVERLONG ? size : SHOWN_OF_OVERLONG);
            Py_DECREF(tail);
            if (failed < 0)
                return -1;
        }
        self->synchronised = 0;
    }
    self->garbage_bytes += size;
    Py_CLEAR(self->tail);
    return 0;
}

/* The tail and the next bytes as one bytes object. */
static PyObject *
joined(Splitter *self, PyObject *data)
{
    if (!PyBytes_Check(data) && !PyByteArray_Check(data)) {
        PyErr_Format(PyExc_TypeError, "bytes wanted, not %.100s", Py_TYPE(data)->tp_name);
        return NULL;
    }
    if (!self->tail)
        return PyBytes_CheckExact(data) ? Py_NewRef(data) : PyBytes_FromObject(data);
    PyObject *whole = Py_NewRef(self->tail);
    PyBytes_Concat(&whole, data);
    return whole;
}

/* What split and receive have in common: candidates as they are, or opened. In the order of the portable twin,
 * the tail is judged before the candidates are. */
static PyObject *
run(PyObject *object, PyObject *data, int opening)
{
    Splitter *self = (Splitter *)object;
    State *state = state_of(object);
    PyObject *whole = state ? joined(self, data) : NULL;
    PyObject *found = whole ? PyList_New(0) : NULL;
    if (!found) {
        Py_XDECREF(whole);
        return NULL;
    }
    const unsigned char *at = (const unsigned char *)PyBytes_AS_STRING(whole);
    const unsigned char *end = at + PyBytes_GET_SIZE(whole);
    const unsigned char *rest = end;
    while (rest > at && rest[-1] != DELIMITER)
        rest--;
    PyObject *tail = NULL;
    if (rest < end) {
        tail = rest == at ? Py_NewRef(whole) : PyBytes_FromStringAndSize((const char *)rest, end - rest);
        if (!tail)
            goto failed;
    }
    Py_XSETREF(self->tail, tail);
    if (!self->synchronised && rest > at) {
        const unsigned char *first = memchr(at, DELIMITER, (size_t)(rest - at));
        self->garbage_bytes += first - at;
        self->synchronised = 1;
        at = first + 1;
    }
    if (self->tail && limit_tail(self, state) < 0)
        goto failed;
    while (at < rest) {
        const unsigned char *stop = memchr(at, DELIMITER, (size_t)(rest - at));
        Py_ssize_t size = stop - at;
        if (size) {
            int failed = 0;
            PyObject *each = opening ? open_candidate(self, state, at, size, &failed)
                                     : PyBytes_FromStringAndSize((const char *)at, size);
            if (failed || (!opening && !each))
                goto failed;
            if (each) {
                int lost = PyList_Append(found, each);
                Py_DECREF(each);
                if (lost < 0)
                    goto failed;
            }
        }
        at = stop + 1;
    }
    Py_DECREF(whole);
    return found;
failed:
    Py_DECREF(whole);
    Py_DECREF(found);
    return NULL;
}

/* -- the type ------------------------------------------------------------------------------------------ */

static PyObject *
splitter_receive(PyObject *self, PyObject *data)
{
    return run(self, data, 1);
}

static PyObject *
splitter_split(PyObject *self, PyObject *data)
{
    return run(self, data, 0);
}

static PyObject *
splitter_open(PyObject *object, PyObject *candidate)
{
    State *state = state_of(object);
    char *escaped;
    Py_ssize_t size;
    if (!state)
        return NULL;
    if (!PyByteArray_Check(candidate) && !PyBytes_Check(candidate)) {
        PyErr_Format(PyExc_TypeError, "bytes wanted, not %.100s", Py_TYPE(candidate)->tp_name);
        return NULL;
    }
    /* A bytearray could be changed by the error class while it is looked at; a copy cannot. */
    PyObject *data = PyBytes_CheckExact(candidate) ? Py_NewRef(candidate) : PyBytes_FromObject(candidate);
    if (!data || PyBytes_AsStringAndSize(data, &escaped, &size) < 0) {
        Py_XDECREF(data);
        return NULL;
    }
    int failed = 0;
    PyObject *payload =
        open_candidate((Splitter *)object, state, (const unsigned char *)escaped, size, &failed);
    Py_DECREF(data);
    if (failed)
        return NULL;
    return payload ? payload : Py_NewRef(Py_None);
}

static PyObject *
splitter_rejections(PyObject *object, PyObject *Py_UNUSED(nothing))
{
    Splitter *self = (Splitter *)object;
    PyObject *taken = self->rejections;
    self->rejections = NULL;
    return taken ? taken : PyList_New(0);
}

static int
splitter_init(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"kept", NULL};
    Splitter *self = (Splitter *)object;
    Py_ssize_t kept = REJECTIONS_KEPT;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|n:FrameSplitter", names, &kept))
        return -1;
    self->frames = self->rejected = self->garbage_bytes = 0;
    self->synchronised = 0;
    self->kept = kept;
    Py_CLEAR(self->tail);
    Py_CLEAR(self->rejections);
    return 0;
}

static int
splitter_traverse(PyObject *object, visitproc visit, void *arg)
{
    Splitter *self = (Splitter *)object;
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->rejections);
    return 0;
}

static int
splitter_clear(PyObject *object)
{
    Splitter *self = (Splitter *)object;
    Py_CLEAR(self->tail);
    Py_CLEAR(self->rejections);
    return 0;
}

static void
splitter_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    splitter_clear(object);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyMethodDef splitter_methods[] = {
    {"receive", splitter_receive, METH_O,
     "Takes the next bytes of the stream, gives the payloads (header + body) that they complete."},
    {"split", splitter_split, METH_O,
     "Takes the next bytes, gives what now stands between two delimiters: escaped, unverified, not empty."},
    {"open", splitter_open, METH_O,
     "The payload of one candidate; None, and counted with its reason, when it is no good frame."},
    {"rejections", splitter_rejections, METH_NOARGS,
     "The refusals since the last call, as (RemoteProtocolError, escaped bytes), oldest first."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef splitter_members[] = {
    {"frames", T_LONGLONG, offsetof(Splitter, frames), 0, NULL},
    {"rejected", T_LONGLONG, offsetof(Splitter, rejected), 0, NULL},
    {"garbage_bytes", T_LONGLONG, offsetof(Splitter, garbage_bytes), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot splitter_slots[] = {
    {Py_tp_doc, "Finds frames in a stream that may be cut anywhere; the twin of framing.PortableSplitter in C."},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_init, splitter_init},
    {Py_tp_dealloc, splitter_dealloc},
    {Py_tp_traverse, splitter_traverse},
    {Py_tp_clear, splitter_clear},
    {Py_tp_methods, splitter_methods},
    {Py_tp_members, splitter_members},
    {0, NULL},
};

static PyType_Spec splitter_spec = {
    .name = "protocols.wire._accelerator.FrameSplitter",
    .basicsize = sizeof(Splitter),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .slots = splitter_slots,
};

/* -- the module ---------------------------------------------------------------------------------------- */

static int
read_constants(State *state, PyObject *header)
{
    Py_ssize_t body_length_max = 0;
    struct {
        const char *name;
        Py_ssize_t *value;
    } wanted[] = {
        {"BODY_LENGTH_MASK", &state->body_length_mask},
        {"BODY_LENGTH_MAX", &body_length_max},
        {"SUBPACKAGED_BIT", &state->subpackaged_bit},
        {"HEADER_BYTES", &state->header_bytes},
        {"HEADER_BYTES_2019", &state->header_bytes_2019},
        {"PACKAGE_ITEM_BYTES", &state->package_item_bytes},
    };
    for (size_t each = 0; each < sizeof wanted / sizeof wanted[0]; each++) {
        PyObject *value = PyObject_GetAttrString(header, wanted[each].name);
        if (!value)
            return -1;
        *wanted[each].value = PyLong_AsSsize_t(value);
        Py_DECREF(value);
        if (*wanted[each].value <= 0) {
            if (!PyErr_Occurred())
                PyErr_Format(PyExc_ImportError, "header.%s is no size", wanted[each].name);
            return -1;
        }
    }
    if (state->header_bytes < 4) { /* judge() reads the attributes there */
        PyErr_SetString(PyExc_ImportError, "header.HEADER_BYTES is too small");
        return -1;
    }
    state->escaped_max =
        2 * (state->header_bytes_2019 + state->package_item_bytes + body_length_max + 1);
    return 0;
}

static int
module_exec(PyObject *module)
{
    State *state = PyModule_GetState(module);
    const char *pure = getenv("DIANYUN_PURE");
    if (pure && *pure && strcmp(pure, "0")) {
        PyErr_SetString(PyExc_ImportError, "DIANYUN_PURE asks for the portable twin");
        return -1;
    }
    PyObject *errors = PyImport_ImportModule("protocols.wire.errors");
    if (!errors)
        return -1;
    state->remote_error = PyObject_GetAttrString(errors, "RemoteProtocolError");
    Py_DECREF(errors);
    if (!state->remote_error)
        return -1;
    PyObject *header = PyImport_ImportModule("protocols.wire.header");
    if (!header)
        return -1;
    int failed = read_constants(state, header);
    Py_DECREF(header);
    if (failed < 0)
        return -1;
    PyObject *type = PyType_FromModuleAndSpec(module, &splitter_spec, NULL);
    if (!type)
        return -1;
    failed = PyModule_AddObjectRef(module, "FrameSplitter", type);
    Py_DECREF(type);
    return failed;
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    State *state = PyModule_GetState(module);
    Py_VISIT(state->remote_error);
    return 0;
}

static int
module_clear(PyObject *module)
{
    State *state = PyModule_GetState(module);
    Py_CLEAR(state->remote_error);
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "protocols.wire._accelerator",
    .m_doc = "The byte work of framing.py in C. Import framing, which chooses.",
    .m_size = sizeof(State),
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
};

PyMODINIT_FUNC
PyInit__accelerator(void)
{
    return PyModuleDef_Init(&module_definition);
}
