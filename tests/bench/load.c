/* Load for a JT/T 808-2013 server: N terminals register, authenticate, then each keeps DEPTH position reports
 * in flight, all different, for SECONDS. Prints one JSON object: answers, failures, latencies, and its own
 * processor time, so that the reader sees whether the load or the server was the limit.
 *
 * usage: load PORT CONNECTIONS DEPTH SECONDS [FIRST_PHONE [RATE]]
 *
 * RATE: so many reports a second over all terminals in turn instead, one in flight on each; a report's latency
 * counts from when it was due, and one that is due while its terminal still waits is "late". DEPTH 0: nobody
 * reports, the connections are held. Says "ready" on standard error once all are authenticated.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { REGISTERING, AUTHENTICATING, READY, REPORTING };

typedef struct {
    int fd, state, waiting;
    uint16_t serial;
    uint32_t odometer;
    uint8_t phone[6];
    uint64_t sent_ns;
    int length;
    uint8_t input[8192];
} terminal;

static uint32_t *latencies_us;
static size_t latency_count, latency_room = 1u << 24;
static uint64_t answers, failures;
static int ready, depth, paced;
static uint64_t late;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static uint8_t *put_escaped(uint8_t *out, uint8_t byte) {
    if (byte == 0x7e || byte == 0x7d) {
        *out++ = 0x7d;
        byte = byte == 0x7e ? 2 : 1;
    }
    *out++ = byte;
    return out;
}

static uint8_t *put_frame(uint8_t *out, terminal *t, uint16_t id, const uint8_t *body, int length) {
    uint8_t head[12] = {id >> 8, id & 255, length >> 8, length & 255};
    uint8_t check = 0;
    memcpy(head + 4, t->phone, 6);
    head[10] = t->serial >> 8;
    head[11] = t->serial & 255;
    t->serial++;
    *out++ = 0x7e;
    for (int i = 0; i < 12; i++) check ^= head[i], out = put_escaped(out, head[i]);
    for (int i = 0; i < length; i++) check ^= body[i], out = put_escaped(out, body[i]);
    out = put_escaped(out, check);
    *out++ = 0x7e;
    return out;
}

static void send_all(terminal *t, const uint8_t *data, size_t length) {
    while (length) {
        ssize_t n = send(t->fd, data, length, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) continue;
        if (n < 0) die("send");
        data += n, length -= n;
    }
}

static void send_registration(terminal *t) {
    uint8_t body[37 + 8] = {0, 53, 0, 1}, out[256];
    memcpy(body + 4, "BENCH", 5);
    memcpy(body + 9, "LOAD", 4);
    memcpy(body + 29, "0000001", 7);
    body[36] = 2;
    memcpy(body + 37, "\xd4\xc6" "A12345", 8);
    send_all(t, out, put_frame(out, t, 0x0100, body, sizeof body) - out);
}

static void send_reports(terminal *t) {
    /* alarm, status (ACC on, fixed), latitude, longitude, altitude, speed, direction, time, five items */
    uint8_t body[48] = {0, 0, 0, 0, 0, 0, 0, 3, 0x01, 0x7b, 0xe6, 0x40, 0x06, 0x1d, 0x3c, 0x80, 0x07, 0x62, 0x02, 0x5d,
                        0, 90, 0x26, 0x11, 0x21, 0x12, 0, 0, 1, 4, 0, 0, 0, 0, 2, 2, 1, 0x90, 3, 2, 2, 0x5a, 0x30, 1, 25, 0x31, 1, 12};
    static uint8_t out[1 << 16];
    uint8_t *end = out;
    for (int i = 0; i < depth; i++) {
        uint32_t n = ++t->odometer;
        body[26] = n / 60 % 60 / 10 << 4 | n / 60 % 60 % 10;
        body[27] = n % 60 / 10 << 4 | n % 60 % 10;
        body[30] = n >> 24, body[31] = n >> 16, body[32] = n >> 8, body[33] = n;
        end = put_frame(end, t, 0x0200, body, sizeof body);
    }
    t->waiting = depth;
    t->sent_ns = now_ns();
    send_all(t, out, end - out);
}

static void on_frame(terminal *t, const uint8_t *f, int n) {
    int id = f[0] << 8 | f[1];
    if (id == 0x8100 && t->state == REGISTERING) {
        if (n < 15 || f[14]) die("registration refused");
        uint8_t out[256];
        t->state = AUTHENTICATING;
        send_all(t, out, put_frame(out, t, 0x0102, f + 15, n - 15) - out);
    } else if (id == 0x8001 && t->state == AUTHENTICATING) {
        if (f[16]) die("authentication refused");
        t->state = READY;
        ready++;
    } else if (id == 0x8001 && t->state == REPORTING) {
        if (f[16]) failures++;
        answers++;
        if (latency_count < latency_room) latencies_us[latency_count++] = (now_ns() - t->sent_ns) / 1000;
        if (--t->waiting == 0 && !paced) send_reports(t);
    }
}

static void on_input(terminal *t) {
    ssize_t n = recv(t->fd, t->input + t->length, sizeof t->input - t->length, 0);
    if (n == 0) die("closed by the server");
    if (n < 0) { if (errno == EAGAIN) return; die("recv"); }
    t->length += n;
    int from = 0;
    for (;;) {
        while (from < t->length && t->input[from] == 0x7e) from++;
        uint8_t *end = from < t->length ? memchr(t->input + from, 0x7e, t->length - from) : NULL;
        if (!end) break;
        uint8_t frame[2048];
        int size = 0;
        for (uint8_t *p = t->input + from; p < end; p++) frame[size++] = *p == 0x7d ? (*++p == 1 ? 0x7d : 0x7e) : *p;
        on_frame(t, frame, size - 1);
        from = end - t->input;
    }
    if (from > 0) from--; /* keep one delimiter */
    if (from < 0) from = 0;
    memmove(t->input, t->input + from, t->length -= from);
}

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static double percentile_ms(double p) {
    return latency_count ? latencies_us[(size_t)(p * (latency_count - 1))] / 1000.0 : 0;
}

static void poll_once(int epoll, int timeout_ms) {
    struct epoll_event events[512];
    int n = epoll_wait(epoll, events, 512, timeout_ms);
    for (int i = 0; i < n; i++) on_input(events[i].data.ptr);
}

/* Sends what is due: the reports go round the terminals at an even pace. */
static void send_due(terminal *all, int count, uint64_t start, uint64_t rate, uint64_t *sent) {
    uint64_t now = now_ns();
    while (start + *sent * 1000000000u / rate <= now) {
        terminal *t = all + *sent % count;
        uint64_t due = start + *sent * 1000000000u / rate;
        if (t->waiting) late++;
        else send_reports(t), t->sent_ns = due;
        ++*sent;
    }
}

static double processor_s(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv) {
    if (argc < 5) { fprintf(stderr, "usage: load PORT CONNECTIONS DEPTH SECONDS [FIRST_PHONE]\n"); return 2; }
    int count = atoi(argv[2]);
    double seconds = atof(argv[4]);
    uint64_t phone = argc > 5 ? strtoull(argv[5], 0, 10) : 13000000000u;
    depth = atoi(argv[3]);
    uint64_t rate = argc > 6 ? strtoull(argv[6], 0, 10) : 0, sent = 0;
    paced = rate > 0;
    if (depth < 0 || depth > 100 || (paced && depth != 1)) { fprintf(stderr, "DEPTH is 0…100, and 1 with RATE\n"); return 2; }
    latencies_us = malloc(latency_room * sizeof *latencies_us);
    terminal *all = calloc(count, sizeof *all);
    int epoll = epoll_create1(0), one = 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < count; i++) {
        terminal *t = all + i;
        char digits[13];
        snprintf(digits, sizeof digits, "%012llu", (unsigned long long)(phone + i));
        for (int k = 0; k < 6; k++) t->phone[k] = (digits[2 * k] - '0') << 4 | (digits[2 * k + 1] - '0');
        t->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(t->fd, (void *)&to, sizeof to)) die("connect");
        setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        fcntl(t->fd, F_SETFL, O_NONBLOCK);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = t};
        epoll_ctl(epoll, EPOLL_CTL_ADD, t->fd, &e);
        t->odometer = now_ns() / 1000000000u % 1000000 * 1000; /* reports of a second run differ from the first's */
        send_registration(t);
        poll_once(epoll, 0);
    }
    uint64_t limit = now_ns() + 60000000000u;
    while (ready < count) {
        if (now_ns() > limit) { fprintf(stderr, "%d of %d terminals authenticated\n", ready, count); return 1; }
        poll_once(epoll, 1000);
    }
    double processor = processor_s();
    uint64_t start = now_ns(), end = start + (uint64_t)(seconds * 1e9);
    fprintf(stderr, "ready\n");
    for (int i = 0; i < count; i++) {
        all[i].state = REPORTING;
        if (depth && !paced) send_reports(all + i);
    }
    while (now_ns() < end) {
        if (paced) send_due(all, count, start, rate, &sent);
        poll_once(epoll, paced ? 1 : 100);
    }
    double elapsed = (now_ns() - start) / 1e9;
    processor = processor_s() - processor;
    qsort(latencies_us, latency_count, sizeof *latencies_us, by_value);
    printf("{\"generator\": \"C epoll\", \"connections\": %d, \"depth\": %d, \"seconds\": %.3f, \"answers\": %llu, \"failures\": %llu, \"late\": %llu, "
           "\"answers_per_s\": %.0f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f, \"generator_processor_share\": %.3f}\n",
           count, depth, elapsed, (unsigned long long)answers, (unsigned long long)failures, (unsigned long long)late, answers / elapsed,
           percentile_ms(.5), percentile_ms(.99), percentile_ms(1), processor / elapsed);
    return 0;
}
