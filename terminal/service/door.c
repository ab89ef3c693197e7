/* SPDX-License-Identifier: Apache-2.0 */
/* door: see door.h. */
#include "service/door.h"

#include <sys/socket.h>

#include "crypto/secret.h"
#include "os/os.h"
#include "service/message.h"
#include "service/socket.h"

static void
send_away(struct door_visitor *v)
{
	if (v->source.fd < 0)
		return;
	loop_remove(v->door->loop, &v->source);
	os->close(v->source.fd);
	v->source.fd = -1;
}

/* The longest patience that is still needed. */
static void
set_patience(struct door *d)
{
	int64_t now = os->uptime_ms();

	loop_off(&d->patience);
	for (int i = 0; i < DOOR_VISITORS; i++)
		if (d->visitors[i].source.fd >= 0)
			loop_wait_at_most(&d->patience, d->visitors[i].until_ms - now);
}

static void
patience_is_over(void *ctx)
{
	struct door *d = ctx;
	int64_t now = os->uptime_ms();

	for (int i = 0; i < DOOR_VISITORS; i++)
		if (d->visitors[i].until_ms <= now)
			send_away(&d->visitors[i]);
	set_patience(d);
}

static void
say(const struct door_visitor *v, enum message_word word, struct span body)
{
	const struct message m = { .word = word, .body = body };
	uint8_t bytes[MESSAGE_BYTES_MAX];
	struct err ignored;
	size_t n;

	/* Whoever does not take the answer at once has gone. */
	if (message_encode(&n, bytes, &m, &ignored) == 0)
		(void)send(v->source.fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	secret_wipe(bytes, sizeof bytes);
}

static void
refuse(const struct door_visitor *v, const char *why)
{
	say(v, MESSAGE_NO, span_str(why));
}

static void
give_session(const struct door_visitor *v)
{
	const struct account_session *s = held_get(v->door->held, os->uptime_ms());
	uint8_t bytes[ACCOUNT_SESSION_BYTES];

	if (!s) {
		say(v, MESSAGE_NONE, span_of(NULL, 0));
		return;
	}
	account_session_encode(bytes, s);
	say(v, MESSAGE_OK, SPAN_ARRAY(bytes));
	secret_wipe(bytes, sizeof bytes);
}

static void
keep_session(const struct door_visitor *v, struct span bytes)
{
	struct door *d = v->door;
	struct account_session *s;
	struct err err;

	if (account_session_decode(&s, bytes, &err) < 0) {
		refuse(v, err.msg);
		return;
	}
	held_put(d->held, s, os->uptime_ms());
	say(v, MESSAGE_OK, span_of(NULL, 0));
	d->duties.session_changed(d->duties.ctx);
}

static void
lock(const struct door_visitor *v)
{
	struct door *d = v->door;
	bool was = held_end(d->held, os->uptime_ms());

	say(v, was ? MESSAGE_OK : MESSAGE_NONE, span_of(NULL, 0));
	d->duties.session_changed(d->duties.ctx);
}

static void
tell_status(const struct door_visitor *v)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(MESSAGE_BYTES_MAX - 8);
	const struct door_duties *d = &v->door->duties;
	struct err err;

	if (d->status(d->ctx, &text, &err) < 0)
		refuse(v, err.msg);
	else
		say(v, MESSAGE_OK, buf_span(&text));
}

static void
answer(const struct door_visitor *v, struct span said)
{
	const struct door_duties *d = &v->door->duties;
	struct message m;
	struct err err;

	if (message_decode(&m, said, &err) < 0) {
		refuse(v, err.msg);
		return;
	}
	switch (m.word) {
	case MESSAGE_LOOK:
		say(v, MESSAGE_OK, span_of(NULL, 0));
		d->look(d->ctx);
		return;
	case MESSAGE_SESSION:
		give_session(v);
		return;
	case MESSAGE_KEEP:
		keep_session(v, m.body);
		return;
	case MESSAGE_LOCK:
		lock(v);
		return;
	case MESSAGE_STATUS:
		tell_status(v);
		return;
	default:
		refuse(v, "not understood");
	}
}

static void
visitor_speaks(void *ctx)
{
	struct door_visitor *v = ctx;
	uint8_t said[MESSAGE_BYTES_MAX];
	ssize_t n = recv(v->source.fd, said, sizeof said, MSG_DONTWAIT);

	if (n > 0)
		answer(v, span_of(said, (size_t)n));
	secret_wipe(said, sizeof said);
	send_away(v);
	set_patience(v->door);
}

/* A free place, or that of whoever has waited longest. */
static struct door_visitor *
place_for(struct door *d)
{
	struct door_visitor *oldest = &d->visitors[0];

	for (int i = 0; i < DOOR_VISITORS; i++) {
		if (d->visitors[i].source.fd < 0)
			return &d->visitors[i];
		if (d->visitors[i].until_ms < oldest->until_ms)
			oldest = &d->visitors[i];
	}
	send_away(oldest);
	return oldest;
}

static void
somebody_comes(void *ctx)
{
	struct door *d = ctx;
	struct err ignored;
	int fd;

	if (socket_accept(&fd, d->listener.fd) == 1)
		d->duties.stranger(d->duties.ctx);
	if (fd < 0)
		return;
	struct door_visitor *v = place_for(d);
	v->source = (struct loop_source){ .fd = fd, .ready = visitor_speaks, .ctx = v };
	v->until_ms = os->uptime_ms() + DOOR_PATIENCE_MS;
	if (loop_add(d->loop, &v->source, &ignored) < 0) {
		os->close(fd);
		v->source.fd = -1;
	}
	set_patience(d);
}

int
door_open(struct door *d, struct loop *loop, int home_fd, struct held *held,
	  const struct door_duties *duties, struct err *err)
{
	*d = (struct door){ .loop = loop, .held = held, .duties = *duties, .home_fd = home_fd };
	for (int i = 0; i < DOOR_VISITORS; i++) {
		d->visitors[i].door = d;
		d->visitors[i].source.fd = -1;
	}
	d->patience = (struct loop_timer){ .ready = patience_is_over, .ctx = d };
	d->listener = (struct loop_source){ .fd = -1, .ready = somebody_comes, .ctx = d };
	if (socket_listen(&d->listener.fd, home_fd, err) < 0)
		return -1;
	loop_add_timer(loop, &d->patience);
	return loop_add(loop, &d->listener, err);
}

void
door_close(struct door *d)
{
	if (!d->loop || d->listener.fd < 0)
		return;
	for (int i = 0; i < DOOR_VISITORS; i++)
		send_away(&d->visitors[i]);
	loop_remove(d->loop, &d->listener);
	os->close(d->listener.fd);
	d->listener.fd = -1;
	socket_remove(d->home_fd);
}
