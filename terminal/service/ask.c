/* SPDX-License-Identifier: Apache-2.0 */
/* service_ask: see ask.h. */
#include "service/ask.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "account/session.h"
#include "crypto/secret.h"
#include "os/os.h"
#include "service/message.h"
#include "service/socket.h"

/* A question and its answer; both may hold keys. */
struct talk {
	uint8_t bytes[MESSAGE_BYTES_MAX];
	struct message answer; /* within bytes */
};

static void
talk_clear(struct talk *t)
{
	secret_wipe(t->bytes, sizeof t->bytes);
}
AUTO_OBJ(talk_clear, struct talk);

static int
no_answer(struct err *err)
{
	err_set(err, ERR_BUSY, "the service of this Box does not answer");
	return err_hint(err, "end it and start it again: cloudbox run");
}

static int
receive(struct talk *t, int fd, struct err *err)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	int64_t until = os->uptime_ms() + SERVICE_ANSWER_MS;
	int rc;

	do {
		int64_t left = until - os->uptime_ms();
		rc = left > 0 ? poll(&polled, 1, (int)left) : 0;
	} while (rc < 0 && errno == EINTR);
	if (rc <= 0)
		return no_answer(err);
	ssize_t n = recv(fd, t->bytes, sizeof t->bytes, MSG_DONTWAIT);
	if (n <= 0)
		return no_answer(err);
	return message_decode(&t->answer, span_of(t->bytes, (size_t)n), err);
}

/* 0 with t->answer being MESSAGE_OK or MESSAGE_NONE, SERVICE_NONE, or -1. */
static int
talk(struct talk *t, int home_fd, const struct message *question, struct err *err)
{
	size_t n;
	int fd, rc = message_encode(&n, t->bytes, question, err);

	if (rc == 0)
		rc = socket_connect(&fd, home_fd, err);
	if (rc)
		return rc;
	if (send(fd, t->bytes, n, MSG_NOSIGNAL) < 0)
		rc = errno == EPIPE ? SERVICE_NONE : no_answer(err);
	else
		rc = receive(t, fd, err);
	os->close(fd);
	if (rc == 0 && t->answer.word == MESSAGE_NO)
		return err_set(err, ERR_REFUSED, "the service of this Box: %.*s",
			       SPAN_ARGS(t->answer.body));
	if (rc == 0 && t->answer.word != MESSAGE_OK && t->answer.word != MESSAGE_NONE)
		return no_answer(err);
	return rc;
}

static int
ask(int home_fd, enum message_word word, struct err *err)
{
	AUTO(talk_clear) struct talk t;
	const struct message question = { .word = word };
	int rc = talk(&t, home_fd, &question, err);

	return rc == 0 && t.answer.word == MESSAGE_NONE ? SERVICE_LACK : rc;
}

int
service_ask_look(int home_fd, struct err *err)
{
	return ask(home_fd, MESSAGE_LOOK, err);
}

int
service_ask_lock(int home_fd, struct err *err)
{
	return ask(home_fd, MESSAGE_LOCK, err);
}

int
service_ask_session(struct account_session **out, int home_fd, struct err *err)
{
	AUTO(talk_clear) struct talk t;
	const struct message question = { .word = MESSAGE_SESSION };
	int rc = talk(&t, home_fd, &question, err);

	if (rc)
		return rc;
	if (t.answer.word == MESSAGE_NONE)
		return SERVICE_LACK;
	return account_session_decode(out, t.answer.body, err);
}

int
service_ask_keep(int home_fd, const struct account_session *session, struct err *err)
{
	AUTO(talk_clear) struct talk t;
	uint8_t bytes[ACCOUNT_SESSION_BYTES];
	const struct message question = { .word = MESSAGE_KEEP, .body = SPAN_ARRAY(bytes) };

	account_session_encode(bytes, session);
	int rc = talk(&t, home_fd, &question, err);
	secret_wipe(bytes, sizeof bytes);
	return rc;
}

int
service_ask_status(struct buf *out, int home_fd, struct err *err)
{
	AUTO(talk_clear) struct talk t;
	const struct message question = { .word = MESSAGE_STATUS };
	int rc = talk(&t, home_fd, &question, err);

	return rc ? rc : buf_append(out, t.answer.body, err);
}
