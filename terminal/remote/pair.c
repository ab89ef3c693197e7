/* SPDX-License-Identifier: Apache-2.0 */
/* pair: what two terminals say to each other by way of the server. */
#include <stdio.h>

#include "remote/remote_internal.h"

#define ANSWER_BYTES_MAX (WIRE_PAIR_MESSAGES_MAX * (4 + WIRE_PAIR_MESSAGE_BYTES_MAX) + 16)

/* How long between two looks: what a machine answers comes at once, what a person does takes longer. */
#define FIRST_LOOK_MS 250
#define LAST_LOOK_MS  2000

#define PATH_BYTES 64

static enum remote_auth
auth_of(enum pair_role who)
{
	return who == PAIR_HOST ? REMOTE_AUTH_ANY : REMOTE_AUTH_NONE;
}

static int
post(struct remote *r, const char *path, enum remote_auth auth, struct span body,
     struct wire_pair_heard *heard, struct err *err)
{
	AUTO(buf_clear) struct buf answer = BUF_INIT(ANSWER_BYTES_MAX);
	const struct remote_request q = {
		.path = path, .post = true, .auth = auth, .body = body, .answer = &answer
	};

	if (remote_exchange(r, &q, err) < 0)
		return -1;
	return wire_pair_heard_decode(heard, buf_span(&answer), err);
}

int
remote_pair_open(struct remote *r, const struct id16 *id, uint64_t *left_ms, struct err *err)
{
	struct wire_pair_heard heard;

	if (post(r, "/v1/pair", REMOTE_AUTH_ANY, SPAN_ARRAY(id->b), &heard, err) < 0)
		return -1;
	*left_ms = heard.left_ms;
	return 0;
}

int
remote_pair_say(struct remote *r, enum pair_role who, const struct id16 *id, uint8_t number,
		struct span message, struct err *err)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(8 + WIRE_PAIR_MESSAGE_BYTES_MAX);
	const struct wire_pair_say say = { number, message };
	struct wire_pair_heard heard;
	char path[PATH_BYTES];

	snprintf(path, sizeof path, "/v1/pair/%s", id16_hex(id).s);
	if (wire_pair_say_encode(&body, &say, err) < 0)
		return -1;
	return post(r, path, auth_of(who), buf_span(&body), &heard, err);
}

/* One look.  0: it is there; 1: not yet. */
static int
look(struct remote *r, const struct remote_request *q, struct buf *message, struct err *err)
{
	struct wire_pair_heard heard;

	if (remote_exchange(r, q, err) < 0 ||
	    wire_pair_heard_decode(&heard, buf_span(q->answer), err) < 0)
		return -1;
	if (heard.n == 0)
		return 1;
	return buf_append(message, heard.messages[0], err);
}

int
remote_pair_hear(struct remote *r, enum pair_role who, const struct id16 *id, uint8_t number,
		 uint32_t wait_ms, struct buf *message, struct err *err)
{
	AUTO(buf_clear) struct buf answer = BUF_INIT(ANSWER_BYTES_MAX);
	char path[PATH_BYTES];
	const struct remote_request q = { .path = path, .auth = auth_of(who), .answer = &answer };
	uint32_t pause_ms = FIRST_LOOK_MS, waited_ms = 0;
	int rc;

	snprintf(path, sizeof path, "/v1/pair/%s?from=%u", id16_hex(id).s, number);
	while ((rc = look(r, &q, message, err)) == 1) {
		if (waited_ms >= wait_ms)
			return err_set(err, ERR_REFUSED, "the other terminal did not answer");
		if (remote_wait(r, pause_ms, err) < 0)
			return -1;
		waited_ms += pause_ms;
		pause_ms = pause_ms < LAST_LOOK_MS / 2 ? pause_ms + pause_ms / 2 : LAST_LOOK_MS;
	}
	return rc;
}
