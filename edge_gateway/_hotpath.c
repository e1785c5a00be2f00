/* What every report costs, in C: the fast lane, the rows of a group, the ring of a terminal's last names.
 *
 * Twins of session.lane.PortableLane, journal.rows.PortableRows, journal.dedupe.PortableRing, and of the functions
 * of turn that end in _portable (those of the journal are in _group.c): same results for the same bytes, which
 * tests/gateway/test_hotpath.py and test_turn.py hold. setup.py builds it where a compiler is; without it, and
 * under DIANYUN_PURE=1, the portable twins do the work. It decides nothing that they do not decide.
 *
 * A run of reports travels packed: serial (16 bits), kind (8), length (32), body, and so on; little-endian.
 */
#include "_hotpath.h"

#define FIRST_ROOM 4  /* slots of a ring that begins */
#define BUFFER_KEPT (1 << 20)

const char *const attribute_names[ATTRIBUTES] = {
    "between", "bound", "is_closing", "count", "counters", "due", "due_serial", "edition_key", "govern_reading",
    "heard_ms", "held", "identity", "intake", "lane", "named", "origin", "out", "pending", "reading", "recent", "saw",
    "serial", "session", "speaker", "submitted", "transport", "write",
};

State *
state_of(PyObject *self)
{
    PyObject *module = PyType_GetModuleByDef(Py_TYPE(self), &hotpath_definition);
    return module ? (State *)PyModule_GetState(module) : NULL;
}

unsigned char *
extended(Buffer *self, size_t more)
{
    if (!self->data || self->size + more > self->room) {
        size_t room = self->room ? self->room * 2 : 1024;
        while (room < self->size + more)
            room *= 2;
        unsigned char *data = PyMem_RawRealloc(self->data, room);
        if (!data)
            return NULL;
        self->data = data;
        self->room = room;
    }
    unsigned char *at = self->data + self->size;
    self->size += more;
    return at;
}

void
released(Buffer *self)
{
    PyMem_RawFree(self->data);
    memset(self, 0, sizeof *self);
}

/* -- BLAKE2b (RFC 7693), without a key, 16 bytes of digest of which 8 are wanted ---------------------------- */

static const uint64_t blake_iv[8] = {
    0x6A09E667F3BCC908u, 0xBB67AE8584CAA73Bu, 0x3C6EF372FE94F82Bu, 0xA54FF53A5F1D36F1u,
    0x510E527FADE682D1u, 0x9B05688C2B3E6C1Fu, 0x1F83D9ABFB41BD6Bu, 0x5BE0CD19137E2179u,
};
static inline uint64_t
rotated(uint64_t value, int bits)
{
    return value >> bits | value << (64 - bits);
}

#define BLAKE_MIX(a, b, c, d, x, y)       \
    do {                                  \
        v[a] += v[b] + (x);               \
        v[d] = rotated(v[d] ^ v[a], 32);  \
        v[c] += v[d];                     \
        v[b] = rotated(v[b] ^ v[c], 24);  \
        v[a] += v[b] + (y);               \
        v[d] = rotated(v[d] ^ v[a], 16);  \
        v[c] += v[d];                     \
        v[b] = rotated(v[b] ^ v[c], 63);  \
    } while (0)

/* One round; the sixteen words of the message in the order of RFC 7693, section 2.7. Written out, for a table would be
 * read again for each word. */
#define BLAKE_ROUND(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15) \
    do {                                                                                 \
        BLAKE_MIX(0, 4, 8, 12, m[s0], m[s1]);                                            \
        BLAKE_MIX(1, 5, 9, 13, m[s2], m[s3]);                                            \
        BLAKE_MIX(2, 6, 10, 14, m[s4], m[s5]);                                           \
        BLAKE_MIX(3, 7, 11, 15, m[s6], m[s7]);                                           \
        BLAKE_MIX(0, 5, 10, 15, m[s8], m[s9]);                                           \
        BLAKE_MIX(1, 6, 11, 12, m[s10], m[s11]);                                         \
        BLAKE_MIX(2, 7, 8, 13, m[s12], m[s13]);                                          \
        BLAKE_MIX(3, 4, 9, 14, m[s14], m[s15]);                                          \
    } while (0)

static void
blake_block(uint64_t h[8], const unsigned char block[128], uint64_t counted, int last)
{
    uint64_t v[16], m[16];
    for (int at = 0; at < 8; at++) {
        v[at] = h[at];
        v[at + 8] = blake_iv[at];
    }
    v[12] ^= counted;
    if (last)
        v[14] = ~v[14];
    for (int at = 0; at < 16; at++)
        m[at] = get64(block + 8 * at);
    BLAKE_ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    BLAKE_ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3);
    BLAKE_ROUND(11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4);
    BLAKE_ROUND(7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8);
    BLAKE_ROUND(9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13);
    BLAKE_ROUND(2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9);
    BLAKE_ROUND(12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11);
    BLAKE_ROUND(13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10);
    BLAKE_ROUND(6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5);
    BLAKE_ROUND(10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0);
    BLAKE_ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    BLAKE_ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3);
    for (int at = 0; at < 8; at++)
        h[at] ^= v[at] ^ v[at + 8];
}

static void
blake_begin(uint64_t h[8], const unsigned char person[16])
{
    memcpy(h, blake_iv, sizeof blake_iv);
    h[0] ^= 16 | 1u << 16 | 1u << 24; /* bytes of digest, no key, fanout 1, depth 1 */
    h[6] ^= get64(person);
    h[7] ^= get64(person + 8);
}

typedef struct {
    uint64_t h[8];
    unsigned char block[128];
    size_t held;
    uint64_t counted;
} Blake;

static void
blake_update(Blake *self, const unsigned char *data, size_t size)
{
    while (size) {
        if (self->held == sizeof self->block) {
            self->counted += self->held;
            blake_block(self->h, self->block, self->counted, 0);
            self->held = 0;
        }
        size_t part = sizeof self->block - self->held;
        if (part > size)
            part = size;
        memcpy(self->block + self->held, data, part);
        self->held += part;
        data += part;
        size -= part;
    }
}

/* The first eight bytes of the digest, as they stand in memory. */
static uint64_t
blake_end(Blake *self)
{
    memset(self->block + self->held, 0, sizeof self->block - self->held);
    blake_block(self->h, self->block, self->counted + self->held, 1);
    return self->h[0];
}

/* -- the fast lane ------------------------------------------------------------------------------------------ */

/* One candidate: 1 taken, 0 not plain, -1 without memory. */
static int
take_one(const Lane *self, const State *state, const unsigned char *data, Py_ssize_t size, Buffer *packed)
{
    unsigned char room[2 * FRAME_MAX];
    if (size > (Py_ssize_t)sizeof room)
        return 0;
    if (memchr(data, ESCAPE, (size_t)size)) {
        size = unescape(data, size, room);
        data = room;
    }
    if (size < self->overhead + state->position_bytes || size > self->overhead + state->body_length_max)
        return 0;
    Py_ssize_t body_size = size - self->overhead;
    if ((data[0] << 8 | data[1]) != state->message_id ||
        (unsigned)(data[2] << 8 | data[3]) != ((unsigned)body_size | self->flag) ||
        memcmp(data + 4, self->sender, (size_t)self->sender_size) || xor_of(data, size))
        return 0;
    const unsigned char *serial_at = data + 4 + self->sender_size;
    unsigned char *item = extended(packed, (size_t)(ITEM_BYTES + body_size));
    if (!item)
        return -1;
    put16(item, (unsigned)(serial_at[0] << 8 | serial_at[1]));
    item[2] = (unsigned char)state->kind_live;
    put32(item + 3, (uint32_t)body_size);
    memcpy(item + ITEM_BYTES, data + self->overhead - 1, (size_t)body_size);
    return 1;
}

Py_ssize_t
take_run(const Lane *self, const State *state, const unsigned char *data, Py_ssize_t size, Py_ssize_t *at, Buffer *packed)
{
    Py_ssize_t count = 0;
    while (*at < size) {
        const unsigned char *stop = memchr(data + *at, DELIMITER, (size_t)(size - *at));
        if (!stop)
            break;
        Py_ssize_t length = stop - (data + *at);
        if (length) {
            int taken = take_one(self, state, data + *at, length, packed);
            if (taken < 0)
                return -1;
            if (!taken)
                break;
            count++;
        }
        *at += length + 1;
    }
    return count;
}

int
put_run_answers(const Lane *self, const State *state, const unsigned char *packed, size_t size, unsigned serial,
                int result, Buffer *answers)
{
    for (const unsigned char *end = packed + size; packed < end; packed += ITEM_BYTES + get32(packed + 3), serial++) {
        unsigned char *out = extended(answers, (size_t)self->opening_size + 2 * TAIL_BYTES + 1);
        if (!out)
            return -1;
        memcpy(out, self->opening, (size_t)self->opening_size);
        out += self->opening_size;
        unsigned own = serial & 0xFFFF, theirs = packed[0] | (unsigned)packed[1] << 8, mixed = own ^ theirs;
        const unsigned char tail[TAIL_BYTES] = {
            (unsigned char)(own >> 8), (unsigned char)own, (unsigned char)(theirs >> 8), (unsigned char)theirs,
            (unsigned char)(state->message_id >> 8), (unsigned char)state->message_id, (unsigned char)result,
            (unsigned char)(self->base ^ mixed ^ mixed >> 8 ^ (unsigned)result),
        };
        for (int at = 0; at < TAIL_BYTES; at++)
            out = put_escaped(out, tail[at]);
        *out++ = DELIMITER;
        answers->size = (size_t)(out - answers->data);
    }
    return 0;
}

PyObject *
bytes_of(const Buffer *self)
{
    return PyBytes_FromStringAndSize((const char *)self->data, (Py_ssize_t)self->size);
}

/* The buffers for one call, empty. What a long read left is given back. */
static void
begin_buffers(State *state)
{
    if (state->packed.room > BUFFER_KEPT)
        released(&state->packed);
    if (state->answers.room > BUFFER_KEPT)
        released(&state->answers);
    state->packed.size = state->answers.size = 0;
}

static PyObject *
lane_take(PyObject *object, PyObject *const *arguments, Py_ssize_t given)
{
    State *state = state_of(object);
    if (!state)
        return NULL;
    if (given != 3 || !PyBytes_Check(arguments[0])) {
        PyErr_SetString(PyExc_TypeError, "take(data: bytes, at, serial)");
        return NULL;
    }
    Py_ssize_t at = PyLong_AsSsize_t(arguments[1]);
    long serial = PyLong_AsLong(arguments[2]);
    if (PyErr_Occurred())
        return NULL;
    Py_ssize_t size = PyBytes_GET_SIZE(arguments[0]);
    if (at < 0 || at > size) {
        PyErr_SetString(PyExc_ValueError, "`at` is outside of the data");
        return NULL;
    }
    begin_buffers(state);
    Lane *self = (Lane *)object;
    const unsigned char *data = (const unsigned char *)PyBytes_AS_STRING(arguments[0]);
    Py_ssize_t count = take_run(self, state, data, size, &at, &state->packed);
    if (count < 0 || put_run_answers(self, state, state->packed.data, state->packed.size, (unsigned)serial, 0,
                                     &state->answers) < 0)
        return PyErr_NoMemory();
    return Py_BuildValue("nnNN", at, count, bytes_of(&state->packed), bytes_of(&state->answers));
}

static int
lane_init(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    Lane *self = (Lane *)object;
    const char *opening, *sender;
    Py_ssize_t opening_size, sender_size, overhead;
    int flag, base;
    static char *names[] = {"opening", "sender", "flag", "overhead", "base", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "y#y#ini:ReportLane", names, &opening, &opening_size,
                                     &sender, &sender_size, &flag, &overhead, &base))
        return -1;
    if (opening_size > (Py_ssize_t)sizeof self->opening || sender_size > (Py_ssize_t)sizeof self->sender ||
        overhead != 4 + sender_size + 2 + 1) {
        PyErr_SetString(PyExc_ValueError, "no header that this lane knows");
        return -1;
    }
    memcpy(self->opening, opening, (size_t)opening_size);
    memcpy(self->sender, sender, (size_t)sender_size);
    self->opening_size = (uint8_t)opening_size;
    self->sender_size = (uint8_t)sender_size;
    self->flag = (uint16_t)flag;
    self->overhead = (uint8_t)overhead;
    self->base = (uint8_t)base;
    return 0;
}

void
plain_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    type->tp_free(object);
    Py_DECREF(type);
}

static PyMethodDef lane_methods[] = {
    {"take", (PyCFunction)(void (*)(void))lane_take, METH_FASTCALL,
     "take(data, at, serial): see session.lane.PortableLane.take."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot lane_slots[] = {
    {Py_tp_doc, "One terminal on one connection; the twin of session.lane.PortableLane in C."},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_init, lane_init},
    {Py_tp_dealloc, plain_dealloc},
    {Py_tp_methods, lane_methods},
    {0, NULL},
};

static PyType_Spec lane_spec = {
    .name = "edge_gateway._hotpath.ReportLane",
    .basicsize = sizeof(Lane),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = lane_slots,
};

/* -- the ring of a terminal's last names -------------------------------------------------------------------- */

static int
ring_has(const Ring *self, uint64_t id)
{
    if (!self->used)
        return 0;
    unsigned char tag;
    memcpy(&tag, &id, 1);
    const unsigned char *at = self->tags, *end = self->tags + self->used;
    while ((at = memchr(at, tag, (size_t)(end - at)))) {
        if (self->ids[at - self->tags] == id)
            return 1;
        if (++at == end)
            break;
    }
    return 0;
}

/* The ring in a piece of `room` slots that begins with its slot `first`, of which `used` are kept. Marks keep
 * their blocks: `first` is at the beginning of one. */
static int
ring_moved(Ring *self, const State *state, Py_ssize_t room, Py_ssize_t first, Py_ssize_t used)
{
    Py_ssize_t blocks = (room + state->block_slots - 1) / state->block_slots;
    uint64_t *ids = PyMem_Malloc((size_t)(room * (ID_BYTES + 1) + blocks * 8));
    if (!ids) {
        PyErr_NoMemory();
        return -1;
    }
    long long *marks_ms = (long long *)(ids + room);
    unsigned char *tags = (unsigned char *)(marks_ms + blocks);
    for (Py_ssize_t at = 0; at < used; at++) {
        Py_ssize_t from = (first + at) % self->used;
        ids[at] = self->ids[from];
        tags[at] = self->tags[from];
        marks_ms[at / state->block_slots] = self->marks_ms[from / state->block_slots];
    }
    PyMem_Free(self->ids);
    self->ids = ids;
    self->marks_ms = marks_ms;
    self->tags = tags;
    self->room = room;
    self->used = used;
    return 0;
}

/* At the beginning of a block that is to be overwritten: larger when it is young, smaller when most are old. */
static int
ring_turn(Ring *self, const State *state, long long now_ms)
{
    Py_ssize_t blocks = self->slots / state->block_slots, young = 0;
    if (now_ms - self->marks_ms[self->next / state->block_slots] < state->horizon_ms) {
        if (self->slots >= state->slots_max)
            return 0;
        if (ring_moved(self, state, self->used, self->next, self->used) < 0)
            return -1;
        self->next = self->used;
        self->slots *= 2;
        return 0;
    }
    if (self->slots <= state->slots_min)
        return 0;
    for (Py_ssize_t at = 0; at < blocks; at++)
        young += now_ms - self->marks_ms[at] < state->shrink_ms;
    if (4 * young > blocks)
        return 0;
    Py_ssize_t kept = self->slots / 2;
    if (ring_moved(self, state, kept, (self->next + kept) % self->used, kept) < 0)
        return -1;
    self->slots = kept;
    self->next = 0;
    return 0;
}

int
ring_put(Ring *self, const State *state, uint64_t id, long long now_ms)
{
    if (self->next == self->slots)
        self->next = 0;
    if (self->next < self->used && self->next % state->block_slots == 0 && ring_turn(self, state, now_ms) < 0)
        return -1;
    if (self->next == self->used) {
        if (self->used == self->room) {
            Py_ssize_t room = self->room ? 2 * self->room : FIRST_ROOM;
            if (ring_moved(self, state, room < self->slots ? room : self->slots, 0, self->used) < 0)
                return -1;
        }
        self->used++;
    }
    self->ids[self->next] = id;
    memcpy(self->tags + self->next, &id, 1);
    self->marks_ms[self->next / state->block_slots] = now_ms;
    self->next++;
    return 0;
}

static int
id_of(PyObject *object, uint64_t *id)
{
    if (!PyBytes_Check(object) || PyBytes_GET_SIZE(object) != ID_BYTES) {
        PyErr_SetString(PyExc_ValueError, "a name is 8 bytes");
        return -1;
    }
    memcpy(id, PyBytes_AS_STRING(object), ID_BYTES);
    return 0;
}

static int
ring_contains(PyObject *self, PyObject *prefix)
{
    uint64_t id;
    return id_of(prefix, &id) < 0 ? -1 : ring_has((Ring *)self, id);
}

static PyObject *
ring_add(PyObject *self, PyObject *const *arguments, Py_ssize_t given)
{
    State *state = state_of(self);
    uint64_t id;
    if (!state)
        return NULL;
    if (given != 2) {
        PyErr_SetString(PyExc_TypeError, "add(prefix, now_ms)");
        return NULL;
    }
    long long now_ms = PyLong_AsLongLong(arguments[1]);
    if (PyErr_Occurred() || id_of(arguments[0], &id) < 0 || ring_put((Ring *)self, state, id, now_ms) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *
ring_pack(PyObject *object, PyObject *Py_UNUSED(nothing))
{
    Ring *self = (Ring *)object;
    const char *ids = self->used ? (const char *)self->ids : "";
    return Py_BuildValue("y#n", ids, self->used * ID_BYTES, self->next % self->slots);
}

static int
ring_init(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    Ring *self = (Ring *)object;
    State *state = state_of(object);
    static char *names[] = {"packed", "next_slot", NULL};
    const char *packed = "";
    Py_ssize_t size = 0, next = 0;
    if (!state || !PyArg_ParseTupleAndKeywords(arguments, keywords, "|y#n:RecentIds", names, &packed, &size, &next))
        return -1;
    Py_ssize_t used = size / ID_BYTES, slots = state->slots_min;
    while (slots < used)
        slots *= 2;
    if (size % ID_BYTES || slots > state->slots_max || next < 0 || (used < slots ? next && next != used : next >= used)) {
        PyErr_SetString(PyExc_ValueError, "no ring of names");
        return -1;
    }
    PyMem_Free(self->ids);
    memset((char *)self + sizeof(PyObject), 0, sizeof *self - sizeof(PyObject));
    self->slots = slots;
    if (used) {
        if (ring_moved(self, state, used, 0, 0) < 0)
            return -1;
        memcpy(self->ids, packed, (size_t)size);
        for (Py_ssize_t at = 0; at < used; at++)
            memcpy(self->tags + at, self->ids + at, 1);
        memset(self->marks_ms, 0, (size_t)((used + state->block_slots - 1) / state->block_slots) * 8);
    }
    self->used = used;
    self->next = used < slots ? used : next;
    return 0;
}

static void
ring_dealloc(PyObject *object)
{
    PyMem_Free(((Ring *)object)->ids);
    plain_dealloc(object);
}

static PyMemberDef ring_members[] = {
    {"slots", T_PYSSIZET, offsetof(Ring, slots), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyMethodDef ring_methods[] = {
    {"add", (PyCFunction)(void (*)(void))ring_add, METH_FASTCALL, "add(prefix, now_ms): remembers a name."},
    {"pack", ring_pack, METH_NOARGS, "The bytes and the slot that is written next, for the constructor."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot ring_slots[] = {
    {Py_tp_doc, "The last names of one terminal; the twin of journal.dedupe.PortableRing in C."},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_init, ring_init},
    {Py_tp_dealloc, ring_dealloc},
    {Py_tp_methods, ring_methods},
    {Py_tp_members, ring_members},
    {Py_sq_contains, ring_contains},
    {0, NULL},
};

static PyType_Spec ring_spec = {
    .name = "edge_gateway._hotpath.RecentIds",
    .basicsize = sizeof(Ring),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = ring_slots,
};

/* -- the rows of a group -------------------------------------------------------------------------------------- */

static size_t
seen_slot(const Rows *self, uint64_t id)
{
    size_t at = (size_t)(id * 0x9E3779B97F4A7C15u >> 20) & (self->seen_room - 1);
    while (self->seen[at] && self->seen[at] != id)
        at = (at + 1) & (self->seen_room - 1);
    return at;
}

static int
seen_has(const Rows *self, uint64_t id)
{
    if (!id)
        return self->seen_zero;
    return self->seen_room && self->seen[seen_slot(self, id)];
}

static int
seen_add(Rows *self, uint64_t id)
{
    if (!id) {
        self->seen_zero = 1;
        return 0;
    }
    if (2 * self->seen_used >= self->seen_room) {
        size_t old_room = self->seen_room;
        uint64_t *old = self->seen;
        self->seen_room = old_room ? 2 * old_room : 256;
        if (!(self->seen = PyMem_RawCalloc(self->seen_room, sizeof *self->seen))) {
            self->seen = old;
            self->seen_room = old_room;
            return -1;
        }
        for (size_t at = 0; at < old_room; at++)
            if (old[at])
                self->seen[seen_slot(self, old[at])] = old[at];
        PyMem_RawFree(old);
    }
    self->seen[seen_slot(self, id)] = id;
    self->seen_used++;
    return 0;
}

static int
put_row(Rows *self, unsigned index, long long received_ms, const unsigned char *item, uint32_t length, uint64_t id)
{
    unsigned char *at;
    if (!(at = extended(&self->indexes, 2)))
        return -1;
    put16(at, index);
    if (!(at = extended(&self->times, 8)))
        return -1;
    put64(at, (uint64_t)received_ms);
    if (!(at = extended(&self->serials, 2)))
        return -1;
    memcpy(at, item, 2);
    if (!(at = extended(&self->kinds, 1)))
        return -1;
    *at = item[2];
    if (!(at = extended(&self->lengths, 4)))
        return -1;
    put32(at, length);
    if (!(at = extended(&self->ids, ID_BYTES)))
        return -1;
    memcpy(at, &id, ID_BYTES);
    if (!(at = extended(&self->bodies, length)))
        return -1;
    memcpy(at, item + ITEM_BYTES, length);
    if (!self->count || received_ms < self->earliest_ms)
        self->earliest_ms = received_ms;
    if (!self->count || received_ms > self->latest_ms)
        self->latest_ms = received_ms;
    if (length > self->longest)
        self->longest = length;
    self->body_bytes += length;
    self->count++;
    return 0;
}

void
name_run(const State *state, const unsigned char *packed, const unsigned char *end, const unsigned char *named,
         size_t named_size, uint64_t *ids)
{
    for (const unsigned char *at = packed; at < end; ids++) {
        uint32_t length = get32(at + 3);
        int message = at[2] == state->kind_message;
        Blake blake;
        blake.held = 0;
        blake.counted = 0;
        memcpy(blake.h, message ? state->message_start : state->record_start, sizeof blake.h);
        blake_update(&blake, named, named_size);
        if (message) {
            const unsigned char serial[2] = {at[1], at[0]};
            blake_update(&blake, serial, 2);
        }
        blake_update(&blake, at + ITEM_BYTES, length);
        unsigned char digest[ID_BYTES];
        put64(digest, blake_end(&blake));
        memcpy(ids, digest, ID_BYTES);
        at += ITEM_BYTES + length;
    }
}

int
add_named(Rows *self, unsigned index, long long received_ms, const unsigned char *packed, const unsigned char *end,
          const uint64_t *ids, const Ring *ring, long told[3])
{
    told[0] = told[1] = told[2] = 0;
    for (const unsigned char *at = packed; at < end; ids++) {
        uint32_t length = get32(at + 3);
        if (seen_has(self, *ids))
            told[1]++;
        else if (ring_has(ring, *ids))
            told[2]++;
        else {
            if (seen_add(self, *ids) < 0 || put_row(self, index, received_ms, at, length, *ids) < 0)
                return -1;
            told[0]++;
        }
        at += ITEM_BYTES + length;
    }
    return 0;
}

/* How many reports are in a packed run; -1 for what is none. */
static Py_ssize_t
reports_in(const unsigned char *at, const unsigned char *end)
{
    Py_ssize_t count = 0;
    for (; at < end; count++) {
        uint32_t length = end - at < ITEM_BYTES ? UINT32_MAX : get32(at + 3);
        if ((Py_ssize_t)length > end - at - ITEM_BYTES)
            return -1;
        at += ITEM_BYTES + length;
    }
    return count;
}

/* The same for a packed run in bytes; -1 with an exception set. */
int
add_run(Rows *self, State *state, unsigned index, long long received_ms, PyObject *packed, PyObject *named,
        const Ring *ring, long told[3])
{
    if (!PyBytes_Check(packed) || !PyBytes_Check(named)) {
        PyErr_SetString(PyExc_TypeError, "bytes wanted");
        return -1;
    }
    const unsigned char *at = (const unsigned char *)PyBytes_AS_STRING(packed), *end = at + PyBytes_GET_SIZE(packed);
    const unsigned char *name = (const unsigned char *)PyBytes_AS_STRING(named);
    Py_ssize_t count = reports_in(at, end);
    if (count < 0) {
        PyErr_SetString(PyExc_ValueError, "no packed run of reports");
        return -1;
    }
    uint64_t few[16], *ids = count <= 16 ? few : PyMem_Malloc((size_t)count * sizeof *ids);
    int failed = !ids;
    if (ids) {
        name_run(state, at, end, name, (size_t)PyBytes_GET_SIZE(named), ids);
        failed = add_named(self, index, received_ms, at, end, ids, ring, told);
    }
    if (ids != few)
        PyMem_Free(ids);
    if (failed)
        PyErr_NoMemory();
    return failed ? -1 : 0;
}

static PyObject *
rows_add(PyObject *object, PyObject *const *arguments, Py_ssize_t given)
{
    State *state = state_of(object);
    if (!state)
        return NULL;
    if (given != 5 || Py_TYPE(arguments[4]) != state->ring_type) {
        PyErr_SetString(PyExc_TypeError, "add(index, received_ms, packed, named, ring)");
        return NULL;
    }
    long index = PyLong_AsLong(arguments[0]);
    long long received_ms = PyLong_AsLongLong(arguments[1]);
    if (PyErr_Occurred())
        return NULL;
    if (index < 0 || index > 0xFFFF || received_ms < 0) {
        PyErr_SetString(PyExc_ValueError, "index or received_ms out of range");
        return NULL;
    }
    long told[3];
    if (add_run((Rows *)object, state, (unsigned)index, received_ms, arguments[2], arguments[3], (Ring *)arguments[4],
                told) < 0)
        return NULL;
    return Py_BuildValue("lll", told[0], told[1], told[2]);
}

static PyObject *
rows_counts(PyObject *object, PyObject *terminals)
{
    Rows *self = (Rows *)object;
    Py_ssize_t wanted = PyLong_AsSsize_t(terminals);
    if (PyErr_Occurred())
        return NULL;
    unsigned char *counts = PyMem_Calloc(wanted > 0 ? (size_t)wanted : 1, 4);
    PyObject *list = counts ? PyList_New(wanted) : PyErr_NoMemory();
    if (list) {
        uint32_t *numbers = (uint32_t *)counts;
        for (Py_ssize_t at = 0; at < self->count; at++) {
            unsigned index = self->indexes.data[2 * at] | (unsigned)self->indexes.data[2 * at + 1] << 8;
            if ((Py_ssize_t)index < wanted)
                numbers[index]++;
        }
        for (Py_ssize_t at = 0; at < wanted; at++) {
            PyObject *number = PyLong_FromUnsignedLong(numbers[at]);
            if (!number) {
                Py_CLEAR(list);
                break;
            }
            PyList_SET_ITEM(list, at, number);
        }
    }
    PyMem_Free(counts);
    return list;
}

static PyObject *
rows_columns(PyObject *object, PyObject *const *arguments, Py_ssize_t given)
{
    Rows *self = (Rows *)object;
    if (given != 2) {
        PyErr_SetString(PyExc_TypeError, "columns(time_bytes, length_bytes)");
        return NULL;
    }
    Py_ssize_t time_bytes = PyLong_AsSsize_t(arguments[0]), length_bytes = PyLong_AsSsize_t(arguments[1]);
    if (PyErr_Occurred())
        return NULL;
    if ((time_bytes != 4 && time_bytes != 8) || (length_bytes != 2 && length_bytes != 4)) {
        PyErr_SetString(PyExc_ValueError, "times have 4 or 8 bytes, lengths 2 or 4");
        return NULL;
    }
    size_t count = (size_t)self->count;
    size_t size = count * (2 + (size_t)time_bytes + 2 + 1 + (size_t)length_bytes + ID_BYTES) + self->bodies.size;
    PyObject *columns = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (!columns || !count)
        return columns;
    unsigned char *out = (unsigned char *)PyBytes_AS_STRING(columns);
    memcpy(out, self->indexes.data, 2 * count);
    out += 2 * count;
    for (size_t at = 0; at < count; at++, out += time_bytes) {
        uint64_t later = get64(self->times.data + 8 * at) - (uint64_t)self->earliest_ms;
        if (time_bytes == 4)
            put32(out, (uint32_t)later);
        else
            put64(out, later);
    }
    memcpy(out, self->serials.data, 2 * count);
    out += 2 * count;
    memcpy(out, self->kinds.data, count);
    out += count;
    for (size_t at = 0; at < count; at++, out += length_bytes)
        memcpy(out, self->lengths.data + 4 * at, (size_t)length_bytes);
    memcpy(out, self->ids.data, ID_BYTES * count);
    out += ID_BYTES * count;
    if (self->bodies.size)
        memcpy(out, self->bodies.data, self->bodies.size);
    return columns;
}

static PyObject *
rows_apply(PyObject *object, PyObject *rings)
{
    Rows *self = (Rows *)object;
    State *state = state_of(object);
    if (!state)
        return NULL;
    if (!PyList_Check(rings)) {
        PyErr_SetString(PyExc_TypeError, "apply(list of rings)");
        return NULL;
    }
    for (Py_ssize_t at = 0; at < self->count; at++) {
        Py_ssize_t index = self->indexes.data[2 * at] | self->indexes.data[2 * at + 1] << 8;
        if (index >= PyList_GET_SIZE(rings) || Py_TYPE(PyList_GET_ITEM(rings, index)) != state->ring_type) {
            PyErr_SetString(PyExc_TypeError, "a ring is missing");
            return NULL;
        }
        uint64_t id;
        memcpy(&id, self->ids.data + ID_BYTES * at, ID_BYTES);
        long long now_ms = (long long)get64(self->times.data + 8 * at);
        if (ring_put((Ring *)PyList_GET_ITEM(rings, index), state, id, now_ms) < 0)
            return NULL;
    }
    Py_RETURN_NONE;
}

static void
rows_dealloc(PyObject *object)
{
    Rows *self = (Rows *)object;
    Buffer *columns[] = {&self->indexes, &self->times, &self->serials, &self->kinds,
                         &self->lengths, &self->ids,   &self->bodies};
    for (size_t at = 0; at < sizeof columns / sizeof *columns; at++)
        released(columns[at]);
    PyMem_RawFree(self->seen);
    plain_dealloc(object);
}

static PyMethodDef rows_methods[] = {
    {"add", (PyCFunction)(void (*)(void))rows_add, METH_FASTCALL, "See journal.rows.PortableRows.add."},
    {"counts", rows_counts, METH_O, "Rows of each of so many terminals."},
    {"columns", (PyCFunction)(void (*)(void))rows_columns, METH_FASTCALL, "The columns, one behind the other."},
    {"apply", rows_apply, METH_O, "Gives each name to the ring of its terminal."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef rows_members[] = {
    {"count", T_PYSSIZET, offsetof(Rows, count), READONLY, NULL},
    {"body_bytes", T_PYSSIZET, offsetof(Rows, body_bytes), READONLY, NULL},
    {"earliest_ms", T_LONGLONG, offsetof(Rows, earliest_ms), READONLY, NULL},
    {"latest_ms", T_LONGLONG, offsetof(Rows, latest_ms), READONLY, NULL},
    {"longest", T_UINT, offsetof(Rows, longest), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot rows_slots[] = {
    {Py_tp_doc, "The new records of one commit; the twin of journal.rows.PortableRows in C."},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_dealloc, rows_dealloc},
    {Py_tp_methods, rows_methods},
    {Py_tp_members, rows_members},
    {0, NULL},
};

static PyType_Spec rows_spec = {
    .name = "edge_gateway._hotpath.Rows",
    .basicsize = sizeof(Rows),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = rows_slots,
};

/* -- what every read costs: twins of turn ------------------------------------------------------------------- */

PyObject *
attribute(const State *state, PyObject *object, int name)
{
    return PyObject_GetAttr(object, state->names[name]);
}

/* An attribute as a number; -1 with an exception set, or where that is what it is. */
long long
number(const State *state, PyObject *object, int name)
{
    PyObject *value = attribute(state, object, name);
    long long found = value ? PyLong_AsLongLong(value) : -1;
    Py_XDECREF(value);
    return found;
}

int
put_number(const State *state, PyObject *object, int name, long long number)
{
    PyObject *value = PyLong_FromLongLong(number);
    int failed = value ? PyObject_SetAttr(object, state->names[name], value) : -1;
    Py_XDECREF(value);
    return failed;
}

static int
is_true(const State *state, PyObject *object, int name)
{
    PyObject *value = attribute(state, object, name);
    int found = value ? PyObject_IsTrue(value) : -1;
    Py_XDECREF(value);
    return found;
}

int
called(const State *state, PyObject *object, int name)
{
    PyObject *given = PyObject_CallMethodNoArgs(object, state->names[name]);
    Py_XDECREF(given);
    return given ? 0 : -1;
}

/* counter[key] += more */
int
add_to(PyObject *counter, PyObject *key, long long more)
{
    PyObject *before = PyObject_GetItem(counter, key);
    PyObject *count = before ? PyLong_FromLongLong(PyLong_AsLongLong(before) + more) : NULL;
    int failed = count ? PyObject_SetItem(counter, key, count) : -1;
    Py_XDECREF(before);
    Py_XDECREF(count);
    return failed;
}

/* What a read of plain reports counts: frames, edition, and whether their serials go on where the last ended. */
static int
count_read(const State *state, PyObject *session, PyObject *intake, long long count)
{
    PyObject *counters = attribute(state, session, COUNTERS), *edition = attribute(state, intake, EDITION_KEY);
    int failed = !counters || !edition || add_to(counters, state->frames_key, count) < 0 ||
                 add_to(counters, edition, count) < 0;
    Py_XDECREF(counters);
    Py_XDECREF(edition);
    long long due = failed ? -1 : number(state, session, DUE_SERIAL);
    if (failed || PyErr_Occurred())
        return -1;
    unsigned first = state->packed.data[0] | (unsigned)state->packed.data[1] << 8;
    if (first == due)
        return put_number(state, session, DUE_SERIAL, (first + count) & 0xFFFF);
    PyObject *given = PyObject_CallMethod(session, attribute_names[SAW], "IL", first, count);
    Py_XDECREF(given);
    return given ? 0 : -1;
}

/* Appends what the writer will get, and lets it be fetched when it is the first. */
static int
put_submission(const State *state, PyObject *journal, PyObject *submission)
{
    PyObject *pending = attribute(state, journal, PENDING);
    int failed = pending && PyList_CheckExact(pending) ? PyList_Append(pending, submission) : -1;
    int first = !failed && PyList_GET_SIZE(pending) == 1;
    Py_XDECREF(pending);
    if (failed && !PyErr_Occurred())
        PyErr_SetString(PyExc_TypeError, "journal.pending is a list");
    return failed ? -1 : first ? called(state, journal, DUE) : 0;
}

/* `count` plain reports were in the read, and are in the buffers. */
static PyObject *
take_in(State *state, PyObject *const *arguments, PyObject *session, PyObject *origin, Py_ssize_t count)
{
    PyObject *connection = arguments[0], *now_ms = arguments[2], *journal = arguments[4];
    PyObject *packed = bytes_of(&state->packed), *answers = bytes_of(&state->answers), *result = NULL;
    PyObject *many = PyLong_FromSsize_t(count);
    PyObject *ticket = many && answers ? PyTuple_Pack(4, connection, answers, many, now_ms) : NULL;
    PyObject *submission =
        ticket && packed ? PyTuple_Pack(6, origin, arguments[3], packed, many, arguments[5], ticket) : NULL;
    if (submission) {
        long long held = number(state, connection, HELD), submitted = number(state, journal, SUBMITTED);
        if (!PyErr_Occurred() && PyObject_SetAttr(session, state->names[HEARD_MS], now_ms) == 0 &&
            put_number(state, connection, HELD, held + count) == 0 &&
            put_number(state, journal, SUBMITTED, submitted + count) == 0 &&
            put_submission(state, journal, submission) == 0)
            result = Py_NewRef(many);
    }
    Py_XDECREF(packed);
    Py_XDECREF(answers);
    Py_XDECREF(many);
    Py_XDECREF(ticket);
    Py_XDECREF(submission);
    return result;
}

/* take_read(connection, data, now_ms, received_ms, journal, release) */
static PyObject *
take_read(PyObject *module, PyObject *const *arguments, Py_ssize_t given)
{
    State *state = PyModule_GetState(module);
    if (given != 6) {
        PyErr_SetString(PyExc_TypeError, "take_read(connection, data, now_ms, received_ms, journal, release)");
        return NULL;
    }
    PyObject *data = arguments[1], *journal = arguments[4], *result = NULL;
    PyObject *session = attribute(state, arguments[0], SESSION);
    PyObject *intake = session ? attribute(state, session, INTAKE) : NULL;
    PyObject *lane = intake ? attribute(state, intake, LANE) : NULL;
    PyObject *origin = lane ? attribute(state, intake, ORIGIN) : NULL;
    PyObject *speaker = origin ? attribute(state, intake, SPEAKER) : NULL;
    if (!speaker)
        goto done;
    int between = is_true(state, session, BETWEEN), waits = is_true(state, intake, COUNT);
    long long submitted = number(state, journal, SUBMITTED), bound = number(state, journal, BOUND);
    long long serial = number(state, speaker, SERIAL);
    if (PyErr_Occurred())
        goto done;
    if (Py_TYPE(lane) != state->lane_type || origin == Py_None || !between || waits || submitted > bound ||
        !PyBytes_CheckExact(data)) {
        result = PyLong_FromLong(0);
        goto done;
    }
    begin_buffers(state);
    Py_ssize_t at = 0, size = PyBytes_GET_SIZE(data);
    Py_ssize_t count = take_run((Lane *)lane, state, (const unsigned char *)PyBytes_AS_STRING(data), size, &at,
                                &state->packed);
    if (count < 0 || (count && at == size &&
                      put_run_answers((Lane *)lane, state, state->packed.data, state->packed.size, (unsigned)serial, 0,
                                      &state->answers) < 0)) {
        PyErr_NoMemory();
        goto done;
    }
    if (!count || at != size)
        result = PyLong_FromLong(0);
    else if (put_number(state, speaker, SERIAL, (serial + count) & 0xFFFF) == 0 &&
             count_read(state, session, intake, count) == 0)
        result = take_in(state, arguments, session, origin, count);
done:
    Py_XDECREF(session);
    Py_XDECREF(intake);
    Py_XDECREF(lane);
    Py_XDECREF(origin);
    Py_XDECREF(speaker);
    return result;
}

/* Adds answers to what a connection is to send; 1 when it had nothing yet, -1 with an exception set. */
int
put_answers(const State *state, PyObject *connection, PyObject *answers)
{
    PyObject *out = attribute(state, connection, OUT);
    if (!out)
        return -1;
    int first = !PyBytes_Check(out) || !PyBytes_GET_SIZE(out);
    if (first)
        Py_DECREF(out);
    else
        PyBytes_Concat(&out, answers);
    int failed = first ? PyObject_SetAttr(connection, state->names[OUT], answers)
                       : out ? PyObject_SetAttr(connection, state->names[OUT], out) : -1;
    if (!first)
        Py_XDECREF(out);
    return failed ? -1 : first;
}

int
put_waited(PyObject *waited, PyObject *since_ms, long long answered)
{
    PyObject *pair = answered ? Py_BuildValue("OL", since_ms, answered) : NULL;
    int failed = answered ? (pair ? PyList_Append(waited, pair) : -1) : 0;
    Py_XDECREF(pair);
    return failed;
}

/* hand_out(submissions, touched) */
static PyObject *
hand_out(PyObject *module, PyObject *const *arguments, Py_ssize_t given)
{
    State *state = PyModule_GetState(module);
    if (given != 2 || !PyList_Check(arguments[0]) || !PyList_Check(arguments[1])) {
        PyErr_SetString(PyExc_TypeError, "hand_out(submissions: list, touched: list)");
        return NULL;
    }
    PyObject *submissions = arguments[0], *waited = PyList_New(0), *last = NULL;
    long long last_ms = -1, answered = 0;
    for (Py_ssize_t at = 0; waited && at < PyList_GET_SIZE(submissions); at++) {
        PyObject *submission = PyList_GET_ITEM(submissions, at);
        PyObject *ticket = PyTuple_Check(submission) && PyTuple_GET_SIZE(submission) == 6
                               ? PyTuple_GET_ITEM(submission, 5) : NULL;
        if (!ticket || !PyTuple_Check(ticket) || PyTuple_GET_SIZE(ticket) != 4) {
            PyErr_SetString(PyExc_TypeError, "a submission with a ticket of four wanted");
            goto failed;
        }
        PyObject *connection = PyTuple_GET_ITEM(ticket, 0);
        long long count = PyLong_AsLongLong(PyTuple_GET_ITEM(ticket, 2));
        long long since_ms = PyLong_AsLongLong(PyTuple_GET_ITEM(ticket, 3));
        long long held = number(state, connection, HELD);
        if (PyErr_Occurred() || put_number(state, connection, HELD, held - count) < 0)
            goto failed;
        int first = put_answers(state, connection, PyTuple_GET_ITEM(ticket, 1));
        if (first < 0 || (first && PyList_Append(arguments[1], connection) < 0))
            goto failed;
        if (since_ms != last_ms) {
            if (last && put_waited(waited, last, answered) < 0)
                goto failed;
            last = PyTuple_GET_ITEM(ticket, 3); /* lives as long as the submissions do */
            last_ms = since_ms;
            answered = 0;
        }
        answered += count;
    }
    if (waited && last && put_waited(waited, last, answered) < 0)
        goto failed;
    return waited;
failed:
    Py_DECREF(waited);
    return NULL;
}

static int
write_one(const State *state, PyObject *connection)
{
    int failed = -1, closing = 1;
    PyObject *out = attribute(state, connection, OUT), *transport = attribute(state, connection, TRANSPORT);
    if (!out || !transport || PyObject_SetAttr(connection, state->names[OUT], state->nothing) < 0)
        goto done;
    if (transport != Py_None && PyBytes_Check(out) && PyBytes_GET_SIZE(out)) {
        PyObject *answer = PyObject_CallMethodNoArgs(transport, state->names[CLOSE_CHECK]);
        closing = answer ? PyObject_IsTrue(answer) : -1;
        Py_XDECREF(answer);
    }
    if (closing < 0)
        goto done;
    if (!closing) {
        PyObject *given = PyObject_CallMethodOneArg(transport, state->names[WRITE], out);
        if (!given)
            goto done;
        Py_DECREF(given);
    }
    int reading = is_true(state, connection, READING);
    failed = reading < 0 ? -1 : reading ? 0 : called(state, connection, GOVERN);
done:
    Py_XDECREF(out);
    Py_XDECREF(transport);
    return failed;
}

static PyObject *
write_out(PyObject *module, PyObject *touched)
{
    State *state = PyModule_GetState(module);
    if (!PyList_Check(touched)) {
        PyErr_SetString(PyExc_TypeError, "write_out(touched: list)");
        return NULL;
    }
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(touched); at++)
        if (write_one(state, PyList_GET_ITEM(touched, at)) < 0)
            return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef module_methods[] = {
    {"take_read", (PyCFunction)(void (*)(void))take_read, METH_FASTCALL, "See turn.take_read_portable."},
    {"hand_out", (PyCFunction)(void (*)(void))hand_out, METH_FASTCALL, "See turn.hand_out_portable."},
    {"write_out", write_out, METH_O, "See turn.write_out_portable."},
    {"collect", (PyCFunction)(void (*)(void))collect, METH_FASTCALL, "See journal.group.collect_portable."},
    {"settle", (PyCFunction)(void (*)(void))settle, METH_FASTCALL, "See journal.terminals.settle_portable."},
    {NULL, NULL, 0, NULL},
};

/* -- the module ------------------------------------------------------------------------------------------------ */

static int
read_numbers(const char *from, const char *const *names, Py_ssize_t **values, size_t count)
{
    PyObject *module = PyImport_ImportModule(from);
    if (!module)
        return -1;
    for (size_t each = 0; each < count; each++) {
        PyObject *value = PyObject_GetAttrString(module, names[each]);
        *values[each] = value ? PyLong_AsSsize_t(value) : -1;
        Py_XDECREF(value);
        if (*values[each] < 0) {
            Py_DECREF(module);
            if (!PyErr_Occurred())
                PyErr_Format(PyExc_ImportError, "%s.%s is no size", from, names[each]);
            return -1;
        }
    }
    Py_DECREF(module);
    return 0;
}

static int
read_person(PyObject *records, const char *name, uint64_t start[8])
{
    PyObject *value = PyObject_GetAttrString(records, name);
    if (!value)
        return -1;
    unsigned char person[16] = {0};
    int wrong = !PyBytes_Check(value) || PyBytes_GET_SIZE(value) > (Py_ssize_t)sizeof person;
    if (wrong)
        PyErr_Format(PyExc_ImportError, "records.%s is no BLAKE2b person", name);
    else
        memcpy(person, PyBytes_AS_STRING(value), (size_t)PyBytes_GET_SIZE(value));
    Py_DECREF(value);
    blake_begin(start, person);
    return wrong ? -1 : 0;
}

/* What is written elsewhere is read from there. */
static int
read_constants(State *state)
{
    static const char *const tables[] = {"MSG_POSITION_REPORT", "POSITION_BYTES", "RESULT_FAILED"};
    static const char *const header[] = {"BODY_LENGTH_MAX"};
    static const char *const kinds[] = {"LIVE", "MESSAGE"};
    static const char *const ring[] = {"SLOTS_MIN", "SLOTS_MAX", "BLOCK_SLOTS", "HORIZON_MS", "SHRINK_MS"};
    Py_ssize_t *of_tables[] = {&state->message_id, &state->position_bytes, &state->result_failed};
    Py_ssize_t *of_header[] = {&state->body_length_max};
    Py_ssize_t *of_kinds[] = {&state->kind_live, &state->kind_message};
    Py_ssize_t *of_ring[] = {&state->slots_min, &state->slots_max, &state->block_slots, &state->horizon_ms,
                             &state->shrink_ms};
    if (read_numbers("protocols.wire.tables", tables, of_tables, 3) < 0 ||
        read_numbers("protocols.wire.header", header, of_header, 1) < 0 ||
        read_numbers("protocols.monitoring.records", kinds, of_kinds, 2) < 0 ||
        read_numbers("edge_gateway.journal.dedupe", ring, of_ring, 5) < 0)
        return -1;
    if (state->body_length_max + 64 > FRAME_MAX || state->block_slots < 1 ||
        state->slots_min % (2 * state->block_slots) || state->slots_min < 1) {
        PyErr_SetString(PyExc_ImportError, "a size that this module was not made for");
        return -1;
    }
    PyObject *records = PyImport_ImportModule("protocols.monitoring.records");
    if (!records)
        return -1;
    int failed = read_person(records, "_PERSON", state->record_start) < 0 ||
                 read_person(records, "_MESSAGE_PERSON", state->message_start) < 0;
    Py_DECREF(records);
    return failed ? -1 : 0;
}

PyObject *
added_type(PyObject *module, PyType_Spec *spec, const char *name)
{
    PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);
    if (type && PyModule_AddObjectRef(module, name, type) < 0)
        Py_CLEAR(type);
    return type;
}

static int
module_exec(PyObject *module)
{
    State *state = PyModule_GetState(module);
    const char *pure = getenv("DIANYUN_PURE");
    if (pure && *pure && strcmp(pure, "0")) {
        PyErr_SetString(PyExc_ImportError, "DIANYUN_PURE asks for the portable twins");
        return -1;
    }
    /* The types come first: what is read next imports the modules that choose them. */
    PyObject *lane = added_type(module, &lane_spec, "ReportLane");
    PyObject *rows = added_type(module, &rows_spec, "Rows");
    PyObject *ring = added_type(module, &ring_spec, "RecentIds");
    state->lane_type = (PyTypeObject *)lane;
    state->rows_type = (PyTypeObject *)rows;
    state->ring_type = (PyTypeObject *)ring;
    state->nothing = PyBytes_FromStringAndSize(NULL, 0);
    state->frames_key = PyUnicode_InternFromString("frames_0200");
    int failed = !lane || !rows || !ring || !state->nothing || !state->frames_key;
    for (int each = 0; each < ATTRIBUTES; each++)
        failed |= !(state->names[each] = PyUnicode_InternFromString(attribute_names[each]));
    return failed || group_exec(module, state) < 0 || express_exec(module, state) < 0 ? -1 : read_constants(state);
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    State *state = PyModule_GetState(module);
    Py_VISIT(state->ring_type);
    Py_VISIT(state->lane_type);
    Py_VISIT(state->rows_type);
    Py_VISIT(state->terminal_type);
    Py_VISIT(state->express_type);
    Py_VISIT(state->passenger_type);
    Py_VISIT(state->batch_type);
    return 0;
}

static int
module_clear(PyObject *module)
{
    State *state = PyModule_GetState(module);
    Py_CLEAR(state->ring_type);
    Py_CLEAR(state->lane_type);
    Py_CLEAR(state->rows_type);
    Py_CLEAR(state->terminal_type);
    Py_CLEAR(state->express_type);
    Py_CLEAR(state->passenger_type);
    Py_CLEAR(state->batch_type);
    return 0;
}

static void
module_free(void *module)
{
    State *state = PyModule_GetState(module);
    module_clear(module);
    Py_CLEAR(state->nothing);
    Py_CLEAR(state->frames_key);
    for (int each = 0; each < ATTRIBUTES; each++)
        Py_CLEAR(state->names[each]);
    released(&state->packed);
    released(&state->answers);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

struct PyModuleDef hotpath_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "edge_gateway._hotpath",
    .m_doc = "What every report costs, in C. Import the portable twins' modules, which choose.",
    .m_size = sizeof(State),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC
PyInit__hotpath(void)
{
    return PyModuleDef_Init(&hotpath_definition);
}
