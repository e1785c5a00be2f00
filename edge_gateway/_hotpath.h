/* What the parts of the hot path share: its state, growing bytes, the types of a lane, a ring, a group's rows. */
#ifndef DIANYUN_HOTPATH_H
#define DIANYUN_HOTPATH_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <structmember.h>

#include "../protocols/wire/_framing.h"

#define ITEM_BYTES 7   /* of a report before its body, in a packed run */
#define ID_BYTES 8
#define FRAME_MAX 1100 /* unescaped; a larger candidate is no plain report */
#define TAIL_BYTES 8   /* of an answer: own serial, reply serial, reply id, result, check */

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LITTLE_ENDIAN_HERE 1
#else
#define LITTLE_ENDIAN_HERE 0
#endif

static inline void
put16(unsigned char *out, unsigned value)
{
    out[0] = (unsigned char)value;
    out[1] = (unsigned char)(value >> 8);
}

static inline void
put32(unsigned char *out, uint32_t value)
{
    for (int at = 0; at < 4; at++)
        out[at] = (unsigned char)(value >> 8 * at);
}

static inline void
put64(unsigned char *out, uint64_t value)
{
    for (int at = 0; at < 8; at++)
        out[at] = (unsigned char)(value >> 8 * at);
}

static inline uint64_t
get64(const unsigned char *data)
{
    uint64_t value = 0;
    if (LITTLE_ENDIAN_HERE) {
        memcpy(&value, data, sizeof value);
        return value;
    }
    for (int at = 7; at >= 0; at--)
        value = value << 8 | data[at];
    return value;
}

static inline uint32_t
get32(const unsigned char *data)
{
    return (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

/* A growing run of bytes. */
typedef struct {
    unsigned char *data;
    size_t size, room;
} Buffer;

/* Attributes of sessions, connections and the journal, by the order of attribute_names. */
enum {
    BETWEEN, BOUND, CLOSE_CHECK, COUNT, COUNTERS, DUE, DUE_SERIAL, EDITION_KEY, GOVERN, HEARD_MS, HELD, IDENTITY, INTAKE,
    LANE, NAMED, ORIGIN, OUT, PENDING, READING, RECENT, SAW, SERIAL, SESSION, SPEAKER, SUBMITTED, TRANSPORT, WRITE,
    ATTRIBUTES,
};
extern const char *const attribute_names[ATTRIBUTES];

typedef struct {
    PyTypeObject *ring_type, *lane_type, *rows_type, *terminal_type, *express_type, *passenger_type, *batch_type;
    PyObject *names[ATTRIBUTES];
    PyObject *nothing; /* b"" */
    PyObject *frames_key; /* under which position reports are counted */
    Buffer packed, answers; /* used within one call, kept for the next */
    uint64_t groups; /* rows of groups that were numbered */
    Py_ssize_t message_id;
    Py_ssize_t position_bytes;
    Py_ssize_t result_failed;
    Py_ssize_t body_length_max;
    Py_ssize_t kind_live;
    Py_ssize_t kind_message;
    uint64_t record_start[8];  /* BLAKE2b's state after its parameters, for positions and for messages */
    uint64_t message_start[8];
    Py_ssize_t slots_min;
    Py_ssize_t slots_max;
    Py_ssize_t block_slots;
    Py_ssize_t horizon_ms;
    Py_ssize_t shrink_ms;
} State;

#define OPENING_MAX 40 /* of the longest header that there is, all of it escaped: 1 + 2 * 15 */

typedef struct {
    PyObject_HEAD
    unsigned char opening[OPENING_MAX]; /* delimiter and escaped head of an answer, without its serial */
    unsigned char sender[16];
    uint16_t flag;
    uint8_t opening_size, sender_size, overhead, base;
} Lane;

typedef struct {
    PyObject_HEAD
    uint64_t *ids;       /* as they stand in memory; marks and tags behind them in the same piece */
    long long *marks_ms; /* when each block of slots was last written */
    unsigned char *tags; /* the first byte of each name */
    Py_ssize_t room, used, next;
    Py_ssize_t slots;    /* where it wraps */
} Ring;

typedef struct {
    PyObject_HEAD
    Py_ssize_t count;
    Py_ssize_t body_bytes;
    long long earliest_ms, latest_ms;
    uint32_t longest;
    uint64_t number; /* among all groups; 0 while nobody asked */
    Buffer indexes, times, serials, kinds, lengths, ids, bodies; /* columns; times as 64 bits, lengths as 32 */
    uint64_t *seen; /* the names, open addressing; 0 is free, and the name 0 is `seen_zero` */
    size_t seen_room, seen_used;
    int seen_zero;
} Rows;

extern struct PyModuleDef hotpath_definition;

State *state_of(PyObject *self);

/* Room for `more` bytes at the end; NULL when there is none, without an exception: the lock may not be held. */
unsigned char *extended(Buffer *self, size_t more);
void released(Buffer *self);
PyObject *bytes_of(const Buffer *self);

/* Plain reports from *at on, packed into the buffer; gives how many, -1 without memory. *at: where it stopped. Needs no
 * lock. */
Py_ssize_t take_run(const Lane *self, const State *state, const unsigned char *data, Py_ssize_t size, Py_ssize_t *at,
                    Buffer *packed);

/* The answers to a packed run, numbered from `serial` on; -1 without memory. Needs no lock. */
int put_run_answers(const Lane *self, const State *state, const unsigned char *packed, size_t size, unsigned serial,
                    int result, Buffer *answers);

PyObject *attribute(const State *state, PyObject *object, int name);
long long number(const State *state, PyObject *object, int name);
int put_number(const State *state, PyObject *object, int name, long long number);
int called(const State *state, PyObject *object, int name);
int add_to(PyObject *counter, PyObject *key, long long more);
int put_answers(const State *state, PyObject *connection, PyObject *answers);
int put_waited(PyObject *waited, PyObject *since_ms, long long answered);
Py_ssize_t index_of(const State *state, PyObject *origin, PyObject *indexes, PyObject *states, PyObject *known);

/* Names of the reports of a packed run, one behind the other into `ids`. Needs no lock. */
void name_run(const State *state, const unsigned char *packed, const unsigned char *end, const unsigned char *named,
              size_t named_size, uint64_t *ids);
/* A packed run of the terminal `index`, whose reports have these names. told: how many were new, repeat what is new
 * here, are in the ring. -1 without memory. */
int add_named(Rows *self, unsigned index, long long received_ms, const unsigned char *packed, const unsigned char *end,
              const uint64_t *ids, const Ring *ring, long told[3]);

void plain_dealloc(PyObject *object);

PyObject *added_type(PyObject *module, PyType_Spec *spec, const char *name);

/* A packed run in bytes; -1 with an exception set. */
int add_run(Rows *self, State *state, unsigned index, long long received_ms, PyObject *packed, PyObject *named,
            const Ring *ring, long told[3]);
int ring_put(Ring *self, const State *state, uint64_t id, long long now_ms);

/* Of _group.c. */
int group_exec(PyObject *module, State *state);
Ring *ring_of(const State *state, PyObject *terminal);
PyObject *collect(PyObject *module, PyObject *const *arguments, Py_ssize_t given);
PyObject *settle(PyObject *module, PyObject *const *arguments, Py_ssize_t given);

/* Of _express.c. Adds its types to the module where the system has epoll; -1 with an exception set. */
int express_exec(PyObject *module, State *state);

/* The batch in a group, as collect does with one submission. 1 taken, 0 of a terminal that is not known,
 * -1 with an exception set. The arguments of `collect`. */
enum { AT_ROWS, AT_SUBMISSIONS, AT_AT, AT_INDEXES, AT_STATES, AT_KNOWN, AT_DUPLICATES, AT_WAITING, AT_SAFE, AT_LIMITS, AT_END };
int collect_batch(State *state, PyObject *const *arguments, PyObject *submission);

#endif
