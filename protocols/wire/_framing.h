/* The byte work of a frame (JT/T 808-2013 §4.4.1–4.4.4) that the accelerators in C share: of the splitter here and of
 * the gateway's hot path. No Python in it.
 */
#ifndef DIANYUN_FRAMING_H
#define DIANYUN_FRAMING_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DELIMITER 0x7E
#define ESCAPE 0x7D

static inline unsigned char
xor_of(const unsigned char *data, ptrdiff_t size)
{
    uint64_t folded = 0;
    unsigned char last = 0;
    ptrdiff_t at = 0;
    for (; at + 8 <= size; at += 8) {
        uint64_t eight;
        memcpy(&eight, data + at, 8);
        folded ^= eight;
    }
    for (; at < size; at++)
        last ^= data[at];
    folded ^= folded >> 32;
    folded ^= folded >> 16;
    folded ^= folded >> 8;
    return (unsigned char)(folded & 0xFF) ^ last;
}

/* Unescapes into `out`, which has room for `size` bytes. Gives the length, or -1 - offset of an illegal escape. */
static inline ptrdiff_t
unescape(const unsigned char *data, ptrdiff_t size, unsigned char *out)
{
    ptrdiff_t at = 0, length = 0;
    while (at < size) {
        const unsigned char *found = memchr(data + at, ESCAPE, (size_t)(size - at));
        ptrdiff_t plain = found ? found - (data + at) : size - at;
        memcpy(out + length, data + at, (size_t)plain);
        length += plain;
        at += plain;
        if (!found)
            break;
        if (at + 1 >= size || (data[at + 1] != 1 && data[at + 1] != 2))
            return -1 - at;
        out[length++] = data[at + 1] == 1 ? ESCAPE : DELIMITER;
        at += 2;
    }
    return length;
}

/* One byte, escaped; gives where the next one goes. */
static inline unsigned char *
put_escaped(unsigned char *out, unsigned char byte)
{
    if (byte == ESCAPE || byte == DELIMITER) {
        *out++ = ESCAPE;
        byte = byte == ESCAPE ? 1 : 2;
    }
    *out++ = byte;
    return out;
}

#endif
