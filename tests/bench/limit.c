/* The limit: a JT/T 808-2013 answerer in C on epoll that stores nothing. It unescapes, checks and answers each frame,
 * all answers of one read in one write. What a durable gateway reaches is told as a fraction of this, in the same run.
 *
 * usage: limit     (prints its port as {"port": N}, runs until killed)
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
#include <unistd.h>

typedef struct {
    int fd, length;
    uint8_t input[1 << 16];
} peer;

static uint8_t *put_escaped(uint8_t *out, uint8_t byte) {
    if (byte == 0x7e || byte == 0x7d) {
        *out++ = 0x7d;
        byte = byte == 0x7e ? 2 : 1;
    }
    *out++ = byte;
    return out;
}

static uint8_t *put_answer(uint8_t *out, const uint8_t *frame) {
    int registration = frame[0] == 1 && frame[1] == 0;
    uint8_t body[16] = {frame[10], frame[11]}, head[12] = {registration ? 0x81 : 0x80, registration ? 0 : 1};
    int length = registration ? 3 + 8 : 5;
    if (registration) memcpy(body + 3, "ABCDEFGH", 8);
    else body[2] = frame[0], body[3] = frame[1];
    head[3] = length;
    memcpy(head + 4, frame + 4, 8);
    uint8_t check = 0;
    *out++ = 0x7e;
    for (int i = 0; i < 12; i++) check ^= head[i], out = put_escaped(out, head[i]);
    for (int i = 0; i < length; i++) check ^= body[i], out = put_escaped(out, body[i]);
    out = put_escaped(out, check);
    *out++ = 0x7e;
    return out;
}

static void on_input(peer *p) {
    ssize_t n = recv(p->fd, p->input + p->length, sizeof p->input - p->length, 0);
    if (n <= 0) {
        if (n < 0 && errno == EAGAIN) return;
        close(p->fd);
        free(p);
        return;
    }
    p->length += n;
    static uint8_t answers[1 << 17], frame[4096];
    uint8_t *out = answers, *at = p->input, *limit = p->input + p->length;
    for (;;) {
        while (at < limit && *at == 0x7e) at++;
        uint8_t *end = at < limit ? memchr(at, 0x7e, limit - at) : NULL;
        if (!end || end - at > 4000) break;
        int size = 0;
        uint8_t check = 0;
        for (uint8_t *q = at; q < end; q++) check ^= frame[size++] = *q == 0x7d ? (*++q == 1 ? 0x7d : 0x7e) : *q;
        if (size > 12 && !check) out = put_answer(out, frame);
        at = end;
    }
    if (at > p->input) at--;
    memmove(p->input, at, p->length = limit - at);
    if (out > answers && send(p->fd, answers, out - answers, MSG_NOSIGNAL) < 0) return;
}

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(listener, (void *)&address, size) || listen(listener, 4096)) return 1;
    getsockname(listener, (void *)&address, &size);
    printf("{\"port\": %d}\n", ntohs(address.sin_port));
    fflush(stdout);
    struct epoll_event event = {.events = EPOLLIN}, events[512];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int n = epoll_wait(epoll, events, 512, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr) { on_input(events[i].data.ptr); continue; }
            peer *p = calloc(1, sizeof *p);
            p->fd = accept4(listener, 0, 0, SOCK_NONBLOCK);
            if (p->fd < 0) { free(p); continue; }
            setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};
            epoll_ctl(epoll, EPOLL_CTL_ADD, p->fd, &e);
        }
    }
}
