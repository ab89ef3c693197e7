/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that take and do not give back: room for bodies, uploads at once, connections.  Whoever
 * floods has a share and no more; others are served meanwhile.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/os.h"
#include "world.h"

#define QUOTA (UINT64_C(1) << 30)
#define MANY  48

static void
ok(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s", err->msg);
}

/* A connection from @from, an address of this machine. */
static int
connect_from(struct world *w, const char *from)
{
	struct sockaddr_in to = { .sin_family = AF_INET }, me = to;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(inet_pton(AF_INET, from, &me.sin_addr), 1);
	assert_int_equal(bind(fd, (const struct sockaddr *)&me, sizeof me), 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)atoi(strrchr(http_address(w->http), ':') + 1));
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

static void
send_head(int fd, const char *path, const uint8_t *token, size_t length, bool ask_first)
{
	AUTO(buf_clear) struct buf head = BUF_INIT(4096);
	char hex[2 * WIRE_TOKEN_BYTES + 1] = "";
	struct err err;

	if (token)
		hex_encode(hex, span_of(token, WIRE_TOKEN_BYTES));
	ok(buf_append_fmt(&head, &err,
			  "POST %s HTTP/1.1\r\nHost: x\r\n%s%s%sContent-Length: %zu\r\n%s\r\n",
			  path, token ? "Authorization: Bearer " : "", hex, token ? "\r\n" : "",
			  length, ask_first ? "Expect: 100-continue\r\n" : ""),
	   &err);
	ok(os_write_all(fd, buf_span(&head), "a socket", &err), &err);
}

/* The status of the next answer: 100, 503, … */
static int
read_status(int fd)
{
	char answer[64] = "";
	size_t n = 0;

	while (n < 12) {
		ssize_t got = read(fd, answer + n, sizeof answer - 1 - n);
		assert_true(got > 0);
		n += (size_t)got;
	}
	return atoi(answer + 9);
}

static void
an_honest_device_can_do_everything(struct world *w, struct party *p)
{
	const struct hash32 cid = { { 'c' } };
	const struct party_record r[] = { { .folder = 1, .item = 1, .refs = &cid, .n_refs = 1 } };
	AUTO(party_batch_clear) struct party_batch b;
	AUTO(buf_clear) struct buf body = BUF_INIT(1024);
	AUTO(reply_clear) struct reply reply = { 0 };
	uint8_t token[WIRE_TOKEN_BYTES], head[WIRE_CHUNK_HEAD_BYTES];
	struct err err;

	world_have(w, p, &cid, 1, token, NULL);
	wire_chunk_head_encode(head, &cid, 9);
	ok(buf_append(&body, SPAN_ARRAY(head), &err), &err);
	ok(buf_append_str(&body, "an object", &err), &err);
	world_post(w, &reply, "/v1/chunks", token, buf_span(&body));
	assert_int_equal(reply.status, 200);
	party_batch_init(&b, p, r, 1);
	party_batch_finish(&b, p);
	world_post(w, &reply, "/v1/batches", NULL, buf_span(&b.bytes));
	assert_int_equal(reply.status, 200);
	party_committed(p, &b);
	world_login(w, p, token);
	world_get(w, &reply, "/v1/heads", token);
	assert_int_equal(reply.status, 200);
}

struct scene {
	struct world *w;
	struct party flooder, honest;
	uint8_t token[WIRE_TOKEN_BYTES]; /* the flooder's, for putting */
	int fds[MANY];
	unsigned n;
};

static void
scene_init(struct scene *s, struct world *w)
{
	*s = (struct scene){ .w = w };
	party_init(&s->flooder);
	party_init(&s->honest);
	world_register(w, &s->flooder, QUOTA);
	world_register(w, &s->honest, QUOTA);
	world_have(w, &s->flooder, NULL, 0, s->token, NULL);
}

static void
scene_clear(struct scene *s)
{
	for (unsigned i = 0; i < s->n; i++)
		close(s->fds[i]);
	party_clear(&s->flooder);
	party_clear(&s->honest);
}
AUTO_OBJ(scene_clear, struct scene);

static void
unfinished_uploads_of_one_account_leave_room_for_others(void **state)
{
	AUTO(scene_clear) struct scene s;
	unsigned taken = 0;

	scene_init(&s, *state);
	for (; s.n < MANY; s.n++) {
		s.fds[s.n] = connect_from(s.w, "127.0.0.1");
		send_head(s.fds[s.n], "/v1/chunks", s.token, 1 << 20, true);
		int status = read_status(s.fds[s.n]);
		assert_true(status == 100 || status == 503);
		taken += status == 100;
	}
	assert_int_equal(taken, UPLOADS_AT_ONCE / 4);
	an_honest_device_can_do_everything(s.w, &s.honest);
}

static void
unfinished_batches_of_one_device_leave_room_for_others(void **state)
{
	AUTO(scene_clear) struct scene s;
	AUTO(party_batch_clear) struct party_batch b;
	const struct party_record record[] = { { .folder = 1, .item = 1, .padded_bytes = 8192 } };
	AUTO(buf_clear) struct buf rest = BUF_INIT(BATCH_BYTES_MAX);
	struct err err;
	uint8_t *at;
	int status = 100;

	scene_init(&s, *state);
	party_batch_init(&b, &s.flooder, record, 1);
	party_batch_finish(&b, &s.flooder);
	struct span prefix = span_of(b.bytes.p, BATCH_PREFIX_BYTES_MIN);
	for (; s.n < MANY; s.n++) { /* each announces as much as may be, and stops */
		s.fds[s.n] = connect_from(s.w, "127.0.0.1");
		send_head(s.fds[s.n], "/v1/batches", NULL, BATCH_BYTES_MAX, false);
		ok(os_write_all(s.fds[s.n], prefix, "a socket", &err), &err);
	}
	/* The last one sends it all, and hears that there is no room for it. */
	ok(buf_extend(&rest, BATCH_BYTES_MAX - prefix.n, &at, &err), &err);
	memset(at, 0, rest.n);
	ok(os_write_all(s.fds[MANY - 1], buf_span(&rest), "a socket", &err), &err);
	status = read_status(s.fds[MANY - 1]);
	assert_true(status == 503 || status == 422);
	an_honest_device_can_do_everything(s.w, &s.honest);
}

static void
strangers_at_one_address_leave_room_for_those_at_others(void **state)
{
	AUTO(scene_clear) struct scene s;
	unsigned taken = 0, refused = 0;

	scene_init(&s, *state);
	for (; s.n < MANY; s.n++) {
		s.fds[s.n] = connect_from(s.w, "127.0.0.2");
		send_head(s.fds[s.n], "/v1/have", NULL, 100000, true);
		int status = read_status(s.fds[s.n]);
		taken += status == 100;
		refused += status == 503;
	}
	assert_int_equal(taken + refused, MANY);
	assert_int_equal(taken, (1u << 20) / 4 / 100000); /* a quarter of the strangers' purse */
	an_honest_device_can_do_everything(s.w, &s.honest);
}

int
main(void)
{
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		IN_WORLD(unfinished_uploads_of_one_account_leave_room_for_others),
		IN_WORLD(unfinished_batches_of_one_device_leave_room_for_others),
		IN_WORLD(strangers_at_one_address_leave_room_for_those_at_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
